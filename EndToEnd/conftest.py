"""What every test may ask for: a running collector, fresh ids, the captured exports."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector import Collector
from lightning_store import LightningStore


@pytest.fixture(scope="session")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """One collector for all tests that need no settings of their own; a clean stop is part of the test."""
    with Collector(tmp_path_factory.mktemp("collector")) as running:
        yield running
    assert running.exit_code == 0, running.log_tail()
    assert running.output_after_ready == "", "only the ready line belongs on standard output"


@pytest.fixture
def start_collector(tmp_path: Path) -> Iterator[Callable[..., Collector]]:
    """Makes and, unless told otherwise, starts collectors of their own; stops those that a test left running."""
    started: list[Collector] = []
    numbers = itertools.count()

    def start(configuration: str | None = None, directory: Path | None = None, run: bool = True) -> Collector:
        place = directory or tmp_path / f"collector-{next(numbers)}"
        collector = Collector(place, configuration=configuration)
        started.append(collector)
        return collector.start() if run else collector

    yield start
    for collector in started:
        if collector.is_running:
            assert collector.stop() == 0, collector.log_tail()


@pytest.fixture(scope="session")
def lightning_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LightningStore]:
    with LightningStore(tmp_path_factory.mktemp("lightning-store")) as store:
        yield store


@pytest.fixture
def pair() -> tuple[str, str]:
    """A rollout and an attempt id that no other test uses."""
    return f"ro-{secrets.token_hex(6)}", f"at-{secrets.token_hex(4)}"
