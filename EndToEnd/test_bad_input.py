"""What is wrong is answered by the rules of OTLP, and the collector lives on."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import secrets
import socket
import zlib
from collections.abc import Callable, Iterator

import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from collector import ANSWER_SECONDS, JSON, PROTOBUF, Collector, run_id

MIB = 1024 * 1024
BODY_LIMIT = 64 * MIB
DEPTH = 100_000


def request(
    name: str = "a span", trace_id: bytes = b"\x11" * 16, span_id: bytes = b"\x22" * 8
) -> ExportTraceServiceRequest:
    made = ExportTraceServiceRequest()
    made.resource_spans.add().scope_spans.add().spans.add(
        name=name, trace_id=trace_id, span_id=span_id,
        start_time_unix_nano=1_700_000_000_000_000_000, end_time_unix_nano=1_700_000_000_000_000_001,
    )
    return made


GOOD = request().SerializeToString()


def json_spans(*spans: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


def json_span(**fields: object) -> dict[str, object]:
    return {"traceId": "11" * 16, "spanId": "33" * 8, "name": "a span"} | fields


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def nested(tags: list[int]) -> bytes:
    """Length-delimited fields, each inside the one before; made from the inside out without copying."""
    heads = []
    length = 0
    for tag in reversed(tags):
        head = bytes([tag << 3 | 2]) + varint(length)
        heads.append(head)
        length += len(head)
    return b"".join(reversed(heads))


def deep_protobuf_value() -> bytes:
    # Span.attributes 9, KeyValue.value 2; then AnyValue.array_value 5 and ArrayValue.values 1 for each level.
    made = request()
    span = made.resource_spans[0].scope_spans[0].spans[0].SerializeToString() + nested([9, 2] + [5, 1] * DEPTH)
    # ExportTraceServiceRequest.resource_spans 1, .scope_spans 2, .spans 2.
    for tag in (2, 2, 1):
        span = bytes([tag << 3 | 2]) + varint(len(span)) + span
    return span


def deep_json_value() -> bytes:
    value = '{"arrayValue":{"values":[' * DEPTH + '{"intValue":"1"}' + "]}}" * DEPTH
    span = json.dumps(json_span(attributes=[{"key": "deep", "value": "VALUE"}])).replace('"VALUE"', value)
    return json_spans("SPAN").replace(b'"SPAN"', span.encode())


def gzip_bomb() -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    chunk = bytes(MIB)
    return b"".join([compressor.compress(chunk) for _ in range(200)] + [compressor.flush()])


@pytest.fixture(autouse=True)
def lives_on(collector: Collector) -> Iterator[None]:
    yield
    assert collector.is_running, collector.log_tail()
    answer = collector.post(GOOD)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == PROTOBUF


BAD_BODIES: dict[str, tuple[str, Callable[[], bytes], str | None]] = {
    "truncated protobuf": (PROTOBUF, lambda: GOOD[:-1], None),
    "protobuf that is text": (PROTOBUF, lambda: b"these are not spans", None),
    "a length beyond the end": (PROTOBUF, lambda: b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", None),
    "a field number of zero": (PROTOBUF, lambda: b"\x00\x01", None),
    "an endless varint": (PROTOBUF, lambda: b"\x0a" + b"\xff" * 11, None),
    "truncated JSON": (JSON, lambda: json_spans(json_span())[:-1], None),
    "JSON with something behind it": (JSON, lambda: json_spans(json_span()) + b"x", None),
    "a number for an array": (JSON, lambda: b'{"resourceSpans": 5}', None),
    "an array for the request": (JSON, lambda: b"[]", None),
    "a number for a name": (JSON, lambda: json_spans(json_span(name=5)), None),
    "a string for a span": (JSON, lambda: json_spans("span"), None),
    "words for a time": (JSON, lambda: json_spans(json_span(startTimeUnixNano="noon")), None),
    "truncated gzip": (PROTOBUF, lambda: gzip.compress(GOOD)[:-4], "gzip"),
    "gzip with a wrong checksum": (PROTOBUF, lambda: gzip.compress(GOOD)[:-8] + bytes(8), "gzip"),
    "gzip with something behind it": (PROTOBUF, lambda: gzip.compress(GOOD) + b"junk", "gzip"),
    "two gzip members with zeros behind them": (PROTOBUF, lambda: 2 * gzip.compress(GOOD) + bytes(4), "gzip"),
    "deflate with something behind it": (PROTOBUF, lambda: zlib.compress(GOOD) + b"junk", "deflate"),
    "no bytes that claim to be gzip": (JSON, lambda: b"", "gzip"),
    "plain bytes that claim to be gzip": (PROTOBUF, lambda: GOOD, "gzip"),
    "plain bytes that claim to be deflate": (PROTOBUF, lambda: GOOD, "deflate"),
}


def status_of(body: bytes, content_type: str) -> tuple[int, str]:
    """google.rpc.Status in the encoding of the request."""
    if content_type == JSON:
        status = json.loads(body)
        return status.get("code", 0), status["message"]
    decoded = Status.FromString(body)
    return decoded.code, decoded.message


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_body_that_cannot_be_read_is_answered_400_with_a_status(collector: Collector, case: str) -> None:
    content_type, body, encoding = BAD_BODIES[case]
    answer = collector.post(body(), content_type, encoding)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == content_type
    _, message = status_of(answer.content, content_type)
    assert message, "a status says what is wrong"


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", None])
def test_another_media_type_is_answered_415(collector: Collector, content_type: str | None) -> None:
    answer = collector.post(GOOD, content_type)
    assert answer.status_code == 415
    assert answer.headers["Content-Type"] == JSON
    _, message = status_of(answer.content, JSON)
    assert "Content-Type" in message


@pytest.mark.parametrize("content_type", ["application/X-Protobuf", "application/x-protobuf; charset=utf-8"])
def test_the_case_and_parameters_of_a_media_type_do_not_matter(collector: Collector, content_type: str) -> None:
    answer = collector.post(GOOD, content_type)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == PROTOBUF


@pytest.mark.parametrize("encoding", ["br", "zstd", "snappy", "lzma"])
def test_another_encoding_is_answered_415(collector: Collector, encoding: str) -> None:
    answer = collector.post(GOOD, encoding=encoding)
    assert answer.status_code == 415
    assert answer.headers["Content-Type"] == PROTOBUF
    assert "Content-Encoding" in status_of(answer.content, PROTOBUF)[1]


@pytest.mark.parametrize("encoding", ["identity", "GZIP", "gzip, twice"])
def test_known_encodings_are_read_whatever_their_case(collector: Collector, encoding: str) -> None:
    if encoding == "gzip, twice":
        half = len(GOOD) // 2
        body, name = gzip.compress(GOOD[:half]) + gzip.compress(GOOD[half:]), "gzip"
    else:
        body, name = GOOD if encoding == "identity" else gzip.compress(GOOD), encoding
    assert collector.post(body, encoding=name).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_answered_405(collector: Collector, method: str) -> None:
    answer = collector.post(b"", method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/v1/nothing", "/v2/traces", "/rollout/r/attempt", "/rollout/r/attempt/a/v1/nothing"])
def test_another_path_is_answered_404(collector: Collector, path: str) -> None:
    assert collector.post(GOOD, path=path).status_code == 404


@pytest.mark.parametrize(("content_type", "empty"), [(PROTOBUF, b""), (JSON, b"{}")])
def test_an_empty_request_is_fine(collector: Collector, content_type: str, empty: bytes) -> None:
    answer = collector.post(empty, content_type)
    assert (answer.status_code, answer.content) == (200, empty)
    assert answer.headers["Content-Type"] == content_type


def test_other_signals_are_taken_quietly(collector: Collector) -> None:
    assert collector.post(b"", path="/v1/metrics").status_code == 200
    assert collector.post(b"", path="/v1/logs").status_code == 200


# Limits


def test_a_gzip_bomb_is_answered_413(collector: Collector) -> None:
    answer = collector.post(gzip_bomb(), encoding="gzip")
    assert answer.status_code == 413
    assert status_of(answer.content, PROTOBUF)[1]


def test_a_body_that_is_said_to_be_too_long_is_answered_413_before_it_is_read(collector: Collector) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=ANSWER_SECONDS)
    connection.putrequest("POST", "/v1/traces")
    connection.putheader("Content-Type", PROTOBUF)
    connection.putheader("Content-Length", str(BODY_LIMIT + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert status_of(answer.read(), PROTOBUF)[1]
    connection.close()


def test_a_chunked_body_that_grows_too_long_is_answered_413(collector: Collector) -> None:
    with socket.create_connection(("127.0.0.1", collector.port), ANSWER_SECONDS) as connection:
        head = f"POST /v1/traces HTTP/1.1\r\nHost: here\r\nContent-Type: {PROTOBUF}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        chunk = b"100000\r\n" + bytes(MIB) + b"\r\n"
        try:
            for _ in range(BODY_LIMIT // MIB + 2):
                connection.sendall(chunk)
            connection.sendall(b"0\r\n\r\n")
        except ConnectionError:
            pass  # Refused while it was still being sent; the answer waits to be read.
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        assert answer.status == 413


@pytest.mark.parametrize("body", [(PROTOBUF, deep_protobuf_value), (JSON, deep_json_value)], ids=["protobuf", "JSON"])
def test_values_nested_too_deeply_are_dropped_and_that_is_told(
    collector: Collector, body: tuple[str, Callable[[], bytes]]
) -> None:
    content_type, make = body
    answer = collector.post(make(), content_type)
    assert answer.status_code == 200
    response = ExportTraceServiceResponse()
    if content_type == JSON:
        json_format.Parse(answer.text, response)
    else:
        response.ParseFromString(answer.content)
    assert response.partial_success.rejected_spans == 0
    assert response.partial_success.error_message


def test_unknown_json_nested_too_deeply_does_no_harm(collector: Collector) -> None:
    body = b'{"unknown":' + b"[" * DEPTH + b"]" * DEPTH + b"}"
    assert collector.post(body, JSON).status_code in (200, 400)


# Spans that are wrong among spans that are right


@pytest.mark.parametrize(
    "wrong", [{"trace_id": b"\x11" * 15}, {"span_id": b"\x22" * 7}, {"trace_id": bytes(16)}, {"span_id": b""}],
    ids=["15 bytes for a trace", "7 bytes for a span", "a trace id of zeros", "no span id"],
)
def test_a_span_without_usable_ids_is_rejected_and_the_others_are_kept(
    collector: Collector, pair: tuple[str, str], wrong: dict[str, bytes]
) -> None:
    body = request("right", trace_id=b"\x44" * 16, span_id=secrets.token_bytes(8))
    body.MergeFrom(request("wrong", **wrong))
    answer = collector.post(body.SerializeToString(), path=f"/rollout/{pair[0]}/attempt/{pair[1]}/v1/traces")
    assert answer.status_code == 200
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert partial.rejected_spans == 1
    assert partial.error_message
    collector.close_attempt(*pair)
    assert [span["name"] for span in collector.spans(run_id(*pair))] == ["right"]


def test_a_rejected_span_is_told_in_json_too(collector: Collector) -> None:
    answer = collector.post(json_spans(json_span(), json_span(traceId="11" * 15)), JSON)
    assert answer.status_code == 200
    partial = answer.json()["partialSuccess"]
    assert int(partial["rejectedSpans"]) == 1
    assert partial["errorMessage"]


def test_text_that_is_not_utf8_is_repaired(collector: Collector, pair: tuple[str, str]) -> None:
    body = request("half a letter: $", trace_id=b"\x55" * 16, span_id=b"\x66" * 8).SerializeToString()
    answer = collector.post(body.replace(b"$", b"\xc3"), path=f"/rollout/{pair[0]}/attempt/{pair[1]}/v1/traces")
    assert answer.status_code == 200
    collector.close_attempt(*pair)
    [span] = collector.spans(run_id(*pair))
    assert span["name"] == "half a letter: \ufffd"


LONG_CHARACTER = "a" + "\u0301" * (5 * MIB)


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_a_name_that_is_one_endless_character_makes_no_endless_answer(collector: Collector, content_type: str) -> None:
    rejected = request(LONG_CHARACTER, span_id=b"")
    body = rejected.SerializeToString() if content_type == PROTOBUF else json_spans(json_span(name=LONG_CHARACTER, spanId=""))
    answer = collector.post(body, content_type)
    assert answer.status_code == 200
    assert 0 < len(answer.content) < 1000


def test_a_key_that_is_one_endless_character_makes_no_endless_answer(collector: Collector) -> None:
    answer = collector.post(b'{"resourceSpans": [{"' + LONG_CHARACTER.encode() + b'": [1,}]}', JSON)
    assert answer.status_code == 400
    assert 0 < len(answer.content) < 1000


IDS = {
    "hexadecimal text, 32 and 16 bytes": (b"0af7651916cd43dd8448eb211c80319c", b"b7ad6b7169203331"),
    "base64 of hexadecimal text, 24 and 12 bytes": (
        base64.b64decode(b"0af7651916cd43dd8448eb211c80319c"), base64.b64decode(b"b7ad6b7169203331"),
    ),
}


@pytest.mark.parametrize("case", IDS)
def test_ids_that_were_written_as_text_are_read_with_a_warning(collector: Collector, case: str) -> None:
    trace_id, span_id = IDS[case]
    answer = collector.post(request("by text", trace_id, span_id).SerializeToString())
    assert answer.status_code == 200
    success = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert success.rejected_spans == 0
    assert success.error_message
    run = "0af7651916cd43dd8448eb211c80319c"
    collector.close(run)
    assert [span["span_id"] for span in collector.spans(run)] == ["b7ad6b7169203331"]


TAKEN: dict[str, tuple[str, bytes, str | None]] = {
    "gzip of nothing": (PROTOBUF, gzip.compress(b""), "gzip"),
    "the other name of protobuf": ("application/protobuf", GOOD, None),
    "a resource without scopes": (PROTOBUF, bytes([0x0A, 0x00]), None),
    "a scope without spans": (PROTOBUF, bytes([0x0A, 0x02, 0x12, 0x00]), None),
    "an empty resource in JSON": (JSON, b'{"resourceSpans":[{}]}', None),
    "an empty scope in JSON": (JSON, b'{"resourceSpans":[{"scopeSpans":[{}]}]}', None),
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_holds_little_is_a_full_success(collector: Collector, case: str) -> None:
    content_type, body, encoding = TAKEN[case]
    answer = collector.post(body, content_type, encoding)
    assert answer.status_code == 200
    assert answer.content == (b"{}" if content_type == JSON else b"")
    assert answer.headers["Content-Type"] == (JSON if content_type == JSON else PROTOBUF)
    assert "Content-Encoding" not in answer.headers


def bytes_of_nothing_but_records() -> bytes:
    return bytes([0x0A, 0x00]) * (4 * MIB)


def attributes_of_nothing() -> bytes:
    # Span.attributes 9, each an empty KeyValue.
    span = bytes([0x4A, 0x00]) * (4 * MIB)
    for tag in (2, 2, 1):
        span = bytes([tag << 3 | 2]) + varint(len(span)) + span
    return span


@pytest.mark.parametrize("body", [bytes_of_nothing_but_records, attributes_of_nothing])
def test_more_records_than_are_allowed_are_answered_413(collector: Collector, body: Callable[[], bytes]) -> None:
    answer = collector.post(body())
    assert answer.status_code == 413
    assert status_of(answer.content, PROTOBUF)[1]


@pytest.mark.parametrize("between", ["at once", "after a delivery"])
def test_a_request_that_is_sent_again_is_there_once(collector: Collector, between: str) -> None:
    # As a client does that did not see the answer.
    rollout = f"again-{secrets.token_hex(4)}"
    sent = request(trace_id=secrets.token_bytes(16))
    second = sent.resource_spans[0].scope_spans[0].spans.add()
    second.CopyFrom(sent.resource_spans[0].scope_spans[0].spans[0])
    second.span_id, second.parent_span_id = b"\x23" * 8, b"\x22" * 8
    second.events.add(name="e")
    for _ in range(3):
        answer = collector.post(sent.SerializeToString(), path=f"/rollout/{rollout}/attempt/a/v1/traces")
        assert (answer.status_code, answer.content) == (200, b"")
        if between == "after a delivery":
            collector.close_attempt(rollout, "a")
    collector.close_attempt(rollout, "a")
    spans = collector.spans(run_id(rollout, "a"))
    assert sorted((span["span_id"], len(span["events"])) for span in spans) == [("22" * 8, 0), ("23" * 8, 1)]


def members(*contents: bytes) -> bytes:
    return b"".join(gzip.compress(content, 1) for content in contents)


def raw_deflate(content: bytes) -> bytes:
    return zlib.compress(content, 9)


LIARS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    # The last member tells that it holds nothing.
    "gzip with an empty last member": (lambda content: members(content, b""), "gzip"),
    "deflate of a thousand to one": (raw_deflate, "deflate"),
}


@pytest.mark.parametrize("case", LIARS)
def test_bodies_that_hold_more_than_they_tell_are_read_whole(collector: Collector, case: str) -> None:
    compress, encoding = LIARS[case]
    rollout = f"liar-{secrets.token_hex(4)}"
    sent = request("x" * (8 * MIB), secrets.token_bytes(16)).SerializeToString()
    answer = collector.post(compress(sent), encoding=encoding, path=f"/rollout/{rollout}/attempt/a/v1/traces")
    assert (answer.status_code, answer.content) == (200, b"")
    collector.close_attempt(rollout, "a")
    assert [len(span["name"]) for span in collector.spans(run_id(rollout, "a"))] == [8 * MIB]


@pytest.mark.parametrize("encoding", [None, "gzip"])
@pytest.mark.parametrize("count", [20_000, 100_000])
def test_bodies_with_many_records_for_their_size_are_read_whole(
    collector: Collector, encoding: str | None, count: int
) -> None:
    rollout = f"records-{secrets.token_hex(4)}"
    made = request(trace_id=secrets.token_bytes(16))
    for _ in range(count):
        made.resource_spans[0].scope_spans[0].spans[0].events.add(name="e")
    sent = made.SerializeToString()
    body = gzip.compress(sent) if encoding else sent
    answer = collector.post(body, encoding=encoding, path=f"/rollout/{rollout}/attempt/a/v1/traces")
    assert (answer.status_code, answer.content) == (200, b"")
    collector.close_attempt(rollout, "a")
    (span,) = collector.spans(run_id(rollout, "a"))
    assert len(span["events"]) == count


@pytest.mark.parametrize(("encoding", "size"), [(None, 62 * MIB), ("gzip", 20 * MIB)])
def test_a_large_body_is_kept_and_read_back(collector: Collector, encoding: str | None, size: int) -> None:
    rollout = f"large-{secrets.token_hex(4)}"
    made = request(trace_id=secrets.token_bytes(16))
    value = secrets.token_hex(size // 2)
    made.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="text").value.string_value = value
    sent = made.SerializeToString()
    body = gzip.compress(sent, 1) if encoding else sent
    answer = collector.post(body, encoding=encoding, path=f"/rollout/{rollout}/attempt/a/v1/traces")
    assert (answer.status_code, answer.content) == (200, b"")
    collector.close_attempt(rollout, "a")
    (span,) = collector.spans(run_id(rollout, "a"))
    assert span["attributes"]["text"] == value
