# `make run` starts a collector, `make test` checks everything; the rest are parts of these two.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

DATA ?= data
E2E_PYTHON := .venv-e2e/bin/python
PYTEST_FLAGS ?=
BENCH_FLAGS ?=

.PHONY: help run release test check unit end-to-end format packages bench torture torture-deliveries soak fuzz codec-budget normalizing-budget evaluate

help:
	@echo "make run          build the collector and start it on 127.0.0.1:4318 (OTLP) and :4320 (API), data in ./$(DATA)"
	@echo "make test         format and generated-file checks, unit tests, end-to-end tests with real clients"
	@echo "make unit         swift test"
	@echo "make end-to-end   the end-to-end tests alone; PYTEST_FLAGS='-k kill' picks some"
	@echo "make bench        the codec beside libprotobuf-c and SwiftProtobuf, normalizing beside decoding, the cost of the repair"
	@echo "make bench-server the collector beside rotel under the same load; BENCH_FLAGS='--pin' puts each on one core, then on two"
	@echo "make bench-memory the peak of the memory under bodies that are made to cost much of it; fails over 256 MiB"
	@echo "make bench-sinks  what delivering to each sink costs, beside rotel; BENCH_FLAGS='otlp rotel --rounds 1' picks some"
	@echo "make evaluate     the repair of generated and real damaged runs against the truth, beside Agent-lightning's"
	@echo "make torture      a million damaged bodies; every operation of the disk fails once; kill -9 and loss of power under load and delivery"
	@echo "make soak         full load for SECONDS=600: flat memory, nothing lost"
	@echo "make fuzz         libFuzzer on the codec for SECONDS=60"
	@echo "make release      an optimised build in .build/release"
	@echo "make format       format the Swift sources in place"

run: release
	exec .build/release/tracemend serve --data $(DATA)

release: packages
	swift build -c release --product tracemend

# One debug build serves the unit tests and, as a program, the end-to-end tests, which close the output.
test: packages check
	swift build --build-tests
	swift test --skip-build
	$(MAKE) --no-print-directory codec-budget normalizing-budget
	$(MAKE) --no-print-directory python-tests

check:
	swift format lint --strict -r Sources Tests Package.swift
	scripts/generate-proto --check
	scripts/generate-dialects --check

unit: packages
	swift test

end-to-end: packages
	swift build --product tracemend
	$(MAKE) --no-print-directory python-tests

.PHONY: python-tests
python-tests:
	scripts/python-environment e2e
	scripts/python-environment lightning-store
	scripts/python-environment clickhouse
	scripts/python-environment bench
	$(E2E_PYTHON) -m pytest EndToEnd $(PYTEST_FLAGS)

# What the codec costs in instructions, on a build of the codec alone.
codec-budget: packages
	scripts/check-instruction-budget

# What normalizing costs beside decoding, in instructions.
normalizing-budget: packages
	scripts/check-normalizing-budget

bench: packages
	scripts/bench-codec
	scripts/bench-normalizing
	swift build -c release --package-path $(EVALUATION) --product repair-cost
	$(EVALUATION)/.build/release/repair-cost

# The collector beside rotel under the same load.
.PHONY: bench-server
bench-server: release
	scripts/install-system-packages wrk
	scripts/python-environment bench
	.venv-bench/bin/python EndToEnd/bench_server.py $(BENCH_FLAGS)

# The peak of the memory under bodies that are made to cost much of it.
.PHONY: bench-memory
bench-memory: release
	scripts/install-system-packages wrk
	scripts/python-environment e2e
	TRACEMEND_BINARY=.build/release/tracemend $(E2E_PYTHON) EndToEnd/bench_memory.py $(BENCH_FLAGS)

# What each sink costs beside rotel forwarding OTLP.
.PHONY: bench-sinks
bench-sinks: release
	scripts/python-environment e2e
	scripts/python-environment lightning-store
	scripts/python-environment clickhouse
	scripts/python-environment bench
	$(E2E_PYTHON) EndToEnd/bench_sinks.py $(BENCH_FLAGS)

# The repair alone: how often it is right, and what it costs.
EVALUATION := Benchmarks/Evaluation
CASES ?= 100
evaluate: packages
	scripts/evaluate-repair $(CASES)

ROUNDS ?= 1000000
UPB_ROUNDS ?= 100000
SEED ?= $(shell date +%s)
CODEC := Benchmarks/Codec
TORTURE = $(CODEC)/.build/release/codec-torture --captures Tests/Fixtures/captures --seed $(SEED)

torture: torture-codec torture-faults torture-deliveries

.PHONY: torture-codec torture-faults
torture-codec: packages
	scripts/python-environment e2e
	swift build -c release --package-path $(CODEC) --product codec-torture
	$(TORTURE) --rounds $(ROUNDS)
	protoc-c --proto_path=proto --include_imports --descriptor_set_out=$(CODEC)/.build/descriptors.bin \
	    $$(find proto -name trace_service.proto)
	$(TORTURE) --rounds $(UPB_ROUNDS) --write yes | $(E2E_PYTHON) scripts/torture_upb.py $(CODEC)/.build/descriptors.bin

# Kills the collector and the store while runs are delivered; make test has two rounds of it.
DELIVERY_ROUNDS ?= 20
torture-deliveries: packages
	scripts/python-environment e2e
	scripts/python-environment lightning-store
	swift build --product tracemend
	TORTURE_ROUNDS=$(DELIVERY_ROUNDS) $(E2E_PYTHON) -m pytest EndToEnd/test_store_crash.py -q

# Every place of every fault, and the crash tests of the end-to-end tests many times over.
CRASH_ROUNDS ?= 60
torture-faults: packages
	scripts/python-environment e2e
	swift build --build-tests
	TRACEMEND_TORTURE=yes swift test --skip-build --filter 'FaultTests|PowerTests'
	E2E_ROUNDS=$(CRASH_ROUNDS) $(E2E_PYTHON) -m pytest EndToEnd/test_crash.py EndToEnd/test_faults.py $(PYTEST_FLAGS)

SOAK_SECONDS = $(if $(filter command%,$(origin SECONDS)),$(SECONDS),600)
soak: release
	scripts/python-environment e2e
	TRACEMEND_BINARY=.build/release/tracemend $(E2E_PYTHON) EndToEnd/soak.py $(SOAK_SECONDS)

FUZZ_SECONDS = $(if $(filter command%,$(origin SECONDS)),$(SECONDS),60)
fuzz: packages
	scripts/fuzz-codec $(FUZZ_SECONDS)

format:
	swift format -i -r Sources Tests Package.swift

packages:
	@scripts/install-system-packages
