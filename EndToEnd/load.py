"""Clients that post without end, and remember what they were told."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector import ANSWER_SECONDS, PROTOBUF, Collector

SPANS_A_BODY = 5

SpanKey = tuple[str, str]
Value = TypeVar("Value")


def new_body(random_source: random.Random, padding: int = 0) -> tuple[bytes, set[SpanKey]]:
    """One trace of a few spans, and their ids; `padding` bytes of text that nothing makes smaller."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    trace = random_source.randbytes(16)
    keys = set()
    for number in range(SPANS_A_BODY):
        span = scope.spans.add(
            trace_id=trace, span_id=random_source.randbytes(8), name=f"step {number}",
            start_time_unix_nano=1_700_000_000_000_000_000 + number, end_time_unix_nano=1_700_000_000_000_000_009,
        )
        if padding and number == 0:
            span.attributes.add(key="padding").value.string_value = random_source.randbytes(padding // 2).hex()
        keys.add((span.trace_id.hex(), span.span_id.hex()))
    return request.SerializeToString(), keys


class Sender(threading.Thread):
    """Posts bodies for one run until it is refused or the collector is gone."""

    def __init__(
        self, collector: Collector, run_ids: tuple[str, str], seed: int, on_answer: Callable[[], None] = lambda: None,
        padding: int = 0,
    ):
        super().__init__(daemon=True)
        self.url = collector.attempt_endpoint(*run_ids) + "/v1/traces"
        self.run_ids = run_ids
        self.random = random.Random(seed)
        self.on_answer = on_answer
        self.padding = padding
        self.acknowledged: set[SpanKey] = set()
        self.unanswered: set[SpanKey] = set()
        self.refusals: list[requests.Response] = []

    def run(self) -> None:
        session = requests.Session()
        while True:
            body, keys = new_body(self.random, self.padding)
            try:
                answer = session.post(self.url, data=body, headers={"Content-Type": PROTOBUF}, timeout=ANSWER_SECONDS)
            except requests.RequestException:
                self.unanswered |= keys
                return
            if answer.status_code != 200:
                self.refusals.append(answer)
                return
            self.acknowledged |= keys
            self.on_answer()


class Load:
    """Several senders at once."""

    def __init__(self, collector: Collector, rollout: str, random_source: random.Random, senders: int, padding: int = 0):
        self.answers = threading.Semaphore(0)
        self.senders = [
            Sender(
                collector, (rollout, f"sender-{number}"), random_source.getrandbits(64), self.answers.release, padding,
            )
            for number in range(senders)
        ]

    def start(self) -> Load:
        for sender in self.senders:
            sender.start()
        return self

    def wait_for_answers(self, count: int) -> None:
        for _ in range(count):
            assert self.answers.acquire(timeout=ANSWER_SECONDS), "the collector stopped answering"

    def wait_for_end(self) -> None:
        for sender in self.senders:
            sender.join(ANSWER_SECONDS)
            assert not sender.is_alive()

    @property
    def acknowledged(self) -> set[SpanKey]:
        return set().union(*(sender.acknowledged for sender in self.senders))

    @property
    def unanswered(self) -> set[SpanKey]:
        return set().union(*(sender.unanswered for sender in self.senders))

    @property
    def refusals(self) -> list[requests.Response]:
        return [refusal for sender in self.senders for refusal in sender.refusals]

    @property
    def runs(self) -> list[tuple[str, str]]:
        return [sender.run_ids for sender in self.senders if sender.acknowledged]


def archived(data: Path) -> list[SpanKey]:
    """Reads the archive as another process may."""
    database = sqlite3.connect(f"file:{data / 'archive.sqlite'}?mode=ro", uri=True)
    try:
        return database.execute("SELECT reported_trace_id, reported_span_id FROM spans").fetchall()
    finally:
        database.close()


def expect_archived(data: Path, acknowledged: set[SpanKey], unanswered: set[SpanKey]) -> None:
    """Waits until the archive has all that was acknowledged: each span once, and none that nobody sent."""
    found = until(lambda: archived(data), lambda found: acknowledged <= set(found))
    assert acknowledged <= set(found), f"{len(acknowledged - set(found))} acknowledged spans are lost"
    assert len(found) == len(set(found)), "a span is in the archive twice"
    assert set(found) <= acknowledged | unanswered, "the archive holds spans that nobody sent"


def until(
    look: Callable[[], Value], is_enough: Callable[[Value], bool], seconds: float = ANSWER_SECONDS
) -> Value:
    """Looks again and again until it is enough or the time is over, and returns what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if is_enough(seen) or time.monotonic() > deadline:
            return seen
        time.sleep(0.05)
