"""Export requests that real libraries sent, and what the reference decoder reads in them."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

DIRECTORY = Path(__file__).resolve().parent.parent / "Tests/Fixtures/captures"
NAMES = sorted(path.name for path in DIRECTORY.iterdir() if path.is_dir())


@dataclass(frozen=True)
class Body:
    """One request as it came: its bytes and the headers that say how to read them."""

    path: Path
    content_type: str
    encoding: str

    @property
    def plain(self) -> bytes:
        data = self.path.read_bytes()
        if self.encoding == "gzip":
            return gzip.decompress(data)
        return zlib.decompress(data) if self.encoding == "deflate" else data

    def decoded(self) -> ExportTraceServiceRequest:
        if self.content_type == "application/json":
            return request_from_json(json.loads(self.plain))
        return ExportTraceServiceRequest.FromString(self.plain)


def bodies(capture: str) -> list[Body]:
    found = []
    for path in sorted((DIRECTORY / capture).glob("[0-9][0-9][0-9].bin")):
        headers = json.loads(path.with_suffix(".headers.json").read_text())["headers"]
        by_name = {name.lower(): value for name, value in headers}
        found.append(Body(path, by_name["content-type"].split(";")[0], by_name.get("content-encoding", "none")))
    assert found, f"the capture {capture} has no bodies"
    return found


def files(capture: str) -> list[Path]:
    return [body.path for body in bodies(capture)]


def spans_of(request: ExportTraceServiceRequest) -> list[Span]:
    return [
        span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
    ]


def spans(capture: str) -> dict[str, Span]:
    """The distinct spans of a capture by their id in hexadecimal."""
    return {span.span_id.hex(): span for body in bodies(capture) for span in spans_of(body.decoded())}


def reported_edges(capture: str) -> dict[str, str | None]:
    """Each span's id with its parent's, as they were sent."""
    return {id: span.parent_span_id.hex() or None for id, span in spans(capture).items()}


def base64_of_hex(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text)).decode()


def request_from_json(tree: dict[str, Any]) -> ExportTraceServiceRequest:
    """Reads OTLP/JSON with the protobuf library, which wants ids in base64 where OTLP has hexadecimal."""
    for resource in tree.get("resourceSpans", []):
        for scope in resource.get("scopeSpans", []):
            for span in scope.get("spans", []):
                for holder in [span, *span.get("links", [])]:
                    for key in ("traceId", "spanId", "parentSpanId"):
                        if key in holder:
                            holder[key] = base64_of_hex(holder[key])
    return json_format.ParseDict(tree, ExportTraceServiceRequest(), ignore_unknown_fields=True)


def meaning(request: ExportTraceServiceRequest) -> dict[str, Any]:
    """The request as plain values; an empty message and a missing one mean the same for these fields."""
    tree = json_format.MessageToDict(request)
    for resource in tree.get("resourceSpans", []):
        drop_empty(resource, "resource")
        for scope in resource.get("scopeSpans", []):
            drop_empty(scope, "scope")
            for span in scope.get("spans", []):
                drop_empty(span, "status")
    return tree


def drop_empty(holder: dict[str, Any], key: str) -> None:
    if holder.get(key) == {}:
        del holder[key]
