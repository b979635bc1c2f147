"""The memory of the collector under bodies that are made to cost much of it: 64 connections, 1 MB each, Archive off.

usage: python EndToEnd/bench_memory.py [--seconds N] [BODY…]

Needs wrk and a release build. Prints the peak of the process for each body, and fails where one is over the limit."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import subprocess

from collector import JSON, PROTOBUF, Collector
from bench_server import peak_mib

MIB = 1 << 20
LIMIT_MIB = 256
CONNECTIONS = 64
BODY_BYTES = 1 << 20
CONFIGURATION = "archive: {enabled: false}\nlog: {level: error}\n"

POST = """
local body
function init(args)
    local handle = assert(io.open(args[1], "rb"))
    body = handle:read("*a")
    handle:close()
    wrk.headers["Content-Type"] = args[2]
    if args[3] ~= "identity" then wrk.headers["Content-Encoding"] = args[3] end
end
function request() return wrk.format("POST", nil, nil, body) end
function done(summary)
    io.write(string.format("@@ %d %d\\n", summary.requests, summary.errors.status))
end
"""


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(encoded) + bytes([value])


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


IDS = field(1, b"\x01" * 16) + field(2, b"\x02" * 8)


def request(spans: bytes) -> bytes:
    return field(1, field(2, spans))


def filled(piece: bytes, size: int = BODY_BYTES) -> bytes:
    return piece * ((size - 200) // len(piece))


def inflates(size: int) -> bytes:
    """Spans full of attributes, a hundredth of their size once compressed."""
    attribute = field(9, field(1, b"k") + field(2, field(1, b"x" * 50)))
    span = field(2, IDS + filled(attribute, 60_000))
    return gzip.compress(request(filled(span, size)), 6)


def lying(content: bytes) -> bytes:
    """Says at its end that it holds hardly anything."""
    return content[:-4] + (1000).to_bytes(4, "little")


def json_span(fields: str) -> bytes:
    return (
        '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"' + "01" * 16 + '","spanId":"' + "02" * 8 + f'",{fields}'
        "}]}]}]}"
    ).encode()


def json_filled(piece: str) -> str:
    return ",".join([piece] * ((BODY_BYTES - 300) // (len(piece) + 1)))


def nested_json() -> bytes:
    depth = 30
    value = '{"arrayValue":{"values":[' * depth + '{"intValue":"1"}' + "]}}" * depth
    return json_span('"attributes":[' + json_filled('{"key":"k","value":' + value + "}") + "]")


def log_records() -> bytes:
    # LogRecord: attributes 6, trace_id 9, span_id 10, event_name 12.
    record = field(9, b"\x01" * 16) + field(10, b"\x02" * 8) + field(12, b"gen_ai.user.message")
    return request(filled(field(2, record)))


# name: (path, media type, content encoding, the body)
BODIES: dict[str, tuple[str, str, str, Callable[[], bytes]]] = {
    "text": ("traces", PROTOBUF, "identity", lambda: request(field(2, IDS + field(5, os.urandom(BODY_BYTES // 2).hex().encode())))),
    "spans": ("traces", PROTOBUF, "identity", lambda: request(filled(field(2, IDS)))),
    "empty-resources": ("traces", PROTOBUF, "identity", lambda: filled(field(1, b""))),
    "empty-attributes": ("traces", PROTOBUF, "identity", lambda: request(field(2, IDS + filled(field(9, b""))))),
    "empty-events": ("traces", PROTOBUF, "identity", lambda: request(field(2, IDS + filled(field(11, b""))))),
    "empty-values": (
        "traces", PROTOBUF, "identity",
        lambda: request(field(2, IDS + field(9, field(1, b"k") + field(2, field(5, filled(field(1, b""))))))),
    ),
    "bomb": ("traces", PROTOBUF, "gzip", lambda: gzip.compress(bytes(1000 * MIB), 6)),
    "inflates-to-62MiB": ("traces", PROTOBUF, "gzip", lambda: inflates(62 * MIB)),
    "inflates-to-62MiB-and-lies": ("traces", PROTOBUF, "gzip", lambda: lying(inflates(62 * MIB))),
    "json-spans": ("traces", JSON, "identity", lambda: json_span('"links":[' + json_filled("{}") + "]")),
    "json-nested": ("traces", JSON, "identity", nested_json),
    "json-unknown": ("traces", JSON, "identity", lambda: b'{"unknown":' + b"[" * (BODY_BYTES // 2) + b"]" * (BODY_BYTES // 2) + b"}"),
    "json-escapes": ("traces", JSON, "identity", lambda: json_span('"name":"' + "\\u0001" * (BODY_BYTES // 6 - 50) + '"')),
    "json-attributes": (
        "traces", JSON, "identity", lambda: json_span('"attributes":[' + json_filled('{"key":"k","value":{}}') + "]"),
    ),
    "log-records": ("logs", PROTOBUF, "identity", log_records),
    "json-log-records": (
        "logs", JSON, "identity",
        lambda: json.dumps(
            {"resourceLogs": [{"scopeLogs": [{"logRecords": [
                {"traceId": "01" * 16, "spanId": "02" * 8, "eventName": "gen_ai.user.message"}] * 10_000}]}]}
        ).encode(),
    ),
}


def peak(name: str, seconds: int, folder: Path) -> tuple[float, int, int]:
    """The peak in MiB, how many requests were answered, and how many of them refused."""
    path, media_type, encoding, make = BODIES[name]
    body, script = folder / name, folder / "post.lua"
    body.write_bytes(make())
    script.write_text(POST)
    with Collector(folder / f"{name}-collector", CONFIGURATION) as collector:
        told = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "60s", "-s", script,
             f"{collector.endpoint}/v1/{path}", "--", body, media_type, encoding],
            check=True, capture_output=True, text=True,
        ).stdout
        figures = next(line for line in told.splitlines() if line.startswith("@@ "))
        requests, refused = map(int, figures.split()[1:])
        assert collector.is_healthy(), collector.log_tail()
        return peak_mib(collector.process.pid), requests, refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("bodies", nargs="*", metavar="BODY", choices=[*BODIES, []])
    arguments = parser.parse_args()
    os.environ.setdefault("TRACEMEND_ARCHIVE_ENABLED", "false")
    over = []
    print(f"{'body':28} {'peak MiB':>8} {'requests':>9} {'refused':>8}")
    for name in arguments.bodies or BODIES:
        with tempfile.TemporaryDirectory(prefix="tracemend-memory-") as folder:
            mib, requests, refused = peak(name, arguments.seconds, Path(folder))
        print(f"{name:28} {mib:8.0f} {requests:9} {refused:8}", flush=True)
        if mib > LIMIT_MIB:
            over.append(name)
    if over:
        sys.exit(f"over {LIMIT_MIB} MiB: {', '.join(over)}")


if __name__ == "__main__":
    main()
