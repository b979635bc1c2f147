"""Log records with GenAI content become events of their spans, whichever comes first."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

import captures
from collector import JSON, PROTOBUF, Collector, run_id, tracemend

Pair = tuple[str, str]

# Libraries that write prompts and answers to log records, and how many records name a span.
LOGGED = {"openai_v2_legacy": 12, "openai_v2_latest": 4}


def log_bodies(capture: str) -> list[Path]:
    return [
        path
        for path in sorted((captures.DIRECTORY / capture / "other").glob("*.bin"))
        if json.loads(path.with_suffix(".headers.json").read_text())["path"] == "/v1/logs"
    ]


def send_traces(collector: Collector, capture: str, pair: Pair) -> None:
    prefix = f"/rollout/{pair[0]}/attempt/{pair[1]}"
    for body in captures.bodies(capture):
        assert collector.post(body.path.read_bytes(), path=f"{prefix}/v1/traces").status_code == 200


def send_logs(collector: Collector, capture: str, pair: Pair) -> None:
    prefix = f"/rollout/{pair[0]}/attempt/{pair[1]}"
    for body in log_bodies(capture):
        answer = collector.post(body.read_bytes(), path=f"{prefix}/v1/logs")
        assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, PROTOBUF, b"")


def chats(collector: Collector, pair: Pair) -> list[dict[str, Any]]:
    spans = collector.spans(run_id(*pair))
    return [span for span in spans if span["attributes"].get("gen_ai.operation.name") == "chat"]


def logged_events(spans: list[dict[str, Any]]) -> list[tuple[str, str, float]]:
    return sorted(
        (span["span_id"], event["name"], event["timestamp"])
        for span in spans
        for event in span["events"]
        if event["name"].startswith("gen_ai.")
    )


@pytest.mark.parametrize("capture", LOGGED)
def test_log_records_become_events_in_any_order_and_once(collector: Collector, capture: str) -> None:
    found = []
    orders = {"logs-last": "tl", "logs-first": "lt", "logs-thrice": "lltl"}
    for name, order in orders.items():
        pair = (f"{capture}-{name}", "at-1")
        for signal in order:
            (send_traces if signal == "t" else send_logs)(collector, capture, pair)
        collector.close_attempt(*pair)
        spans = chats(collector, pair)
        found.append(logged_events(spans))
        assert len(found[-1]) == LOGGED[capture], f"{name}: {found[-1]}"
        messages = [json.loads(span["attributes"]["gen_ai.input.messages"]) for span in spans]
        assert any(message["role"] == "user" for message in itertools.chain(*messages)), name
    assert found[0] == found[1] == found[2]


def test_log_records_after_the_close_are_there_as_well(collector: Collector) -> None:
    pair = ("logs-after-the-close", "at-1")
    send_traces(collector, "openai_v2_legacy", pair)
    collector.close_attempt(*pair)
    send_logs(collector, "openai_v2_legacy", pair)
    collector.close_attempt(*pair)
    assert len(logged_events(chats(collector, pair))) == LOGGED["openai_v2_legacy"]


@pytest.mark.parametrize("order", ["tl", "lt"])
def test_log_records_that_name_no_run_find_their_spans(tmp_path: Path, order: str) -> None:
    pair = ("named-by-the-spans", "at-1")
    with Collector(tmp_path) as collector:
        for signal in order:
            if signal == "t":
                send_traces(collector, "openai_v2_legacy", pair)
                continue
            for body in log_bodies("openai_v2_legacy"):
                assert collector.post(body.read_bytes(), path="/v1/logs").status_code == 200
        collector.close_attempt(*pair)
        assert len(logged_events(chats(collector, pair))) == LOGGED["openai_v2_legacy"]


def test_what_the_log_records_said_is_read(collector: Collector) -> None:
    pair = ("what-was-said", "at-1")
    send_logs(collector, "openai_v2_legacy", pair)
    send_traces(collector, "openai_v2_legacy", pair)
    collector.close_attempt(*pair)
    first, second, *_ = [span["attributes"] for span in chats(collector, pair)]
    assert json.loads(first["gen_ai.output.messages"])[0]["parts"] == [
        {"type": "tool_call", "id": "call-000116", "name": "get_weather", "arguments": {"city": "Paris"}},
        {"type": "tool_call", "id": "call-000117", "name": "get_weather", "arguments": {"city": "Rome"}},
    ]
    roles = [message["role"] for message in json.loads(second["gen_ai.input.messages"])]
    assert roles == ["system", "user", "assistant", "tool", "tool"]


def test_log_records_that_wait_for_their_span_are_told(collector: Collector) -> None:
    pair = ("no-spans", "at-1")
    send_logs(collector, "openai_v2_legacy", pair)
    collector.close_attempt(*pair)
    assert collector.spans(run_id(*pair)) == []


def test_other_log_records_are_acknowledged_and_counted(collector: Collector) -> None:
    record = {"body": {"stringValue": "started"}, "traceId": "01" * 16, "spanId": "02" * 8}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    answer = collector.post(body, content_type=JSON, path="/v1/logs")
    assert (answer.status_code, answer.json()) == (200, {})
    metrics = collector.http.get(collector.api + "/metrics", timeout=10).text
    assert 'tracemend_ignored_signal_requests_total{signal="logs"}' in metrics
    assert collector.runs() == [] or all("01" * 16 not in run["id"] for run in collector.runs())


@pytest.mark.parametrize("capture", [*LOGGED, "openai_openlit"])
def test_decode_prints_log_records_as_another_decoder_reads_them(capture: str) -> None:
    for path in log_bodies(capture):
        result = tracemend("decode", "--format", "otlp-json", path)
        assert result.returncode == 0, result.stderr
        tree = json.loads(result.stdout)
        for resource in tree["resourceLogs"]:
            for scope in resource["scopeLogs"]:
                for record in scope["logRecords"]:
                    for key in ("traceId", "spanId"):
                        if key in record:
                            record[key] = captures.base64_of_hex(record[key])
        found = json_format.ParseDict(tree, ExportLogsServiceRequest())
        assert found == ExportLogsServiceRequest.FromString(path.read_bytes())
        text = tracemend("decode", path)
        assert text.returncode == 0 and b"log records in" in text.stdout


def test_mend_reads_log_records_too() -> None:
    files = captures.files("openai_v2_legacy") + log_bodies("openai_v2_legacy")
    result = tracemend("mend", "--format", "otlp-json", *files)
    assert result.returncode == 0, result.stderr
    assert b"gen_ai.user.message" in result.stdout and b"What is the weather" in result.stdout
