"""What was made for the exporter of the OpenTelemetry Collector reads the view; what docs/clickhouse.md says holds in the engine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import captures
from clickhouse import ClickHouse
from collector import ANSWER_SECONDS, REPOSITORY, Collector, run_id
from test_clickhouse_sink import CONFIGURATION, only, post, request_of, stored_edges
from tree import edges, nodes

# The columns of the exporter's table with their types, from its traces_table.sql.
EXPORTER_TYPES = """\
Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String, SpanName LowCardinality(String),
SpanKind LowCardinality(String), ServiceName LowCardinality(String), ResourceAttributes Map(LowCardinality(String), String),
ScopeName String, ScopeVersion String, SpanAttributes Map(LowCardinality(String), String), Duration UInt64,
StatusCode LowCardinality(String), StatusMessage String,
Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)),
Links Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String))
"""
NANOSECONDS = 1_000_000_000


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with ClickHouse(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@pytest.fixture(scope="module")
def collector(clickhouse: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    configuration = CONFIGURATION.format(endpoint=clickhouse.url)
    with Collector(tmp_path_factory.mktemp("collector"), configuration) as running:
        yield running


def a_minute_ago(request: ExportTraceServiceRequest) -> ExportTraceServiceRequest:
    """The request with its times moved: captures are older than what dashboards look at."""
    spans = captures.spans_of(request)
    shift = time.time_ns() - 60 * NANOSECONDS - min(span.start_time_unix_nano for span in spans)
    for span in spans:
        span.start_time_unix_nano += shift
        span.end_time_unix_nano += shift
        for event in span.events:
            event.time_unix_nano += shift
    return request


@pytest.fixture(scope="module")
def recent(collector: Collector) -> ExportTraceServiceRequest:
    """A web request and what it led to, a minute ago, with one span that failed and one that took long."""
    request = a_minute_ago(request_of("web_fastapi_full_new"))
    spans = captures.spans_of(request)
    spans[0].status.code, spans[0].status.message = 2, "refused"
    spans[1].end_time_unix_nano = spans[1].start_time_unix_nano + 3 * NANOSECONDS
    post(collector, request, ("ro-recent", "at"))
    collector.close_attempt("ro-recent", "at")
    return request


def columns(clickhouse: ClickHouse, database: str, table: str) -> list[tuple[str, str]]:
    rows = clickhouse.rows(
        f"SELECT name, type FROM system.columns WHERE database = '{database}' AND table = '{table}' ORDER BY position"
    )
    return [(row["name"], row["type"]) for row in rows]


@pytest.mark.usefixtures("recent")
def test_the_view_begins_with_the_exporters_columns(clickhouse: ClickHouse) -> None:
    clickhouse.run("CREATE DATABASE exporter")
    clickhouse.run(f"CREATE TABLE exporter.otel_traces ({EXPORTER_TYPES}) ENGINE = MergeTree ORDER BY Timestamp")
    exporter = columns(clickhouse, "exporter", "otel_traces")
    assert len(exporter) == 22
    assert columns(clickhouse, "otel", "otel_traces")[:22] == exporter
    # Rows can go from one to the other as they are.
    names = ", ".join(f"`{name}`" for name, _ in exporter)
    clickhouse.run(f"INSERT INTO exporter.otel_traces SELECT {names} FROM otel.otel_traces")
    assert clickhouse.run("SELECT count() FROM exporter.otel_traces") == clickhouse.run("SELECT count() FROM otel.otel_traces")


COLUMNS = """Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, Duration, StatusCode, StatusMessage,
    toString(SpanAttributes), toString(ResourceAttributes), toString(Events.Name), toString(Links.TraceId)"""


def ids(clickhouse: ClickHouse, sql: str) -> set[str]:
    return {row["SpanId"] for row in clickhouse.rows(sql)}


def test_the_queries_of_the_exporters_documentation_answer(
    clickhouse: ClickHouse, recent: ExportTraceServiceRequest
) -> None:
    spans = captures.spans_of(recent)
    trace = spans[0].trace_id.hex()
    [service, *_] = [
        attribute.value.string_value for resource in recent.resource_spans for attribute in resource.resource.attributes
        if attribute.key == "service.name"
    ]
    of_service = {
        span.span_id.hex() for resource in recent.resource_spans for scope in resource.scope_spans for span in scope.spans
        if any(a.key == "service.name" and a.value.string_value == service for a in resource.resource.attributes)
    }
    [key, value] = next(
        [attribute.key, attribute.value.string_value] for span in spans if span.span_id.hex() in of_service
        for attribute in span.attributes if attribute.value.string_value
    )
    with_attribute = {
        span.span_id.hex() for span in spans if span.span_id.hex() in of_service
        and any(a.key == key and a.value.string_value == value for a in span.attributes)
    }
    recently = "Timestamp >= NOW() - INTERVAL 1 HOUR"
    view = "otel.otel_traces"
    assert ids(
        clickhouse,
        f"SELECT {COLUMNS} FROM {view} WHERE ServiceName = '{service}' AND SpanAttributes['{key}'] = '{value}' AND {recently} LIMIT 100",
    ) == with_attribute
    # By trace id, with the time looked up first.
    assert ids(clickhouse, f"""
        WITH '{trace}' AS trace_id,
            (SELECT min(Start) FROM otel.otel_traces_trace_id_ts WHERE TraceId = trace_id) AS start,
            (SELECT max(End) + 1 FROM otel.otel_traces_trace_id_ts WHERE TraceId = trace_id) AS end
        SELECT {COLUMNS} FROM {view}
        WHERE TraceId = trace_id AND Timestamp >= start AND Timestamp <= end LIMIT 100""") == {span.span_id.hex() for span in spans}
    failed = {span.span_id.hex() for span in spans if span.status.code == 2}
    assert ids(clickhouse, f"SELECT {COLUMNS} FROM {view} WHERE StatusCode = 'Error' AND {recently} LIMIT 100") == failed
    slow = {span.span_id.hex() for span in spans if span.end_time_unix_nano - span.start_time_unix_nano > NANOSECONDS}
    assert slow and ids(clickhouse, f"SELECT {COLUMNS} FROM {view} WHERE Duration > 1 * 1e9 AND {recently} LIMIT 100") == slow


def test_grafanas_trace_panel_finds_a_trace(clickhouse: ClickHouse, recent: ExportTraceServiceRequest) -> None:
    spans = {span.span_id.hex(): span for span in captures.spans_of(recent)}
    trace = next(iter(spans.values())).trace_id.hex()
    rows = clickhouse.rows(f"""
        WITH '{trace}' AS trace_id,
            (SELECT min(Start) FROM otel.otel_traces_trace_id_ts WHERE TraceId = trace_id) AS trace_start,
            (SELECT max(End) + 1 FROM otel.otel_traces_trace_id_ts WHERE TraceId = trace_id) AS trace_end
        SELECT TraceId AS traceID, SpanId AS spanID, ParentSpanId AS parentSpanID, ServiceName AS serviceName,
            SpanName AS operationName, multiply(toUnixTimestamp64Nano(Timestamp), 0.000001) AS startTime,
            multiply(Duration, 0.000001) AS duration,
            arrayMap(key -> map('key', key, 'value', SpanAttributes[key]), mapKeys(SpanAttributes)) AS tags,
            arrayMap(key -> map('key', key, 'value', ResourceAttributes[key]), mapKeys(ResourceAttributes)) AS serviceTags,
            arrayMap((name, timestamp, attributes) -> tuple(name, toString(multiply(toFloat64(timestamp), 1000)),
                arrayMap(key -> map('key', key, 'value', attributes[key]), mapKeys(attributes))),
                Events.Name, Events.Timestamp, Events.Attributes) AS logs,
            if(StatusCode IN ('Error', 'STATUS_CODE_ERROR'), 2, 0) AS statusCode
        FROM otel.otel_traces WHERE traceID = trace_id AND Timestamp >= trace_start AND Timestamp <= trace_end LIMIT 1000""")
    assert {row["spanID"] for row in rows} == set(spans)
    for row in rows:
        span = spans[row["spanID"]]
        assert row["operationName"] == span.name
        assert row["duration"] == pytest.approx((span.end_time_unix_nano - span.start_time_unix_nano) / 1e6)
        assert row["statusCode"] == (2 if span.status.code == 2 else 0)
        assert {tag["key"] for tag in row["tags"]} >= {attribute.key for attribute in span.attributes}
        assert [log[0] for log in map(list_of, row["logs"])] == [event.name for event in span.events]
    # The list of traces: a row each, with the root's name.
    [listed] = clickhouse.rows(
        f"SELECT TraceId, SpanName FROM otel.otel_traces WHERE ParentSpanId = '' AND Timestamp >= now() - INTERVAL 1 HOUR"
    )
    assert listed["TraceId"] == trace


def list_of(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]


# The documentation


def statements() -> list[str]:
    text = (REPOSITORY / "docs/clickhouse.md").read_text()
    blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    bare = [re.sub(r"^--.*$", "", block, flags=re.MULTILINE) for block in blocks]
    return [statement.strip() for block in bare for statement in block.split(";") if statement.strip()]


def documented(begin: str) -> str:
    found = [statement for statement in statements() if statement.startswith(begin)]
    assert len(found) == 1, f"docs/clickhouse.md has {len(found)} statements that begin with {begin}"
    return found[0]


def test_the_documented_tables_are_those_that_the_sink_makes(clickhouse: ClickHouse, recent: object) -> None:
    clickhouse.run("CREATE DATABASE documented")
    view = "CREATE VIEW IF NOT EXISTS `otel`.`otel_traces"
    for begin in ("CREATE TABLE IF NOT EXISTS", view + "` ", view + "_trace"):
        clickhouse.run(documented(begin).replace("`otel`", "`documented`"))
    for table in ("otel_traces_rows", "otel_traces", "otel_traces_trace_id_ts"):
        assert columns(clickhouse, "documented", table) == columns(clickhouse, "otel", table)
    made, written = (
        clickhouse.run(f"SHOW CREATE TABLE {database}.otel_traces_rows").replace(f"{database}.", "") for database in ("otel", "documented")
    )
    assert made == written


def test_the_documented_queries_answer(collector: Collector, clickhouse: ClickHouse) -> None:
    # One call that two libraries told, and spans that lost their parents.
    for capture, pair in (("openai_mixed", ("ro-1", "at-1")), ("broken_threads_traceloop", ("ro-2", "at-1"))):
        post(collector, a_minute_ago(request_of(capture)), pair)
        collector.close_attempt(*pair)
    selects = [statement for statement in statements() if statement.startswith("SELECT")]
    assert len(selects) == 3
    run, models, doubtful = (clickhouse.rows(select) for select in selects)
    tree = collector.tree(run_id("ro-1", "at-1"))
    assert {row["SpanId"]: row["ParentSpanId"] or None for row in run} == edges(tree)
    place = {row["SpanId"]: index for index, row in enumerate(run)}
    assert all(place[row["ParentSpanId"]] < place[row["SpanId"]] for row in run if row["ParentSpanId"]), "parents come first"
    calls = [
        span["attributes"] for run_of in ("ro-1/at-1", "ro-2/at-1") for span in collector.spans(run_of)
        if span["attributes"].get("gen_ai.operation.name") == "chat" and "tracemend.duplicate_of" not in span["attributes"]
    ]
    duplicates = [span for span in collector.spans("ro-1/at-1") if "tracemend.duplicate_of" in span["attributes"]]
    assert calls and duplicates
    counted = {row["model"]: [int(row[name]) for name in ("calls", "input_tokens", "output_tokens")] for row in models}
    expected: dict[str, list[int]] = {}
    for call in calls:
        sums = expected.setdefault(call.get("gen_ai.request.model", ""), [0, 0, 0])
        sums[0] += 1
        sums[1] += call.get("gen_ai.usage.input_tokens", 0)
        sums[2] += call.get("gen_ai.usage.output_tokens", 0)
    others = clickhouse.rows("SELECT RunId FROM otel.otel_traces WHERE RunId NOT IN ('ro-1/at-1', 'ro-2/at-1')")
    assert {row["RunId"] for row in others} <= {"ro-recent/at"}
    assert counted == expected
    moved = [node for run_of in ("ro-1/at-1", "ro-2/at-1") for node in nodes(collector.tree(run_of)) if node["repair"]]
    assert moved
    assert len(doubtful) == len([node for node in moved if node["repair"]["confidence"] < 0.7])
    ttl = re.search(r"`(ALTER TABLE otel\.otel_traces_rows MODIFY TTL [^`]*)`", (REPOSITORY / "docs/clickhouse.md").read_text())
    assert ttl is not None
    # The captures are older than a month: nothing may go that other tests read.
    clickhouse.run(ttl[1].replace("otel.", "documented."))


def test_the_replicated_table_needs_nothing_but_keeper(clickhouse: ClickHouse) -> None:
    place = "'/clickhouse/tables/{shard}/otel/otel_traces_rows', '{replica}', "
    assert place in (REPOSITORY / "docs/clickhouse.md").read_text()
    replicated = documented("CREATE TABLE IF NOT EXISTS").replace("`otel`.", "default.").replace(
        "ReplacingMergeTree(", f"ReplicatedReplacingMergeTree({place}"
    )
    # Columns, keys, version, deletion mark and macros are checked before Keeper is asked, which this engine has not.
    refused(clickhouse, replicated, 225)
    refused(clickhouse, replicated.replace("Version, IsDeleted)", "Version, NoColumn)"), 16)
    refused(clickhouse, replicated.replace("{shard}", "{nowhere}"), 139)
    for statement in statements():
        on_cluster = re.sub(r"^(CREATE \w+(?: IF NOT EXISTS)? \S+)(?: ON CLUSTER main)?", r"\1 ON CLUSTER main", statement)
        assert clickhouse.run(f"EXPLAIN AST {on_cluster if statement.startswith('CREATE') else statement}")


def refused(clickhouse: ClickHouse, sql: str, code: int) -> None:
    answer = requests.post(clickhouse.url, data=sql.encode(), timeout=ANSWER_SECONDS)
    assert answer.headers.get("X-ClickHouse-Exception-Code") == str(code), answer.text


def test_a_distributed_table_is_written_and_replaced_as_a_plain_one_is(
    start_collector: Callable[..., Collector], tmp_path: Path, pair: tuple[str, str]
) -> None:
    with ClickHouse(tmp_path / "shard") as clickhouse:
        clickhouse.run("CREATE DATABASE otel")
        clickhouse.run(documented("CREATE TABLE IF NOT EXISTS").replace("`otel_traces_rows`", "`otel_traces_rows_local`"))
        clickhouse.run("SYSTEM STOP MERGES otel.otel_traces_rows_local")
        clickhouse.run(documented("CREATE TABLE `otel`.`otel_traces_rows` ON CLUSTER main").replace(" ON CLUSTER main", ""))
        clickhouse.run(documented("CREATE VIEW IF NOT EXISTS `otel`.`otel_traces` "))
        configuration = CONFIGURATION.format(endpoint=clickhouse.url + "/?distributed_foreground_insert=1")
        collector = start_collector(configuration + "    create_schema: false\n")
        run = run_id(*pair)
        whole = request_of("autogen_native")
        for _ in range(2):
            post(collector, whole, pair)
            collector.close_attempt(*pair)
        written = int(clickhouse.run("SELECT count() FROM otel.otel_traces_rows_local"))
        assert written == len(stored_edges(clickhouse, run)), "what the shard has is not sent again"
        assert stored_edges(clickhouse, run) == edges(collector.tree(run))
        # A late span changes the order of those that are there.
        late = captures.spans_of(only(whole, lambda _: True))[0]
        late.span_id, late.name = b"12345678", "late"
        late.parent_span_id = captures.spans_of(whole)[0].span_id
        request = only(whole, lambda _: False)
        request.resource_spans[0].scope_spans[0].spans.append(late)
        post(collector, request, pair)
        collector.close_attempt(*pair)
        assert stored_edges(clickhouse, run) == edges(collector.tree(run))
        assert len(stored_edges(clickhouse, run)) == written + 1
