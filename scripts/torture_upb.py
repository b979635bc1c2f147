"""Reads what codec-torture writes and holds each verdict against Python's protobuf (upb).

usage: codec-torture --write yes … | python scripts/torture_upb.py DESCRIPTORS

DESCRIPTORS is what protoc-c makes of proto/ with --descriptor_set_out: upb then knows the fields that the codec knows.
"""

from __future__ import annotations

import struct
import sys
from typing import BinaryIO

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal import api_implementation
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass


def part(stream: BinaryIO) -> bytes:
    (length,) = struct.unpack("<I", stream.read(4))
    return stream.read(length)


def request_class(path: str) -> type[Message]:
    pool = DescriptorPool()
    with open(path, "rb") as file:
        for description in FileDescriptorSet.FromString(file.read()).file:
            pool.Add(description)
    return GetMessageClass(
        pool.FindMessageTypeByName("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest")
    )


def canonical(body: bytes, request: type[Message]) -> bytes | None:
    """What upb reads in a body, as bytes that are equal where all fields are; None where it refuses it."""
    try:
        return request.FromString(body).SerializeToString(deterministic=True)
    except DecodeError:
        return None


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    request = request_class(sys.argv[1])
    read = compared = failures = 0
    while flag := sys.stdin.buffer.read(1):
        accepted, odd_text = bool(flag[0] & 1), bool(flag[0] & 2)
        body, encoded = part(sys.stdin.buffer), part(sys.stdin.buffer)
        read += 1
        if odd_text:
            continue  # upb refuses text that is not UTF-8; the collector repairs it.
        compared += 1
        expected = canonical(body, request)
        if accepted != (expected is not None):
            problem = "accepted" if accepted else "refused"
        elif accepted and canonical(encoded, request) != expected:
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
