"""Whatever the exporter and its compression, what the program made is what the collector has."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.exporter.otlp.common.http import Compression as JSONCompression
from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as JSONExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as ProtobufExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, set_span_in_context

from collector import Collector, run_id, tracemend

ATTRIBUTES: dict[str, Any] = {
    "app.text": "naïve — 日本語 🙂",
    "app.empty_text": "",
    "app.long_text": "x" * 70_000,
    "app.quoted": 'a "quote", a \\ and a \n line',
    "app.yes": True,
    "app.no": False,
    "app.zero": 0,
    "app.least": -(2**63),
    "app.most": 2**63 - 1,
    "app.beyond_double": 2**53 + 1,
    "app.half": 0.5,
    "app.tenth": 0.1,
    "app.huge": 1.7976931348623157e308,
    "app.texts": ["a", "", "c"],
    "app.integers": [1, -2, 3],
    "app.doubles": [0.25, -1e-300],
    "app.booleans": [True, False],
    "app.none_of_them": [],
}


@dataclass
class Program:
    """Spans made with an SDK: what was exported, and a copy that stayed here."""

    provider: TracerProvider
    kept: InMemorySpanExporter
    failures: list[str] = field(default_factory=list)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.kept.get_finished_spans())


def run_program(exporter: SpanExporter) -> Program:
    provider = TracerProvider(resource=Resource.create({"service.name": "shop", "app.build": 17}))
    kept = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("shop.orders", "1.2.3")
    with tracer.start_as_current_span("order", kind=SpanKind.SERVER, attributes=ATTRIBUTES) as order:
        with tracer.start_as_current_span("validate", kind=SpanKind.INTERNAL) as validate:
            validate.add_event("validated", {"app.lines": 3, "app.names": ["a", "b"]}, timestamp=1_700_000_000_123_456_789)
            validate.add_event("without attributes")
            validate.set_status(Status(StatusCode.OK))
        linked = tracer.start_span(
            "charge", context=set_span_in_context(order), kind=SpanKind.CLIENT,
            links=[Link(validate.get_span_context(), {"app.why": "after"}), Link(order.get_span_context())],
        )
        linked.set_status(Status(StatusCode.ERROR, "card declined"))
        linked.record_exception(ValueError("declined"))
        linked.end()
    provider.shutdown()
    return Program(provider, kept)


EXPORTERS: dict[str, Callable[[str], SpanExporter]] = {
    "protobuf": lambda url: ProtobufExporter(endpoint=url),
    "protobuf gzip": lambda url: ProtobufExporter(endpoint=url, compression=Compression.Gzip),
    "protobuf deflate": lambda url: ProtobufExporter(endpoint=url, compression=Compression.Deflate),
    "JSON": lambda url: JSONExporter(endpoint=url),
    "JSON gzip": lambda url: JSONExporter(endpoint=url, compression=JSONCompression.GZIP),
}


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_every_field_of_every_span_arrives(collector: Collector, pair: tuple[str, str], exporter: str) -> None:
    program = run_program(EXPORTERS[exporter](collector.attempt_endpoint(*pair) + "/v1/traces"))
    collector.close_attempt(*pair)

    arrived = {span["span_id"]: span for span in collector.spans(run_id(*pair))}
    made = {format(span.context.span_id, "016x"): span for span in program.spans}
    assert arrived.keys() == made.keys()
    for id, span in made.items():
        expect_same(arrived[id], span, pair)


def expect_same(arrived: dict[str, Any], made: ReadableSpan, pair: tuple[str, str]) -> None:
    assert arrived["name"] == made.name
    assert (arrived["rollout_id"], arrived["attempt_id"]) == pair
    assert arrived["trace_id"] == format(made.context.trace_id, "032x")
    assert arrived["parent_id"] == (format(made.parent.span_id, "016x") if made.parent else None)
    assert arrived["status"] == {
        "status_code": made.status.status_code.name, "description": made.status.description or None
    }
    assert arrived["start_time"] == pytest.approx(made.start_time / 1e9, abs=1e-6)
    assert arrived["end_time"] == pytest.approx(made.end_time / 1e9, abs=1e-6)
    expect_contains(arrived["attributes"], made.attributes)
    expect_contains(arrived["resource"]["attributes"], made.resource.attributes)
    assert [event["name"] for event in arrived["events"]] == [event.name for event in made.events]
    for event, reported in zip(arrived["events"], made.events):
        assert event["timestamp"] == pytest.approx(reported.timestamp / 1e9, abs=1e-6)
        expect_contains(event["attributes"], reported.attributes)
    assert len(arrived["links"]) == len(made.links)
    for link, reported in zip(arrived["links"], made.links):
        assert link["context"]["trace_id"] == format(reported.context.trace_id, "032x")
        assert link["context"]["span_id"] == format(reported.context.span_id, "016x")
        expect_contains(link["attributes"] or {}, reported.attributes)


def expect_contains(arrived: dict[str, Any], made: Any) -> None:
    """Everything made is there by value and type; mending may have added to it."""
    for key, value in (made or {}).items():
        wanted = list(value) if isinstance(value, tuple) else value
        assert key in arrived, f"{key} is missing"
        assert arrived[key] == wanted, key
        assert type(arrived[key]) is type(wanted), f"{key} changed its type"


def test_what_a_span_object_cannot_hold_is_in_the_otlp_reading(collector: Collector, pair: tuple[str, str]) -> None:
    run_program(ProtobufExporter(endpoint=collector.attempt_endpoint(*pair) + "/v1/traces"))
    collector.close_attempt(*pair)

    reading = tracemend("read", run_id(*pair), "--as", "otlp-json", "--url", collector.api)
    assert reading.returncode == 0, reading.stderr.decode()
    request = json.loads(reading.stdout)
    scopes = [scope for resource in request["resourceSpans"] for scope in resource["scopeSpans"]]
    assert {(scope["scope"]["name"], scope["scope"]["version"]) for scope in scopes} == {("shop.orders", "1.2.3")}
    kinds = {span["name"]: span["kind"] for scope in scopes for span in scope["spans"]}
    assert kinds == {"order": 2, "validate": 1, "charge": 3}
    event_times = [
        event["timeUnixNano"] for scope in scopes for span in scope["spans"] for event in span.get("events", [])
    ]
    assert "1700000000123456789" in event_times, "times keep their nanoseconds"
