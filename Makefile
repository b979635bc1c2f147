# `make run` starts a collector, `make test` checks everything; the rest are parts of these two.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

DATA ?= data
E2E_PYTHON := .venv-e2e/bin/python
PYTEST_FLAGS ?=

.PHONY: help run release test check unit end-to-end format packages bench torture fuzz codec-budget evaluate

help:
	@echo "make run          build the collector and start it on 127.0.0.1:4318 (OTLP) and :4320 (API), data in ./$(DATA)"
	@echo "make test         format and generated-file checks, unit tests, end-to-end tests with real clients"
	@echo "make unit         swift test"
	@echo "make end-to-end   the end-to-end tests alone; PYTEST_FLAGS='-k kill' picks some"
	@echo "make bench        the codec beside libprotobuf-c and SwiftProtobuf: times, allocations, instructions"
	@echo "make evaluate     the repair of generated and real damaged runs against the truth, beside Agent-lightning's"
	@echo "make torture      a million damaged bodies, judged beside libprotobuf-c and upb"
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
	$(MAKE) --no-print-directory codec-budget
	$(MAKE) --no-print-directory python-tests

check:
	swift format lint --strict -r Sources Tests Package.swift
	scripts/generate-proto --check

unit: packages
	swift test

end-to-end: packages
	swift build --product tracemend
	$(MAKE) --no-print-directory python-tests

.PHONY: python-tests
python-tests:
	scripts/python-environment e2e
	scripts/python-environment lightning-store
	$(E2E_PYTHON) -m pytest EndToEnd $(PYTEST_FLAGS)

# What the codec costs in instructions, on a build of the codec alone.
codec-budget: packages
	scripts/check-instruction-budget

bench: packages
	scripts/bench-codec
	swift build -c release --package-path $(EVALUATION) --product repair-cost
	$(EVALUATION)/.build/release/repair-cost

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

torture: packages
	scripts/python-environment e2e
	swift build -c release --package-path $(CODEC) --product codec-torture
	$(TORTURE) --rounds $(ROUNDS)
	protoc-c --proto_path=proto --include_imports --descriptor_set_out=$(CODEC)/.build/descriptors.bin \
	    $$(find proto -name trace_service.proto)
	$(TORTURE) --rounds $(UPB_ROUNDS) --write yes | $(E2E_PYTHON) scripts/torture_upb.py $(CODEC)/.build/descriptors.bin

FUZZ_SECONDS = $(if $(filter command%,$(origin SECONDS)),$(SECONDS),60)
fuzz: packages
	scripts/fuzz-codec $(FUZZ_SECONDS)

format:
	swift format -i -r Sources Tests Package.swift

packages:
	@scripts/install-system-packages
