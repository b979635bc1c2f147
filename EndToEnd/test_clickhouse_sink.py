"""Mended runs in ClickHouse's real engine, and what readers of the OpenTelemetry Collector's exporter find there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import captures
from clickhouse import ClickHouse
from collector import Collector, run_id, tracemend
from tree import edges

CONFIGURATION = """\
sinks:
  - type: clickhouse
    endpoint: {endpoint}
    database: otel
"""


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    with ClickHouse(tmp_path / "clickhouse") as running:
        yield running


def send(collector: Collector, capture: str, which: slice = slice(None)) -> None:
    sent = tracemend("send", "--endpoint", collector.endpoint, *captures.files(capture)[which])
    assert sent.returncode == 0, sent.stderr.decode()


def stored_edges(clickhouse: ClickHouse, run: str) -> dict[str, str | None]:
    rows = clickhouse.rows(f"SELECT SpanId, ParentSpanId FROM otel.otel_traces WHERE RunId = '{run}'")
    assert len({row["SpanId"] for row in rows}) == len(rows), "no span has two rows"
    return {row["SpanId"]: row["ParentSpanId"] or None for row in rows}


def test_a_run_is_there_as_it_was_mended(start_collector: Callable[..., Collector], clickhouse: ClickHouse) -> None:
    collector = start_collector(CONFIGURATION.format(endpoint=clickhouse.url))
    run = run_id("ro-51", "at-02")
    send(collector, "broken_threads_traceloop")
    collector.close(run)
    assert stored_edges(clickhouse, run) == edges(collector.tree(run))
