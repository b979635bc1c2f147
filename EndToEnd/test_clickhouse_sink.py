"""Mended runs in ClickHouse's real engine, and what readers of the OpenTelemetry Collector's exporter find there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import captures
from clickhouse import ClickHouse
from collector import ANSWER_SECONDS, Collector, run_id, tracemend
from tree import edges, nodes, outline

CONFIGURATION = """\
sinks:
  - type: clickhouse
    endpoint: {endpoint}
    database: otel
"""
ROWS = "otel.otel_traces_rows"
# Of 15 dialects and ways to break a trace, with events, links, lists and several traces in a run.
CAPTURES = (
    "agl_agentops_tracer", "autogen_native", "broken_crash_traceloop", "broken_threads_traceloop", "crewai_openinference",
    "haystack_ext", "lc_langfuse", "lc_openinference", "litellm_otel_vllm", "llamaindex_openinference", "multimodal_openinference",
    "multiproc_disconnected", "openai_mixed", "pydantic_ai_native", "web_fastapi_full_dup",
)


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    with ClickHouse(tmp_path / "clickhouse") as running:
        yield running


def send(collector: Collector, capture: str, pair: tuple[str, str]) -> None:
    sent = tracemend(
        "send", "--endpoint", collector.endpoint, "--rollout", pair[0], "--attempt", pair[1], *captures.files(capture)
    )
    assert sent.returncode == 0, sent.stderr.decode()


def post(collector: Collector, request: ExportTraceServiceRequest, pair: tuple[str, str] | None = None) -> None:
    path = f"/rollout/{pair[0]}/attempt/{pair[1]}/v1/traces" if pair else "/v1/traces"
    answer = collector.post(request.SerializeToString(), path=path)
    assert answer.status_code == 200, answer.text


def request_of(capture: str) -> ExportTraceServiceRequest:
    whole = ExportTraceServiceRequest()
    for body in captures.bodies(capture):
        whole.MergeFrom(body.decoded())
    return whole


def only(request: ExportTraceServiceRequest, wanted: Callable[[str], bool]) -> ExportTraceServiceRequest:
    """The request with those spans alone whose id is wanted."""
    part = ExportTraceServiceRequest()
    part.CopyFrom(request)
    for resource in part.resource_spans:
        for scope in resource.scope_spans:
            kept = [span for span in scope.spans if wanted(span.span_id.hex())]
            del scope.spans[:]
            scope.spans.extend(kept)
    return part


def stored_edges(clickhouse: ClickHouse, run: str) -> dict[str, str | None]:
    rows = clickhouse.rows(f"SELECT SpanId, ParentSpanId FROM otel.otel_traces WHERE RunId = '{run}'")
    assert len({row["SpanId"] for row in rows}) == len(rows), "no span has two rows"
    return {row["SpanId"]: row["ParentSpanId"] or None for row in rows}


def number(clickhouse: ClickHouse, sql: str) -> int:
    return int(clickhouse.run(sql))


@pytest.fixture
def collector(start_collector: Callable[..., Collector], clickhouse: ClickHouse) -> Collector:
    return start_collector(CONFIGURATION.format(endpoint=clickhouse.url))


def test_runs_of_many_dialects_are_there_as_they_were_mended(collector: Collector, clickhouse: ClickHouse) -> None:
    for capture in CAPTURES:
        pair = (capture, "at")
        send(collector, capture, pair)
        collector.close_attempt(*pair)
        run = run_id(*pair)
        tree = collector.tree(run)
        assert stored_edges(clickhouse, run) == edges(tree), capture
        rows = clickhouse.rows(f"SELECT * FROM otel.otel_traces WHERE RunId = '{run}'")
        by_id = {row["SpanId"]: row for row in rows}
        for node in nodes(tree):
            row = by_id[node["span_id"]]
            assert row["SpanName"] == node["name"]
            assert row["IsPlaceholder"] == node["placeholder"]
            assert row["RepairRule"] == (node["repair"]["rule"] if node["repair"] else "")
            if node["repair"]:
                assert row["RepairConfidence"] == pytest.approx(node["repair"]["confidence"])
        for span in collector.spans(run):
            row = by_id[span["span_id"]]
            assert row["TraceId"] == span["trace_id"]
            assert set(row["SpanAttributes"]) >= {key for key in span["attributes"] if key.startswith("gen_ai.")}, capture
            assert len(row["Events.Name"]) == len(span["events"])
            assert len(row["Links.SpanId"]) == len(span["links"])
        placeholders = {node["span_id"] for node in nodes(tree) if node["placeholder"]}
        reported = {row["ReportedSpanId"]: row for row in rows if row["SpanId"] not in placeholders}
        for span_id, span in captures.spans(capture).items():
            row = reported[span_id]
            assert row["ReportedTraceId"] == span.trace_id.hex()
            assert row["ReportedParentSpanId"] == span.parent_span_id.hex()
            assert int(row["Duration"]) == max(span.end_time_unix_nano - span.start_time_unix_nano, 0)
    names = clickhouse.rows("SELECT RunId FROM otel.otel_traces GROUP BY RunId")
    assert {row["RunId"] for row in names} == {run_id(capture, "at") for capture in CAPTURES}


def test_a_later_revision_hangs_spans_under_their_real_parent(
    collector: Collector, clickhouse: ClickHouse, pair: tuple[str, str]
) -> None:
    whole = request_of("strands_native")
    children: dict[str, list[str]] = {}
    for span in captures.spans_of(whole):
        children.setdefault(span.parent_span_id.hex(), []).append(span.span_id.hex())
    [lost] = [id for id, parent in captures.reported_edges("strands_native").items() if parent and len(children.get(id, [])) == 3]
    run = run_id(*pair)
    post(collector, only(whole, lambda span: span != lost), pair)
    collector.close_attempt(*pair)
    # Merges would hide what the view has to.
    clickhouse.run(f"SYSTEM STOP MERGES {ROWS}")
    placeholders = [node["span_id"] for node in nodes(collector.tree(run)) if node["placeholder"]]
    assert len(placeholders) == 1, outline(collector.tree(run))
    before = stored_edges(clickhouse, run)
    assert before == edges(collector.tree(run))
    assert {span for span, parent in before.items() if parent == placeholders[0]} == set(children[lost])

    post(collector, only(whole, lambda span: span == lost), pair)
    collector.close_attempt(*pair)
    after = stored_edges(clickhouse, run)
    assert after == captures.reported_edges("strands_native") == edges(collector.tree(run))
    trace = captures.spans_of(whole)[0].trace_id.hex()
    [found] = clickhouse.rows(
        f"SELECT toUInt32(count()) AS spans, toUInt32(countIf(IsPlaceholder)) AS placeholders FROM otel.otel_traces WHERE TraceId = '{trace}'"
    )
    assert found == {"spans": len(after), "placeholders": 0}
    assert number(clickhouse, f"SELECT count() FROM {ROWS}") > len(after), "the older rows are still there, below the view"
    # Each old row is beside its newer one in the same partition, so merging leaves what the view shows.
    clickhouse.run(f"SYSTEM START MERGES {ROWS}")
    clickhouse.run(f"OPTIMIZE TABLE {ROWS} FINAL")
    assert stored_edges(clickhouse, run) == after
    assert number(clickhouse, f"SELECT countIf(IsDeleted = 0) FROM {ROWS}") == len(after)


def test_a_trace_that_turns_out_to_belong_to_an_attempt_moves_there(
    collector: Collector, clickhouse: ClickHouse, pair: tuple[str, str]
) -> None:
    whole = request_of("lc_agentops")
    first = captures.spans_of(whole)[0].span_id.hex()
    [trace] = {span.trace_id.hex() for span in captures.spans_of(whole)}
    post(collector, only(whole, lambda span: span != first))
    collector.close(trace)
    assert len(stored_edges(clickhouse, trace)) >= len(captures.spans_of(whole)) - 1
    post(collector, only(whole, lambda span: span == first), pair)
    collector.close_attempt(*pair)
    run = run_id(*pair)
    assert stored_edges(clickhouse, run) == edges(collector.tree(run)) == captures.reported_edges("lc_agentops")
    assert stored_edges(clickhouse, trace) == {}
    assert number(clickhouse, "SELECT count() FROM otel.otel_traces") == len(captures.spans_of(whole))


def test_a_run_that_gets_a_second_trace_leaves_nothing_under_the_first_id(
    collector: Collector, clickhouse: ClickHouse, pair: tuple[str, str]
) -> None:
    whole = request_of("lc_langfuse")
    traces = {span.span_id.hex(): span.trace_id.hex() for span in captures.spans_of(whole)}
    first = captures.spans_of(whole)[0].trace_id.hex()
    post(collector, only(whole, lambda span: traces[span] == first), pair)
    collector.close_attempt(*pair)
    clickhouse.run(f"SYSTEM STOP MERGES {ROWS}")
    under_first = f"SELECT count() FROM otel.otel_traces WHERE TraceId = '{first}'"
    assert number(clickhouse, under_first) == list(traces.values()).count(first)
    post(collector, only(whole, lambda span: traces[span] != first), pair)
    collector.close_attempt(*pair)
    run = run_id(*pair)
    assert stored_edges(clickhouse, run) == edges(collector.tree(run))
    # An index on TraceId must not hide the newer rows from those that look for the older ones.
    assert number(clickhouse, under_first) == 0
    assert number(clickhouse, f"SELECT count() FROM otel.otel_traces_trace_id_ts WHERE TraceId = '{first}'") == 0
    [now] = {span["trace_id"] for span in collector.spans(run)}
    assert number(clickhouse, f"SELECT count() FROM otel.otel_traces WHERE TraceId = '{now}'") == len(traces)


def test_clocks_that_are_wrong_are_no_trouble(collector: Collector, clickhouse: ClickHouse, pair: tuple[str, str]) -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    day = 86_400 * 10**9
    strange = [0, 1, 2**63, 2**64 - 1, 4_300_000_000 * 10**9, 5_700_000_000 * 10**9]
    for place, start in enumerate([day * number for number in range(18_000, 18_300)] + strange):
        spans.add(
            trace_id=b"0123456789abcdef", span_id=place.to_bytes(8, "big", signed=False) if place else b"nullnull",
            name=f"at {start}", start_time_unix_nano=start, end_time_unix_nano=start,
        )
    for _ in range(2):
        post(collector, request, pair)
        collector.close_attempt(*pair)
    assert stored_edges(clickhouse, run_id(*pair)) == edges(collector.tree(run_id(*pair)))
    assert number(clickhouse, f"SELECT count() FROM {ROWS}") == len(spans)
    names = clickhouse.rows("SELECT SpanName, toString(toUnixTimestamp64Nano(Timestamp)) AS time FROM otel.otel_traces")
    assert {row["SpanName"]: int(row["time"]) for row in names} == {
        span.name: min(span.start_time_unix_nano, 2**63 - 1) for span in spans
    }, "ClickHouse's times end in 2262"


def test_what_comes_twice_is_there_once(collector: Collector, clickhouse: ClickHouse, pair: tuple[str, str]) -> None:
    for _ in range(3):
        send(collector, "web_fastapi_full_dup", pair)
        collector.close_attempt(*pair)
    run = run_id(*pair)
    spans = len(captures.spans("web_fastapi_full_dup"))
    assert stored_edges(clickhouse, run) == edges(collector.tree(run))
    assert len(stored_edges(clickhouse, run)) == spans
    assert number(clickhouse, f"SELECT count() FROM {ROWS}") == spans, "rows that have not changed are not sent again"


def test_kills_on_both_sides_lose_and_double_nothing(
    start_collector: Callable[..., Collector], clickhouse: ClickHouse, tmp_path: Path
) -> None:
    collector = start_collector(CONFIGURATION.format(endpoint=clickhouse.url))
    expected: dict[str, int] = {}
    for round, capture in enumerate(("openai_traceloop", "lc_openinference", "llamaindex_openinference", "autogen_native")):
        pair = (f"ro-{round}", "at")
        send(collector, capture, pair)
        expected[run_id(*pair)] = len(captures.spans(capture))
        # Nobody waits: the run is being delivered, or is not, when one of the two dies.
        collector.http.post(collector.attempt_endpoint(*pair) + "/close?wait=0s", timeout=ANSWER_SECONDS)
        if round % 2:
            clickhouse.kill()
            clickhouse.start()
        else:
            collector.kill()
            collector.start(on_port=collector.port)
    for run in expected:
        collector.close_attempt(*run.split("/"))
        assert stored_edges(clickhouse, run) == edges(collector.tree(run))
    counted = clickhouse.rows("SELECT RunId, toUInt32(countIf(NOT IsPlaceholder)) AS spans FROM otel.otel_traces GROUP BY RunId")
    assert {row["RunId"]: row["spans"] for row in counted} == expected


def test_a_sink_that_comes_later_is_filled_from_what_was_kept(
    start_collector: Callable[..., Collector], clickhouse: ClickHouse, tmp_path: Path, pair: tuple[str, str]
) -> None:
    directory = tmp_path / "later"
    first = start_collector("{}", directory=directory)
    send(first, "lc_langfuse", pair)
    first.close_attempt(*pair)
    assert first.stop() == 0
    second = start_collector(CONFIGURATION.format(endpoint=clickhouse.url), directory=directory)
    second.close_attempt(*pair)
    assert stored_edges(clickhouse, run_id(*pair)) == edges(second.tree(run_id(*pair)))


@pytest.mark.parametrize("settled_only", [True, False])
def test_a_run_that_is_not_whole_comes_only_when_wanted(
    start_collector: Callable[..., Collector], clickhouse: ClickHouse, pair: tuple[str, str], settled_only: bool
) -> None:
    flag = f"    settled_only: {str(settled_only).lower()}\n"
    collector = start_collector(CONFIGURATION.format(endpoint=clickhouse.url) + flag)
    send(collector, "openai_traceloop", pair)
    give_up = time.monotonic() + ANSWER_SECONDS
    while run_id(*pair) not in [run["id"] for run in collector.runs()]:
        assert time.monotonic() < give_up
    if settled_only:
        assert "INSERT" not in clickhouse.log.read_text()
    else:
        while "INSERT" not in clickhouse.log.read_text():
            assert time.monotonic() < give_up
    collector.close_attempt(*pair)
    assert len(stored_edges(clickhouse, run_id(*pair))) == len(captures.spans("openai_traceloop"))


def test_a_wrong_password_is_told_and_not_printed(
    start_collector: Callable[..., Collector], tmp_path: Path, pair: tuple[str, str]
) -> None:
    file = tmp_path / "password"
    file.write_text("wrong-pass-word\n")
    with ClickHouse(tmp_path / "clickhouse", credentials=("writer", "right pass+word&")) as clickhouse:
        configuration = CONFIGURATION.format(endpoint=clickhouse.url) + f"    user: writer\n    password_file: {file}\n"
        collector = start_collector(configuration)
        send(collector, "openai_traceloop", pair)
        answer = requests.post(collector.attempt_endpoint(*pair) + "/close?wait=1s", timeout=ANSWER_SECONDS)
        assert answer.status_code == 202
        listed = tracemend("deliveries", "--url", collector.api).stdout.decode()
        assert "Code: 516" in listed and "away" in listed, listed
        metrics = requests.get(collector.api + "/metrics", timeout=ANSWER_SECONDS).text
        assert 'tracemend_sink_up{sink="clickhouse"} 0' in metrics
        log = collector.log.read_text()
        assert "a sink turns everything away" in log and "Code: 516" in log
        assert "wrong-pass-word" not in log + listed

        file.write_text("right pass+word&\n")
        assert collector.stop() == 0
        collector.start()
        collector.close_attempt(*pair)
        assert len(stored_edges(clickhouse, run_id(*pair))) == len(captures.spans("openai_traceloop"))
        metrics = requests.get(collector.api + "/metrics", timeout=ANSWER_SECONDS).text
        assert 'tracemend_sink_up{sink="clickhouse"} 1' in metrics


def test_check_config_names_what_is_wrong(tmp_path: Path) -> None:
    good = tmp_path / "good.yaml"
    good.write_text(CONFIGURATION.format(endpoint="http://127.0.0.1:8123"))
    assert tracemend("check-config", good).returncode == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text(CONFIGURATION.format(endpoint="http://127.0.0.1:8123") + "    table: otel.traces\n")
    checked = tracemend("check-config", bad)
    assert checked.returncode == 1
    assert "sinks[0].table" in checked.stderr.decode()
