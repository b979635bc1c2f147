"""Full load for a while: the memory stays flat, everything is delivered at the end, and the numbers add up.

usage: soak.py SECONDS
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import secrets
import socket
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector import ANSWER_SECONDS, Collector
from load import until
from troubled_backend import TroubledBackend, troubled_backend

PROCESSES = 2
CONNECTIONS = 8
SPANS_A_BODY = 20
MIB = 1 << 20

# Little enough that a short run meets every limit: 503 when deliveries fall behind, pruning in both databases.
CONFIGURATION = """\
inbox:
  maximum_bytes: 16MiB
  keep_bytes: 32MiB
archive:
  keep_bytes: 256MiB
log:
  level: error
"""

SINK = """\
sinks:
  - type: otlp
    name: backend
    endpoint: {endpoint}
"""

# A soak shorter than this tells nothing of memory: caches still fill.
SECONDS_FOR_MEMORY = 120
WARM_UP = 0.2
GROWTH_ALLOWED = 1.10


def template(trace: bytes) -> bytes:
    """One agent run with a prompt and an answer for each call."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "soak"
    scope = resource.scope_spans.add()
    for number in range(SPANS_A_BODY):
        span = scope.spans.add(
            trace_id=trace, span_id=(number + 1).to_bytes(8, "big"), name=f"chat {number}",
            parent_span_id=b"" if number == 0 else (1).to_bytes(8, "big"),
            start_time_unix_nano=1_700_000_000_000_000_000 + number, end_time_unix_nano=1_700_000_000_000_001_000,
        )
        for key, value in (
            ("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "gpt-4o"), ("llm.request.type", "chat"),
            ("gen_ai.prompt.0.role", "user"), ("gen_ai.prompt.0.content", "Why is the sky blue? " * 8),
            ("gen_ai.completion.0.role", "assistant"), ("gen_ai.completion.0.content", "Rayleigh scattering. " * 8),
        ):
            span.attributes.add(key=key).value.string_value = value
    return request.SerializeToString()


@dataclass
class Counts:
    """Requests by answer, shared by all senders."""

    accepted: Synchronized[int]
    refused: Synchronized[int]
    unexpected: Synchronized[int]


def read_answer(connection: socket.socket) -> bytes:
    answer = b""
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += received(connection)
    length = re.search(rb"(?i)content-length: *(\d+)", answer[:end])
    wanted = end + 4 + (int(length[1]) if length else 0)
    while len(answer) < wanted:
        answer += received(connection)
    return answer


def received(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("closed by the collector")
    return data


def send(port: int, until_time: float, counts: Counts) -> None:
    marker = b"\xa5TRACE-ID-HERE\x5a\xa5"
    body = template(marker)
    head = (
        f"POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    source = secrets.SystemRandom()
    accepted = refused = 0
    with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < until_time:
            connection.sendall(head + body.replace(marker, source.randbytes(16)))
            status = read_answer(connection)[9:12]
            if status == b"200":
                accepted += 1
            elif status == b"503":
                refused += 1
                # As Retry-After asks.
                time.sleep(1)
            else:
                counts.unexpected.value += 1
                break
    with counts.accepted.get_lock():
        counts.accepted.value += accepted
        counts.refused.value += refused


def send_side_by_side(port: int, until_time: float, counts: Counts) -> None:
    threads = [threading.Thread(target=send, args=(port, until_time, counts)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def resident_bytes(process: int) -> int:
    [line] = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


@dataclass
class Soak:
    seconds: int
    accepted: int = 0
    refused: int = 0
    resident: list[int] = field(default_factory=list)
    drained_seconds: float = 0

    @property
    def thirds(self) -> tuple[float, float]:
        """Medians of the first and the last third of the memory, after the warm-up, in MiB."""
        warm = self.resident[int(len(self.resident) * WARM_UP):]
        third = max(1, len(warm) // 3)
        return statistics.median(warm[:third]) / MIB, statistics.median(warm[-third:]) / MIB

    def __str__(self) -> str:
        first, last = self.thirds
        return (
            f"{self.seconds} s: {self.accepted} requests of {SPANS_A_BODY} spans accepted "
            f"({self.accepted * SPANS_A_BODY / self.seconds:.0f} spans a second), {self.refused} refused with 503; "
            f"memory {first:.0f} MiB in the first third, {last:.0f} MiB in the last, {max(self.resident) / MIB:.0f} MiB "
            f"at most; drained {self.drained_seconds:.0f} s after the last request"
        )


def soak(collector: Collector, seconds: int, backend: TroubledBackend | None = None) -> Soak:
    """Loads a running collector, and checks all that is promised but the memory.

    Where the collector has a sink for the backend, that gets all as well, but for the runs that it refuses."""
    result = Soak(seconds)
    context = multiprocessing.get_context("spawn")
    counts = Counts(context.Value("q", 0), context.Value("q", 0), context.Value("q", 0))
    until_time = time.monotonic() + seconds
    processes = [
        context.Process(target=send_side_by_side, args=(collector.port, until_time, counts)) for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        result.resident.append(resident_bytes(collector.process.pid))
        processes[0].join(1)
        if not processes[0].is_alive():
            for process in processes:
                process.join(ANSWER_SECONDS)
    assert all(process.exitcode == 0 for process in processes), f"a sender failed\n{collector.log_tail()}"
    assert counts.unexpected.value == 0, "an answer was neither 200 nor 503"
    result.accepted, result.refused = counts.accepted.value, counts.refused.value

    ended = time.monotonic()
    numbers = until(
        collector.metrics, lambda numbers: numbers["tracemend_undelivered_requests"] == 0,
        seconds=max(120, seconds),
    )
    result.drained_seconds = time.monotonic() - ended
    expect_numbers_to_add_up(numbers, result, refused_runs=len(backend.refused) if backend else 0)
    if backend:
        expect_all_at_the_backend(backend, numbers, result)
    assert collector.stop() == 0, collector.log_tail()
    expect_whole_databases(collector, numbers)
    return result


def expect_numbers_to_add_up(numbers: dict[str, float], result: Soak, refused_runs: int) -> None:
    spans = result.accepted * SPANS_A_BODY
    assert numbers["tracemend_undelivered_requests"] == 0, "the inbox was not drained"
    assert numbers["tracemend_undelivered_bytes"] == 0
    assert numbers["tracemend_parked_runs"] == refused_runs
    assert numbers["tracemend_bytes_in_flight"] == 0
    assert numbers["tracemend_mending_failures_total"] == 0
    assert numbers["tracemend_received_requests_total"] == result.accepted
    assert numbers["tracemend_received_spans_total"] == spans
    assert numbers["tracemend_rejected_requests_total"] == result.refused
    assert numbers["tracemend_rejected_spans_total"] == 0
    there, gone = numbers["tracemend_archive_spans"], numbers["tracemend_pruned_spans_total"]
    assert there + gone == spans, f"{there} spans in the archive and {gone} pruned, of {spans} received"


def expect_all_at_the_backend(backend: TroubledBackend, numbers: dict[str, float], result: Soak) -> None:
    """Each run was delivered whole, or parked since it was refused."""
    received = result.accepted * SPANS_A_BODY
    refused = len(backend.refused) * SPANS_A_BODY
    assert numbers['tracemend_deliveries_total{result="parked",sink="backend"}'] == len(backend.refused)
    assert numbers['tracemend_delivered_spans_total{sink="backend"}'] == received - refused
    assert len(backend.took) == received - refused
    assert max(backend.took.values()) == 1, "a span came twice"


def expect_whole_databases(collector: Collector, numbers: dict[str, float]) -> None:
    for name in ("inbox.sqlite", "archive.sqlite"):
        with contextlib.closing(sqlite3.connect(collector.data / name)) as database:
            assert database.execute("PRAGMA quick_check").fetchall() == [("ok",)], name
            if name == "archive.sqlite":
                [(rows,)] = database.execute("SELECT count(*) FROM spans").fetchall()
                assert rows == numbers["tracemend_archive_spans"]


def expect_flat_memory(result: Soak) -> None:
    first, last = result.thirds
    assert last <= first * GROWTH_ALLOWED, f"the memory grew: {result}"


def main() -> None:
    seconds = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="tracemend-soak-", dir=os.environ.get("TMPDIR")) as folder:
        with Collector(Path(folder), configuration=CONFIGURATION) as collector:
            result = soak(collector, seconds)
        print(result)
        with troubled_backend() as backend:
            configuration = CONFIGURATION + SINK.format(endpoint=backend.endpoint)
            with Collector(Path(folder) / "troubled", configuration) as collector:
                troubled = soak(collector, max(3, seconds // 20), backend)
        print(f"with a sink in trouble, {troubled}")
    if seconds >= SECONDS_FOR_MEMORY:
        expect_flat_memory(result)


if __name__ == "__main__":
    main()
