"""What delivering costs: CPU seconds of the collector for a million spans, by sink, beside rotel forwarding OTLP.

usage: python EndToEnd/bench_sinks.py [--spans N] [--rounds N] [SINK…]

SINK is kept (the inbox alone), archive, otlp, openinference, lightning, clickhouse or rotel; all without. Every request is a run of its own, closed
when it was taken; rotel gets the same requests. What counts is the CPU of the collector alone, from the first request until everything is
delivered. Needs a release build (TRACEMEND_BINARY names another), rotel, Agent-lightning and chdb. Prints one row a body and sink."""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

os.environ.setdefault("TRACEMEND_BINARY", str(Path(__file__).resolve().parent.parent / ".build/release/tracemend"))

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench_server import cpu_seconds, peak_mib, plain, trace_offsets, with_id
from clickhouse import ClickHouse
from collector import PROTOBUF, Collector
from lightning_store import LightningStore
from rotel_agent import forwarding_to, rotel_agent

BODIES = {"batch512": 512, "llm64": 64}
SENDERS = 4
ANSWER_SECONDS = 120
DEADLINE_SECONDS = 1800
ONLY_FORWARDING = "archive:\n  enabled: false\n"


class Backend(ThreadingHTTPServer):
    """Takes OTLP/HTTP and counts spans."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.lock = threading.Lock()
        self.spans = 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        count = sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)
        assert isinstance(self.server, Backend)
        with self.server.lock:
            self.server.spans += count
        self.send_response(200)
        self.send_header("Content-Type", PROTOBUF)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def backend() -> Iterator[Backend]:
    with Backend() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@dataclass
class Figures:
    seconds_a_million_spans: float
    wall_seconds: float
    peak_mib: float


def send(body: str, count: int, endpoint: str, ids: list[tuple[str, str]]) -> None:
    """Posts the requests, as runs of these ids if there are some, and closes the runs."""
    content, offsets = plain(body), trace_offsets(body)
    sessions = threading.local()

    def post(number: int) -> None:
        if not hasattr(sessions, "http"):
            sessions.http = requests.Session()
        path = "/rollout/{}/attempt/{}".format(*ids[number]) if ids else ""
        request = with_id(content, offsets, number + 1)
        answer = sessions.http.post(
            f"{endpoint}{path}/v1/traces", data=request, headers={"Content-Type": PROTOBUF}, timeout=ANSWER_SECONDS
        )
        assert answer.status_code == 200, answer.text
        if ids:
            closed = sessions.http.post(f"{endpoint}{path}/close?wait=0s", timeout=ANSWER_SECONDS)
            assert closed.status_code in (200, 202), closed.text

    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(post, range(count)))


def gauge(metrics: str, name: str) -> float:
    return float(next(line.split()[1] for line in metrics.splitlines() if line.startswith(name + " ")))


def wait_until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not everything was delivered in {DEADLINE_SECONDS} s")
        time.sleep(0.2)


def measure_collector(sink: str, body: str, count: int, folder: Path, store: LightningStore | ClickHouse | None) -> Figures:
    spans = count * BODIES[body]
    with backend() as target:
        configuration = "inbox:\n  maximum_bytes: 64GiB\n" + ("" if sink == "archive" else ONLY_FORWARDING)
        if sink in ("otlp", "openinference"):
            dialect = "canonical" if sink == "otlp" else sink
            configuration += f"sinks:\n  - type: otlp\n    name: sink\n    endpoint: {target.url}\n    dialect: {dialect}\n"
        if sink == "lightning":
            assert store is not None
            configuration += f"sinks:\n  - type: lightning\n    name: sink\n    endpoint: {store.url}\n"
        if sink == "clickhouse":
            assert store is not None
            configuration += f"sinks:\n  - type: clickhouse\n    name: sink\n    endpoint: {store.url}\n    database: otel\n"
        if isinstance(store, LightningStore):
            ids = [store.new_rollout() for _ in range(count)]
        else:
            ids = [(f"ro-{number}", "at-1") for number in range(count)]
        with Collector(folder, configuration) as collector:
            before, start = cpu_seconds(collector.process.pid), time.monotonic()
            send(body, count, collector.endpoint, ids)

            def is_delivered() -> bool:
                metrics = collector.http.get(f"{collector.api}/metrics", timeout=ANSWER_SECONDS).text
                if gauge(metrics, "tracemend_parked_runs"):
                    raise SystemExit(f"{sink}, {body}: runs were parked\n{collector.log_tail()}")
                return gauge(metrics, "tracemend_undelivered_requests") == 0

            wait_until(is_delivered, f"{sink}, {body}")
            spent, wall = cpu_seconds(collector.process.pid) - before, time.monotonic() - start
            peak = peak_mib(collector.process.pid)
        if sink in ("otlp", "openinference"):
            assert target.spans >= spans, f"{target.spans} of {spans} spans arrived"
        if isinstance(store, ClickHouse):
            arrived = int(store.rows("SELECT count() AS spans FROM otel.otel_traces")[0]["spans"])
            assert arrived >= spans, f"{arrived} of {spans} spans arrived"
        return Figures(spent / spans * 1e6, wall, peak)


def measure_rotel(body: str, count: int, folder: Path) -> Figures:
    spans = count * BODIES[body]
    with backend() as target, rotel_agent(folder, *forwarding_to(target.url)) as (agent, url):
        before, start = cpu_seconds(agent.pid), time.monotonic()
        send(body, count, url, [])
        wait_until(lambda: target.spans >= spans, f"rotel, {body}")
        spent, wall = cpu_seconds(agent.pid) - before, time.monotonic() - start
        return Figures(spent / spans * 1e6, wall, peak_mib(agent.pid))


def main() -> None:
    sinks = ["kept", "archive", "otlp", "openinference", "lightning", "clickhouse", "rotel"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sinks", nargs="*", metavar="SINK", help=", ".join(sinks))
    parser.add_argument("--spans", type=int, default=102_400, help="for each figure")
    parser.add_argument("--rounds", type=int, default=3, help="the median counts")
    arguments = parser.parse_args()
    if unknown := set(arguments.sinks) - set(sinks):
        parser.error(f"there is no sink {', '.join(sorted(unknown))}")
    print(f"{'body':12} {'sink':14} {'CPU s/M spans':>14} {'wall s':>8} {'peak MiB':>9}")
    for body, spans in BODIES.items():
        count = max(1, arguments.spans // spans)
        for sink in arguments.sinks or sinks:
            rounds = []
            for _ in range(arguments.rounds):
                with tempfile.TemporaryDirectory() as name:
                    folder = Path(name)
                    if sink == "rotel":
                        rounds.append(measure_rotel(body, count, folder))
                    elif sink == "lightning":
                        with LightningStore(folder) as store:
                            rounds.append(measure_collector(sink, body, count, folder, store))
                    elif sink == "clickhouse":
                        with ClickHouse(folder / "clickhouse") as engine:
                            rounds.append(measure_collector(sink, body, count, folder, engine))
                    else:
                        rounds.append(measure_collector(sink, body, count, folder, None))
            middle = [statistics.median(values) for values in zip(*(vars(figures).values() for figures in rounds))]
            print(f"{body:12} {sink:14} {middle[0]:14.2f} {middle[1]:8.1f} {middle[2]:9.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
