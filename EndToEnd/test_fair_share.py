"""A service that sends more than its share when there is too much, and another that does not."""

from __future__ import annotations

import socket
from collections.abc import Callable

from google.rpc.status_pb2 import Status

from collector import ANSWER_SECONDS, PROTOBUF, Collector
from load import until
from test_bad_input import request
from test_http_rules import TYPE, head, read, talk

KIB = 1024
CONFIGURATION = "limits: {bytes_in_flight: 1MiB, body_bytes: 1MiB}\n"


def export(service: str, padding: int = 0) -> bytes:
    made = request(name="x" * padding)
    made.resource_spans[0].resource.attributes.add(key="service.name").value.string_value = service
    return made.SerializeToString()


def post(body: bytes) -> bytes:
    return head(TYPE, f"Content-Length: {len(body)}") + body


def test_a_service_that_runs_away_is_held_back_before_its_body_and_others_are_served(
    start_collector: Callable[..., Collector],
) -> None:
    collector = start_collector(CONFIGURATION)
    with (
        socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as other,
        socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as runaway,
        socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as slow,
    ):
        # While there is room, everybody may send as much as they like.
        for connection, service, times in ((runaway, "runaway", 8), (other, "other", 1)):
            for _ in range(times):
                connection.sendall(post(export(service, 100 * KIB)))
                assert read(connection).startswith(b"HTTP/1.1 200 ")
        # More than half of the room is taken by a body that has not come to its end.
        slow.sendall(head(TYPE, f"Content-Length: {700 * KIB}") + b"\n" + bytes([8]) * (600 * KIB))
        until_taken(collector, 600 * KIB)

        # Who sent most on this connection is known, so the body is not asked for.
        runaway.sendall(head(TYPE, f"Content-Length: {100 * KIB}", "Expect: 100-continue"))
        answer_head, _, body = read(runaway).partition(b"\r\n\r\n")
        lines = answer_head.decode().split("\r\n")
        assert lines[0].startswith("HTTP/1.1 429 "), lines
        assert "Retry-After: 1" in lines and f"Content-Type: {PROTOBUF}" in lines, lines
        status = Status.FromString(body)
        assert status.code == 8 and '"runaway"' in status.message, status

        # On a new connection it is known once the body is read.
        assert talk(collector.port, post(export("runaway", KIB))).startswith(b"HTTP/1.1 429 ")
        other.sendall(post(export("other", 100 * KIB)))
        assert read(other).startswith(b"HTTP/1.1 200 ")
    # The room is free again.
    until_taken(collector, 0)
    assert talk(collector.port, post(export("runaway", KIB))).startswith(b"HTTP/1.1 200 ")
    assert collector.metrics()['tracemend_rejected_requests_total{status="429"}'] == 2


def test_a_service_that_sends_most_may_send_bodies_of_any_size_while_nobody_else_sends(
    start_collector: Callable[..., Collector],
) -> None:
    collector = start_collector(CONFIGURATION)
    with socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as connection:
        assert talk(collector.port, post(export("other"))).startswith(b"HTTP/1.1 200 ")
        for _ in range(3):
            connection.sendall(post(export("large", 900 * KIB)))
            assert read(connection).startswith(b"HTTP/1.1 200 ")


def until_taken(collector: Collector, count: int) -> None:
    taken = until(lambda: collector.metrics()["tracemend_bytes_in_flight"], lambda taken: abs(taken - count) < 10 * KIB)
    assert abs(taken - count) < 10 * KIB, taken
