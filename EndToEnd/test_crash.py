"""A 200 means kept: what was acknowledged before a kill -9 is in the archive afterwards, once."""

from __future__ import annotations

import os
import random
import secrets
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector import ANSWER_SECONDS, PROTOBUF, Collector

SENDERS = 4
ROUNDS = 6
SPANS_A_BODY = 5

SpanKey = tuple[str, str]


def new_body(random_source: random.Random) -> tuple[bytes, set[SpanKey]]:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    trace = random_source.randbytes(16)
    keys = set()
    for number in range(SPANS_A_BODY):
        span = scope.spans.add(
            trace_id=trace, span_id=random_source.randbytes(8), name=f"step {number}",
            start_time_unix_nano=1_700_000_000_000_000_000 + number, end_time_unix_nano=1_700_000_000_000_000_009,
        )
        keys.add((span.trace_id.hex(), span.span_id.hex()))
    return request.SerializeToString(), keys


class Sender(threading.Thread):
    """Posts bodies for one run until the collector is gone; remembers what was acknowledged and what was only sent."""

    def __init__(self, collector: Collector, rollout: str, attempt: str, seed: int, on_answer: Callable[[], None]):
        super().__init__(daemon=True)
        self.url = collector.attempt_endpoint(rollout, attempt) + "/v1/traces"
        self.run_ids = rollout, attempt
        self.random = random.Random(seed)
        self.on_answer = on_answer
        self.acknowledged: set[SpanKey] = set()
        self.unanswered: set[SpanKey] = set()
        self.refused: list[int] = []

    def run(self) -> None:
        session = requests.Session()
        while True:
            body, keys = new_body(self.random)
            try:
                answer = session.post(self.url, data=body, headers={"Content-Type": PROTOBUF}, timeout=ANSWER_SECONDS)
            except requests.RequestException:
                self.unanswered |= keys
                return
            if answer.status_code != 200:
                self.refused.append(answer.status_code)
                return
            self.acknowledged |= keys
            self.on_answer()


def archived(data: Path) -> list[SpanKey]:
    """Reads the archive as another process may, whether its ids are kept as bytes or as text."""

    def text(column: str) -> str:
        return f"lower(CASE typeof({column}) WHEN 'blob' THEN hex({column}) ELSE {column} END)"

    database = sqlite3.connect(f"file:{data / 'archive.sqlite'}?mode=ro", uri=True)
    try:
        return database.execute(f"SELECT {text('reported_trace_id')}, {text('reported_span_id')} FROM spans").fetchall()
    finally:
        database.close()


def load_until_killed(collector: Collector, round_number: int, random_source: random.Random) -> list[Sender]:
    answers_before_kill = random_source.randrange(20, 200)
    enough = threading.Semaphore(0)
    rollout = f"round-{round_number}"
    senders = [
        Sender(collector, rollout, f"sender-{number}", random_source.getrandbits(64), enough.release)
        for number in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    for _ in range(answers_before_kill):
        assert enough.acquire(timeout=ANSWER_SECONDS), "the collector stopped answering"
    collector.kill()
    for sender in senders:
        sender.join(ANSWER_SECONDS)
        assert not sender.is_alive()
        assert not sender.refused, "ordinary bodies were refused"
    return senders


def test_acknowledged_spans_outlive_kill_minus_nine(start_collector: Callable[..., Collector]) -> None:
    seed = int(os.environ.get("E2E_SEED", secrets.randbits(32)))
    print(f"E2E_SEED={seed}")
    random_source = random.Random(seed)

    collector = start_collector()
    acknowledged: set[SpanKey] = set()
    unanswered: set[SpanKey] = set()
    for round_number in range(ROUNDS):
        senders = load_until_killed(collector, round_number, random_source)
        collector.start()
        for sender in senders:
            acknowledged |= sender.acknowledged
            unanswered |= sender.unanswered
            if sender.acknowledged:
                collector.close_attempt(*sender.run_ids)

        found = archived(collector.data)
        assert len(found) == len(set(found)), "a span is in the archive twice"
        assert acknowledged <= set(found), f"{len(acknowledged - set(found))} acknowledged spans are lost"
        assert set(found) <= acknowledged | unanswered, "the archive holds spans that nobody sent"


def test_a_second_collector_does_not_touch_the_same_data(
    start_collector: Callable[..., Collector], tmp_path: Path
) -> None:
    first = start_collector()
    second = Collector(tmp_path / "second")
    second.data = first.data
    try:
        second.start()
    except AssertionError:
        assert second.exit_code == 1, second.log_tail()
        assert str(first.data) in second.log_tail(), "the message names the directory that is taken"
    else:
        second.kill()
        raise AssertionError("two collectors share one data directory")
    assert first.is_healthy()
