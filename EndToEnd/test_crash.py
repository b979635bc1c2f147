"""A 200 means kept: what was acknowledged before a crash or a stop is in the archive afterwards, once.

E2E_ROUNDS sets how often the collector is killed, E2E_SEED repeats a run.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from collector import REPOSITORY, Collector, free_port, run_id
from load import Load, SpanKey, archived, expect_archived

SENDERS = 4
ROUNDS = int(os.environ.get("E2E_ROUNDS", 6))
SINKS = ("archive alone", "a backend alive", "a backend dead")

BACKEND = """\
sinks:
  - type: otlp
    name: backend
    endpoint: {endpoint}
"""


@pytest.fixture
def random_source() -> random.Random:
    seed = int(os.environ.get("E2E_SEED", secrets.randbits(32)))
    print(f"E2E_SEED={seed}")
    return random.Random(seed)


def load_until_killed(collector: Collector, rollout: str, random_source: random.Random) -> Load:
    """Kills the collector at a random moment: under load after some answers, and a while more."""
    load = Load(collector, rollout, random_source, SENDERS).start()
    load.wait_for_answers(random_source.randrange(1, 200))
    # Not to wait for anything: the moment itself is random.
    time.sleep(random_source.choice((0, random_source.random() * 1.5)))
    collector.kill()
    load.wait_for_end()
    assert not load.refusals, "ordinary bodies were refused"
    return load


@pytest.mark.parametrize("sinks", SINKS)
def test_acknowledged_spans_outlive_kill_minus_nine(
    start_collector: Callable[..., Collector], random_source: random.Random, sinks: str
) -> None:
    backend = start_collector() if sinks == "a backend alive" else None
    endpoint = backend.endpoint if backend else f"http://127.0.0.1:{free_port()}"
    collector = start_collector(None if sinks == "archive alone" else BACKEND.format(endpoint=endpoint))
    acknowledged: set[SpanKey] = set()
    unanswered: set[SpanKey] = set()
    rounds = max(1, ROUNDS // len(SINKS))
    for number in range(rounds):
        load = load_until_killed(collector, f"round-{number}", random_source)
        collector.start()
        acknowledged |= load.acknowledged
        unanswered |= load.unanswered
        # Appending sinks get a run when it is whole.
        for run in load.runs:
            collector.http.post(f"{collector.attempt_endpoint(*run)}/close?wait=0s", timeout=30)
        expect_archived(collector.data, acknowledged, unanswered)
    if backend:
        expect_archived(backend.data, acknowledged, unanswered)
    print(f"{sinks}: {rounds} rounds, {len(acknowledged)} spans acknowledged, {len(unanswered)} unanswered")


# Loss of power


@pytest.fixture(scope="session")
def faulty_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The faulty disk of the unit tests as a library that stands before SQLite in any process."""
    if not (compiler := shutil.which("cc") or shutil.which("clang")):
        pytest.skip("no C compiler")
    library = tmp_path_factory.mktemp("faulty-disk") / "faulty_disk.so"
    disk = REPOSITORY / "Tests/CFaultyDisk"
    sources = [disk / "faulty_disk.c", Path(__file__).with_name("programs") / "preload_faulty_disk.c"]
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", f"-I{disk}/include", *sources, "-lsqlite3", "-o", library], check=True
    )
    return library


def lose_power(collector: Collector, durable: Path) -> None:
    """Puts the databases back as they were synced."""
    for file in collector.data.glob("*.sqlite*"):
        file.unlink()
    for copy in durable.iterdir():
        shutil.copy(copy, collector.data / copy.name)


@pytest.mark.parametrize("durability", ["power", "process"])
def test_acknowledged_spans_outlive_a_loss_of_power(
    start_collector: Callable[..., Collector], random_source: random.Random, faulty_disk: Path, tmp_path: Path,
    durability: str,
) -> None:
    durable = tmp_path / "durable"
    durable.mkdir()
    collector = start_collector(f"inbox:\n  durability: {durability}\n", run=False)
    collector.environment = {
        "LD_PRELOAD": str(faulty_disk), "FAULTY_DISK": str(collector.data), "FAULTY_DISK_DURABLE": str(durable),
    }
    collector.start()
    acknowledged: set[SpanKey] = set()
    unanswered: set[SpanKey] = set()
    lost = 0
    for number in range(max(1, ROUNDS // 3)):
        load = load_until_killed(collector, f"round-{number}", random_source)
        lose_power(collector, durable)
        collector.start()
        acknowledged |= load.acknowledged
        unanswered |= load.unanswered
        if durability == "power":
            expect_archived(collector.data, acknowledged, unanswered)
        else:
            lost += len({run_id(*run) for run in load.runs} - {run["id"] for run in collector.runs()})
            assert set(archived(collector.data)) <= acknowledged | unanswered
    # It promises nothing here; that something is lost shows that the test can see it.
    assert (lost > 0) == (durability == "process")


# A stop


def test_sigterm_under_load_keeps_what_was_acknowledged_and_refuses_the_rest(
    start_collector: Callable[..., Collector], random_source: random.Random
) -> None:
    collector = start_collector()
    acknowledged: set[SpanKey] = set()
    unanswered: set[SpanKey] = set()
    for number in range(max(1, ROUNDS // 2)):
        load = Load(collector, f"round-{number}", random_source, 2 * SENDERS).start()
        load.wait_for_answers(random_source.randrange(1, 200))
        assert collector.stop() == 0, collector.log_tail()
        load.wait_for_end()
        assert {refusal.status_code for refusal in load.refusals} <= {503}
        assert all("Retry-After" in refusal.headers for refusal in load.refusals)
        acknowledged |= load.acknowledged
        unanswered |= load.unanswered
        collector.start()
        expect_archived(collector.data, acknowledged, unanswered)
