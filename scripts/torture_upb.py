"""Reads what codec-torture writes and holds each verdict against Python's protobuf (upb).

usage: codec-torture --write yes … | python scripts/torture_upb.py
"""

from __future__ import annotations

import struct
import sys
from typing import BinaryIO

from google.protobuf.internal import api_implementation
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def part(stream: BinaryIO) -> bytes:
    (length,) = struct.unpack("<I", stream.read(4))
    return stream.read(length)


def canonical(body: bytes) -> bytes | None:
    """What upb reads in a body, as bytes that are equal where all fields are; None where it refuses it."""
    try:
        return ExportTraceServiceRequest.FromString(body).SerializeToString(deterministic=True)
    except DecodeError:
        return None


def main() -> int:
    read = compared = failures = 0
    while flag := sys.stdin.buffer.read(1):
        accepted, odd_text = bool(flag[0] & 1), bool(flag[0] & 2)
        body, encoded = part(sys.stdin.buffer), part(sys.stdin.buffer)
        read += 1
        if odd_text:
            continue  # upb refuses text that is not UTF-8; the collector repairs it.
        compared += 1
        expected = canonical(body)
        if accepted != (expected is not None):
            problem = "accepted" if accepted else "refused"
        elif accepted and canonical(encoded) != expected:
            problem = "other fields"
        else:
            continue
        failures += 1
        print(f"{problem}: {body.hex()}", file=sys.stderr)
        if failures == 10:
            break
    kind = api_implementation.Type()
    print(f"{read} mutants, {compared} compared with protobuf's {kind}, {failures} failures", file=sys.stderr)
    return 1 if failures or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
