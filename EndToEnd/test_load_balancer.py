"""The load balancer of docs/load-balancer.cfg before three collectors: a run stays whole on one of them, and ClickHouse has them all."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

import captures
from clickhouse import ClickHouse
from collector import (
    ANSWER_SECONDS, PROTOBUF, REPOSITORY, START_SECONDS, STOP_SECONDS, Collector, clean_environment, free_port, run_id,
)
from test_processes import expect_one_tree, run_rollout

CONFIGURATION = REPOSITORY / "docs/load-balancer.cfg"
SINK = """\
sinks:
  - type: clickhouse
    endpoint: {endpoint}
"""
ROLLOUTS = 30


class LoadBalancer:
    """HAProxy with the configuration of the documentation, as it is; the environment names the addresses."""

    def __init__(self, directory: Path, collectors: list[Collector]):
        self.log = directory / "haproxy.log"
        self.port = free_port()
        self.environment = {"INGEST_BIND": f"127.0.0.1:{self.port}"} | {
            f"COLLECTOR_{number}": f"127.0.0.1:{collector.port}" for number, collector in enumerate(collectors, 1)
        }

    def __enter__(self) -> LoadBalancer:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["haproxy", "-db", "-f", CONFIGURATION], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=clean_environment(**self.environment),
            )
        give_up = time.monotonic() + START_SECONDS
        while not self.is_listening():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < give_up, self.log.read_text()
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                pass
        return self

    def is_listening(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(STOP_SECONDS)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def attempt_endpoint(self, rollout: str, attempt: str) -> str:
        return f"{self.endpoint}/rollout/{quote(rollout, safe='')}/attempt/{quote(attempt, safe='')}"

    def post(self, path: str, body: bytes = b"", **headers: str) -> None:
        answer = requests.post(
            self.endpoint + path, data=body, headers={"content-type": PROTOBUF} | headers, timeout=ANSWER_SECONDS
        )
        assert answer.status_code == 200, answer.text


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    with ClickHouse(tmp_path / "clickhouse") as running:
        yield running


@pytest.fixture
def collectors(start_collector: Callable[..., Collector], clickhouse: ClickHouse) -> list[Collector]:
    return [start_collector(SINK.format(endpoint=clickhouse.url)) for _ in range(3)]


@pytest.fixture
def balancer(tmp_path: Path, collectors: list[Collector]) -> Iterator[LoadBalancer]:
    with LoadBalancer(tmp_path, collectors) as running:
        yield running


def body(number: int) -> bytes:
    """A request with a trace that no other number has."""
    request = captures.bodies("manual_pb_none")[0].decoded()
    for span in captures.spans_of(request):
        span.trace_id = number.to_bytes(15, "big") + b"\1"
    return request.SerializeToString()


def kept_bytes(collector: Collector) -> float:
    metrics = requests.get(collector.api + "/metrics", timeout=ANSWER_SECONDS).text.splitlines()
    [value] = [line.split()[1] for line in metrics if line.startswith("tracemend_inbox_bytes ")]
    return float(value)


def only_home(collectors: list[Collector], run: str) -> Collector:
    having = [collector for collector in collectors if any(listed["id"] == run for listed in collector.runs())]
    assert len(having) == 1, f"{len(having)} collectors have {run}"
    return having[0]


@pytest.mark.parametrize("way", ["path", "headers"])
def test_the_processes_of_a_rollout_reach_one_collector(
    collectors: list[Collector], balancer: LoadBalancer, clickhouse: ClickHouse, pair: tuple[str, str], way: str
) -> None:
    rollout, attempt = pair
    if way == "path":
        run_rollout("isolate", "nested", OTEL_EXPORTER_OTLP_ENDPOINT=balancer.attempt_endpoint(rollout, attempt))
    else:
        run_rollout(
            "isolate", "nested", OTEL_EXPORTER_OTLP_ENDPOINT=balancer.endpoint,
            OTEL_EXPORTER_OTLP_HEADERS=f"x-rollout-id={rollout},x-attempt-id={attempt}",
        )
    # The close goes the same way, and answers when ClickHouse has the run.
    balancer.post(f"/rollout/{rollout}/attempt/{attempt}/close?wait=30s")
    expect_one_tree(only_home(collectors, run_id(rollout, attempt)), run_id(rollout, attempt))
    [stored] = clickhouse.rows(
        "SELECT toUInt32(count()) AS spans, toUInt32(countIf(ParentSpanId = '')) AS roots, toUInt32(uniqExact(TraceId)) AS traces "
        f"FROM otel_traces WHERE RolloutId = '{rollout}' AND AttemptId = '{attempt}'"
    )
    assert stored == {"spans": 12, "roots": 1, "traces": 1}


def test_path_and_header_lead_to_the_same_collector_whatever_the_id_is_made_of(
    collectors: list[Collector], balancer: LoadBalancer
) -> None:
    for number, rollout in enumerate(("plain", "with space", "a%2Fb", "a/b", "ümlaut?&=#", "100%", "it's \\")):
        ids = quote(rollout, safe="")
        balancer.post(f"/rollout/{ids}/attempt/at/v1/traces", body(number))
        headers = {"x-rollout-id": rollout.encode().decode("latin-1"), "x-attempt-id": "at"}
        balancer.post("/v1/traces", body(number + 100), **headers)
        balancer.post(f"/rollout/{ids}/attempt/at/close?wait=30s")
        only_home(collectors, run_id(rollout, "at"))


def test_rollouts_spread_over_the_collectors(
    collectors: list[Collector], balancer: LoadBalancer, clickhouse: ClickHouse
) -> None:
    for number in range(ROLLOUTS):
        balancer.post(f"/rollout/ro-{number}/attempt/at/v1/traces", body(number))
        balancer.post(f"/rollout/ro-{number}/attempt/at/close?wait=30s")
    shares = [len(collector.runs()) for collector in collectors]
    assert sum(shares) == ROLLOUTS
    assert min(shares) >= 3, shares
    [stored] = clickhouse.rows("SELECT toUInt32(uniqExact(RolloutId)) AS rollouts FROM otel_traces")
    assert stored == {"rollouts": ROLLOUTS}


def test_what_names_no_rollout_stays_together(collectors: list[Collector], balancer: LoadBalancer) -> None:
    for sent in captures.bodies("multiproc_propagate"):
        balancer.post("/v1/traces", sent.plain)
    assert sorted(kept_bytes(collector) > 0 for collector in collectors) == [False, False, True]


def test_a_rollout_whose_collector_goes_down_is_in_clickhouse_all_the_same(
    collectors: list[Collector], balancer: LoadBalancer, clickhouse: ClickHouse
) -> None:
    # The second half has lost its parents to the first, whose spans must stay where they are.
    for part, capture in enumerate(("broken_crash_traceloop", "lc_openinference")):
        if part:
            only_home(collectors, "ro/at").kill()
        for sent in captures.bodies(capture):
            balancer.post("/rollout/ro/attempt/at/v1/traces", sent.plain)
        balancer.post("/rollout/ro/attempt/at/close?wait=30s")
    stored = clickhouse.rows("SELECT ReportedSpanId, ParentSpanId, IsPlaceholder FROM otel_traces WHERE RunId = 'ro/at'")
    reported = captures.spans("broken_crash_traceloop").keys() | captures.spans("lc_openinference").keys()
    assert {row["ReportedSpanId"] for row in stored if not row["IsPlaceholder"]} == reported
    assert any(row["IsPlaceholder"] for row in stored)
    known = {row["ReportedSpanId"] for row in stored} | {""}
    assert {row["ParentSpanId"] for row in stored} <= known, "placeholders of the first half stay with their children"


def test_a_collector_that_is_down_stops_nobody(collectors: list[Collector], balancer: LoadBalancer) -> None:
    collectors[0].kill()
    for number in range(ROLLOUTS):
        balancer.post(f"/rollout/ro-{number}/attempt/at/v1/traces", body(number))
        balancer.post(f"/rollout/ro-{number}/attempt/at/close?wait=30s")
    assert sum(len(collector.runs()) for collector in collectors[1:]) == ROLLOUTS
