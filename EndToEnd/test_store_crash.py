"""Every span is in the store once, whoever is killed while runs are delivered: the collector or the store."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import lightning
from collector import ANSWER_SECONDS, STOP_SECONDS, Collector
from lightning_store import LightningStore

ROUNDS = int(os.environ.get("TORTURE_ROUNDS", "2"))
RUNS = 12
SPANS = 40


class DurableStore(LightningStore):
    """`programs/durable_store.py`, which can be told to kill itself."""

    def __init__(self, directory: Path):
        super().__init__(directory)
        self.file = directory / "store.sqlite"

    def start(self, die_at: int = 0, when: str = "never") -> None:
        program = Path(__file__).with_name("programs") / "durable_store.py"
        command = [sys.executable, program, self.port, self.file, die_at, when]
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def wait_until_it_died(self) -> None:
        assert self.process.wait(ANSWER_SECONDS) == -9

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    @property
    def repeated(self) -> int:
        return requests.get(f"{self.url}/v1/agl/statistics", timeout=ANSWER_SECONDS).json()["repeated"]


def new_body(random_source: random.Random) -> tuple[bytes, set[str]]:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    trace = random_source.randbytes(16)
    ids: list[bytes] = []
    for number in range(SPANS):
        id = random_source.randbytes(8)
        scope.spans.add(
            trace_id=trace, span_id=id, name=f"step {number}", parent_span_id=ids[-1] if ids else b"",
            start_time_unix_nano=1_700_000_000_000_000_000 + number, end_time_unix_nano=1_700_000_000_000_000_999,
        )
        ids.append(id)
    return request.SerializeToString(), {id.hex() for id in ids}


Wanted = dict[tuple[str, str], set[str]]


def send_runs(collector: Collector, store: LightningStore, source: random.Random) -> Wanted:
    """Sends runs and says that they are whole, which makes them due; waits for no delivery."""
    # A store that is about to die has to make the attempts first.
    pairs = [store.new_rollout() for _ in range(RUNS)]
    wanted: Wanted = {}
    for rollout, attempt in pairs:
        body, wanted[rollout, attempt] = new_body(source)
        path = f"/rollout/{rollout}/attempt/{attempt}"
        assert collector.post(body, path=path + "/v1/traces").status_code == 200
        closed = requests.post(f"{collector.endpoint}{path}/close", timeout=ANSWER_SECONDS)
        assert closed.status_code in (200, 202), closed.text
    return wanted


def check(collector: Collector, store: LightningStore, wanted: Wanted) -> None:
    for rollout, attempt in wanted:
        collector.close_attempt(rollout, attempt)
    for (rollout, _), ids in wanted.items():
        found = [span["span_id"] for span in store.spans(rollout)]
        assert len(found) == len(set(found)), f"{rollout}: a span is there twice"
        assert set(found) == ids, f"{rollout}: {len(ids - set(found))} spans are lost"


def seeded() -> random.Random:
    seed = int(os.environ.get("E2E_SEED", secrets.randbits(32)))
    print(f"E2E_SEED={seed}")
    return random.Random(seed)


def test_a_collector_that_is_killed_while_it_delivers(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    source = seeded()
    collector = start_collector(lightning.configuration(lightning_store))
    everything: Wanted = {}
    for _ in range(ROUNDS):
        wanted = send_runs(collector, lightning_store, source)
        everything |= wanted
        rollouts = [rollout for rollout, _ in wanted]
        arrived = source.randrange(1, RUNS)
        while sum(bool(lightning_store.spans(rollout)) for rollout in rollouts) < arrived:
            assert collector.is_running, collector.log_tail()
        collector.kill()
        collector.start()
        check(collector, lightning_store, wanted)
    check(collector, lightning_store, everything)


def test_a_store_that_is_killed_while_it_is_delivered_to(
    start_collector: Callable[..., Collector], tmp_path: Path
) -> None:
    source = seeded()
    store = DurableStore(tmp_path)
    store.start()
    collector = start_collector(lightning.configuration(store))
    everything: Wanted = {}
    try:
        for round_number in range(ROUNDS):
            store.stop()
            store.start(die_at=source.randrange(1, RUNS), when=("before", "after")[round_number % 2])
            wanted = send_runs(collector, store, source)
            everything |= wanted
            store.wait_until_it_died()
            store.start()
            check(collector, store, wanted)
        check(collector, store, everything)
        assert store.repeated == 0, "a span was sent that the store had"
    finally:
        store.stop()
