"""A ClickHouse that refuses rows, for a while or for good: nothing is lost, and what is wrong is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import captures
from clickhouse import ClickHouse
from collector import ANSWER_SECONDS, Collector, tracemend
from test_clickhouse_sink import CONFIGURATION, ROWS, send, stored_edges
from tree import edges

CAPTURE = "openai_traceloop"


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    with ClickHouse(tmp_path / "clickhouse") as running:
        yield running


@pytest.fixture
def collector(start_collector: Callable[..., Collector], clickhouse: ClickHouse) -> Collector:
    """One that has delivered a first run, so that the tables are there."""
    collector = start_collector(CONFIGURATION.format(endpoint=clickhouse.url))
    send(collector, CAPTURE, ("ro-0", "at"))
    collector.close_attempt("ro-0", "at")
    return collector


def close(collector: Collector, pair: tuple[str, str], wait: str) -> dict[str, Any]:
    """The state of the sink when the wait is over."""
    answer = requests.post(collector.attempt_endpoint(*pair) + f"/close?wait={wait}", timeout=ANSWER_SECONDS)
    [sink] = [sink for sink in answer.json()["sinks"] if sink["sink"] == "clickhouse"]
    return sink


def expect_whole(collector: Collector, clickhouse: ClickHouse, run: str) -> None:
    assert stored_edges(clickhouse, run) == edges(collector.tree(run))


def test_too_many_parts_are_waited_for(collector: Collector, clickhouse: ClickHouse) -> None:
    clickhouse.run(f"SYSTEM STOP MERGES {ROWS}")
    limits = {"parts_to_delay_insert": 1, "parts_to_throw_insert": 1, "max_avg_part_size_for_too_many_parts": 0}
    changes = ", ".join(f"{name} = {value}" for name, value in limits.items())
    clickhouse.run(f"ALTER TABLE {ROWS} MODIFY SETTING {changes}")
    send(collector, "llamaindex_openinference", ("ro-1", "at"))
    state = close(collector, ("ro-1", "at"), "2s")
    assert state["state"] == "waiting" and "TOO_MANY_PARTS" in state["error"], state
    clickhouse.run(f"ALTER TABLE {ROWS} RESET SETTING {', '.join(limits)}")
    collector.close_attempt("ro-1", "at")
    expect_whole(collector, clickhouse, "ro-1/at")


def test_a_run_that_is_refused_is_parked_and_sent_again_when_told(collector: Collector, clickhouse: ClickHouse) -> None:
    refused = next(iter(captures.spans("autogen_native").values())).name
    clickhouse.run(f"ALTER TABLE {ROWS} ADD CONSTRAINT house_rule CHECK SpanName != '{refused}'")
    send(collector, "autogen_native", ("ro-1", "at"))
    state = close(collector, ("ro-1", "at"), "30s")
    assert state["state"] == "parked" and "house_rule" in state["error"], state
    # Others are not held up.
    send(collector, "lc_openinference", ("ro-2", "at"))
    assert close(collector, ("ro-2", "at"), "30s")["state"] == "delivered"
    metrics = requests.get(collector.api + "/metrics", timeout=ANSWER_SECONDS).text
    assert 'tracemend_sink_parked_runs{sink="clickhouse"} 1' in metrics

    clickhouse.run(f"ALTER TABLE {ROWS} DROP CONSTRAINT house_rule")
    again = tracemend("redeliver", "--url", collector.api)
    assert again.returncode == 0, again.stderr.decode()
    give_up = time.monotonic() + ANSWER_SECONDS
    while not stored_edges(clickhouse, "ro-1/at"):
        assert time.monotonic() < give_up, collector.log_tail()
    expect_whole(collector, clickhouse, "ro-1/at")


def test_a_table_that_was_dropped_is_made_again(collector: Collector, clickhouse: ClickHouse) -> None:
    clickhouse.run(f"DROP TABLE {ROWS}")
    send(collector, "lc_openinference", ("ro-1", "at"))
    collector.close_attempt("ro-1", "at")
    expect_whole(collector, clickhouse, "ro-1/at")
    assert "Code: 60" in collector.log.read_text()


def test_a_column_that_somebody_changed_is_told(collector: Collector, clickhouse: ClickHouse) -> None:
    assert collector.stop() == 0
    clickhouse.run(f"ALTER TABLE {ROWS} MODIFY COLUMN Sequence UInt64")
    collector.start()
    send(collector, "lc_openinference", ("ro-1", "at"))
    state = close(collector, ("ro-1", "at"), "2s")
    assert "otel.otel_traces_rows: Sequence is UInt64, expected UInt32" in state["error"], json.dumps(state)
    clickhouse.run(f"ALTER TABLE {ROWS} MODIFY COLUMN Sequence UInt32")
    collector.close_attempt("ro-1", "at")
    expect_whole(collector, clickhouse, "ro-1/at")


def test_the_table_of_the_exporter_is_left_alone(start_collector: Callable[..., Collector], clickhouse: ClickHouse) -> None:
    clickhouse.run("CREATE DATABASE otel")
    clickhouse.run("CREATE TABLE otel.otel_traces (Timestamp DateTime64(9), TraceId String) ENGINE = MergeTree ORDER BY Timestamp")
    collector = start_collector(CONFIGURATION.format(endpoint=clickhouse.url))
    send(collector, CAPTURE, ("ro-0", "at"))
    state = close(collector, ("ro-0", "at"), "2s")
    assert "otel.otel_traces has no column" in state["error"] and "another `table`" in state["error"], state
    assert clickhouse.run("SELECT count() FROM otel.otel_traces") == "0\n"
    # Another name, and all is well beside it.
    assert collector.stop() == 0
    assert collector.configuration is not None
    collector.configuration.write_text(CONFIGURATION.format(endpoint=clickhouse.url) + "    table: agent_traces\n")
    collector.start()
    collector.close_attempt("ro-0", "at")
    assert int(clickhouse.run("SELECT count() FROM otel.agent_traces")) == len(captures.spans(CAPTURE))


def test_who_may_not_create_finds_what_is_there(
    start_collector: Callable[..., Collector], collector: Collector, clickhouse: ClickHouse
) -> None:
    second = start_collector(CONFIGURATION.format(endpoint=clickhouse.url + "/?allow_ddl=0"))
    send(second, "lc_openinference", ("ro-1", "at"))
    second.close_attempt("ro-1", "at")
    expect_whole(second, clickhouse, "ro-1/at")
    third = start_collector(CONFIGURATION.format(endpoint=clickhouse.url + "/?allow_ddl=0") + "    table: new\n")
    send(third, "lc_openinference", ("ro-2", "at"))
    state = close(third, ("ro-2", "at"), "2s")
    assert "QUERY_IS_PROHIBITED" in state["error"], state
