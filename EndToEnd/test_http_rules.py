"""What HTTP itself asks of the ingest listener: spoken over bare sockets, since no client library would."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from collector import ANSWER_SECONDS, PROTOBUF, Collector, tracemend
from test_bad_input import GOOD

MIB = 1024 * 1024


def talk(port: int, *parts: bytes, until_closed: bool = False) -> bytes:
    """Sends the parts and returns what is answered, to the end of the connection or of one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
        for part in parts:
            connection.sendall(part)
        return read(connection, until_closed)


def read(connection: socket.socket, until_closed: bool = False) -> bytes:
    answer = b""
    while until_closed or not is_whole(answer):
        try:
            received = connection.recv(65536)
        except ConnectionResetError:
            break
        if not received:
            break
        answer += received
    return answer


def is_whole(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return len(body) >= int(lengths[0]) if lengths else True


def head(*lines: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"POST /v1/traces HTTP/{version}", "Host: x", *lines, "", ""]).encode()


TYPE = f"Content-Type: {PROTOBUF}"
LENGTH = f"Content-Length: {len(GOOD)}"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)

RULES: dict[str, tuple[bytes, int]] = {
    "a chunked body": (head(TYPE, "Transfer-Encoding: chunked") + CHUNKED, 200),
    "a chunked body in many chunks": (
        head(TYPE, "Transfer-Encoding: chunked")
        + b"".join(b"1;x=y\r\n%c\r\n" % byte for byte in GOOD) + b"0\r\nTrailer: 1\r\n\r\n", 200,
    ),
    "header names in any case": (head("CONTENT-TYPE: Application/X-PROTOBUF", LENGTH.lower()) + GOOD, 200),
    "no body and no length": (head(TYPE), 200),
    "a length that is told twice": (head(TYPE, LENGTH, "Content-Length: 1") + GOOD, 400),
    "a length below zero": (head(TYPE, "Content-Length: -1") + GOOD, 400),
    "a length that is no number": (head(TYPE, "Content-Length: many") + GOOD, 400),
    "a length beside chunks": (head(TYPE, LENGTH, "Transfer-Encoding: chunked") + CHUNKED, 400),
    "a chunk without a size": (head(TYPE, "Transfer-Encoding: chunked") + b"x\r\n", 400),
    "no HTTP at all": (b"\x16\x03\x01\x02\x00 hello\r\n\r\n", 400),
    "a header of 40 KiB": (head(TYPE, LENGTH, "X-Long: " + "x" * 40_000) + GOOD, 431),
    "many long headers": (head(TYPE, LENGTH, *[f"X-{n}: {'x' * 400}" for n in range(100)]) + GOOD, 431),
    "two hundred headers": (head(TYPE, LENGTH, *[f"X-{n}: 1" for n in range(200)]) + GOOD, 431),
}


@pytest.mark.parametrize("name", RULES)
def test_requests_are_judged_by_the_rules_of_http(collector: Collector, name: str) -> None:
    request, status = RULES[name]
    answer = talk(collector.port, request)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:300]
    assert collector.post(GOOD).status_code == 200


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(collector: Collector) -> None:
    with socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(head(TYPE, LENGTH, "Expect: 100-continue"))
        assert read(connection) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(GOOD)
        assert read(connection).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_is_told_to_be_too_large_is_refused_before_it_is_sent(collector: Collector) -> None:
    for expect in ([], ["Expect: 100-continue"]):
        answer = talk(collector.port, head(TYPE, f"Content-Length: {65 * MIB}", *expect))
        assert answer.startswith(b"HTTP/1.1 413 ") and b"Connection: close" in answer, answer[:300]
        assert b"limits.body_bytes" in answer


def test_a_client_that_sends_on_reads_its_refusal(collector: Collector) -> None:
    request = head("Content-Type: text/plain", f"Content-Length: {2 * MIB}") + bytes(2 * MIB)
    assert talk(collector.port, request, until_closed=True).startswith(b"HTTP/1.1 415 ")


def test_one_connection_carries_many_requests(collector: Collector) -> None:
    one = head(TYPE, LENGTH) + GOOD
    wrong = head("Content-Type: text/plain", LENGTH) + GOOD
    last = head(TYPE, LENGTH, "Connection: close") + GOOD
    answers = talk(collector.port, one + wrong + one + last, until_closed=True)
    statuses = [line[9:12] for line in answers.split(b"\r\n") if b"HTTP/1.1 " in line]
    assert [part.split(b" ")[1][:3] for part in answers.split(b"HTTP/1.1")[1:]] == [b"200", b"415", b"200", b"200"], (
        statuses
    )


@pytest.mark.parametrize("keep_alive", [False, True])
def test_http_1_0_closes_unless_asked_to_stay(collector: Collector, keep_alive: bool) -> None:
    lines = [TYPE, LENGTH] + (["Connection: keep-alive"] if keep_alive else [])
    with socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(head(*lines, version="1.0") + GOOD)
        first = read(connection)
        assert first.startswith(b"HTTP/1.0 200 ") and (b"Connection: keep-alive" in first) == keep_alive
        if keep_alive:
            connection.sendall(head(TYPE, LENGTH, version="1.0") + GOOD)
            assert read(connection).startswith(b"HTTP/1.0 200 ")
        assert connection.recv(1) == b""


def test_a_client_that_only_reads_on_gets_its_answer(collector: Collector) -> None:
    for lines in ([], ["Connection: close"]):
        with socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(head(TYPE, LENGTH, *lines) + GOOD)
            connection.shutdown(socket.SHUT_WR)
            assert read(connection, until_closed=True).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_ends_within_its_body_is_told(collector: Collector) -> None:
    with socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(head(TYPE, LENGTH) + GOOD[:5])
        connection.shutdown(socket.SHUT_WR)
        assert read(connection, until_closed=True).startswith(b"HTTP/1.1 400 ")


def test_what_is_left_unread_does_not_take_the_answer_back(collector: Collector) -> None:
    wrong = head(TYPE, "Content-Length: -1") + bytes(MIB)
    with socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(wrong)
        # The end of the answers is their end, and no reset.
        answer = b""
        while received := connection.recv(65536):
            answer += received
        assert answer.startswith(b"HTTP/1.1 400 ")


SLOW = """
limits:
  head_timeout: 300ms
  body_timeout: 300ms
  idle_timeout: 600ms
"""


def test_a_slow_client_is_sent_away_and_holds_nobody(start_collector: Callable[..., Collector]) -> None:
    collector = start_collector(SLOW)
    address = ("127.0.0.1", collector.port)
    slow = [socket.create_connection(address, timeout=ANSWER_SECONDS) for _ in range(40)]
    for number, connection in enumerate(slow):
        # A head that does not end, a body that does not come, and nothing at all.
        connection.sendall([b"POST /v1/traces HT", head(TYPE, LENGTH) + GOOD[:5], b""][number % 3])
    assert collector.post(GOOD).status_code == 200
    for number, connection in enumerate(slow):
        answer = read(connection, until_closed=True)
        if number % 3 == 1:
            assert answer.startswith(b"HTTP/1.1 408 ") and b"limits.body_timeout" in answer
        else:
            assert answer == b""
        connection.close()
    assert collector.post(GOOD).status_code == 200


def test_a_body_that_keeps_coming_slowly_ends_at_the_time_out(start_collector: Callable[..., Collector]) -> None:
    collector = start_collector("limits:\n  request_timeout: 300ms\n")
    with socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(head(TYPE, f"Content-Length: {10 * MIB}") + bytes(MIB))
        answer = read(connection, until_closed=True)
    assert answer.startswith(b"HTTP/1.1 408 ") and b"limits.request_timeout" in answer


def test_connections_beyond_the_limit_are_closed(start_collector: Callable[..., Collector]) -> None:
    collector = start_collector("limits:\n  connections: 2\n")
    address = ("127.0.0.1", collector.port)
    first, second = (socket.create_connection(address, timeout=ANSWER_SECONDS) for _ in range(2))
    for connection in (first, second):
        connection.sendall(head(TYPE, LENGTH) + GOOD)
        assert read(connection).startswith(b"HTTP/1.1 200 ")
    with socket.create_connection(address, timeout=ANSWER_SECONDS) as third:
        assert read(third, until_closed=True) == b""
    first.close()
    second.sendall(head(TYPE, LENGTH) + GOOD)
    assert read(second).startswith(b"HTTP/1.1 200 ")
    second.close()


# TLS


def make_certificate(folder: Path, name: str, authority: str | None = None) -> None:
    """A key and a certificate for 127.0.0.1, signed by the authority or by itself."""
    subprocess.run(
        ["openssl", "req", "-x509" if authority is None else "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
         "-keyout", f"{name}.key", "-out", f"{name}.pem" if authority is None else f"{name}.csr"]
        + (["-days", "2"] if authority is None else []),
        cwd=folder, check=True, capture_output=True,
    )
    if authority is not None:
        (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
        subprocess.run(
            ["openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
             "-CAcreateserial", "-days", "2", "-extfile", "extensions", "-out", f"{name}.pem"],
            cwd=folder, check=True, capture_output=True,
        )


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificate(folder, "authority")
    make_certificate(folder, "stranger")
    make_certificate(folder, "server", "authority")
    make_certificate(folder, "client", "authority")
    return folder


def post_over_tls(collector: Collector, certificates: Path, client: str | None) -> int:
    return requests.post(
        f"https://127.0.0.1:{collector.port}/v1/traces", data=GOOD, headers={"Content-Type": PROTOBUF},
        verify=str(certificates / "authority.pem"), timeout=ANSWER_SECONDS,
        cert=None if client is None else (str(certificates / f"{client}.pem"), str(certificates / f"{client}.key")),
    ).status_code


def test_exports_come_over_tls(start_collector: Callable[..., Collector], certificates: Path) -> None:
    collector = start_collector(
        f"tls:\n  certificate: {certificates}/server.pem\n  key: {certificates}/server.key\n"
    )
    assert f"https://127.0.0.1:{collector.port}" in collector.ready_line
    assert post_over_tls(collector, certificates, None) == 200
    # Whoever speaks plain HTTP there is not answered.
    assert talk(collector.port, head(TYPE, LENGTH) + GOOD, until_closed=True)[:4] != b"HTTP"
    assert collector.metrics()["tracemend_failed_tls_total"] >= 1
    assert "a client's TLS failed; see tls.certificate and tls.client_ca" in collector.log_tail()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", collector.port), timeout=ANSWER_SECONDS) as plain:
        assert old.wrap_socket(plain).version() == "TLSv1.2"


def test_with_a_client_authority_only_its_clients_may_send(
    start_collector: Callable[..., Collector], certificates: Path
) -> None:
    collector = start_collector(
        f"tls:\n  certificate: {certificates}/server.pem\n  key: {certificates}/server.key\n"
        f"  client_ca: {certificates}/authority.pem\n"
    )
    assert post_over_tls(collector, certificates, "client") == 200
    for client in (None, "stranger"):
        with pytest.raises(requests.exceptions.ConnectionError):
            post_over_tls(collector, certificates, client)


def test_unusable_certificates_stop_the_start(
    start_collector: Callable[..., Collector], certificates: Path, tmp_path: Path
) -> None:
    key = certificates / "client.key"
    with pytest.raises(AssertionError, match="tls"):
        start_collector(f"tls:\n  certificate: {certificates}/server.pem\n  key: {key}\n")
    with pytest.raises(AssertionError, match="tls.key"):
        start_collector(f"tls:\n  certificate: {certificates}/server.pem\n")
    with pytest.raises(AssertionError, match="tls.certificate"):
        start_collector(f"tls:\n  certificate: {tmp_path}/none.pem\n  key: {key}\n")


def test_tokens_of_the_configuration_and_of_a_file_are_asked_for(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("first\nsecond\n")
    with Collector(tmp_path / "data", f"tokens: [third]\ntokens_file: {tokens}\n") as collector:
        for token, status in {"first": 200, "second": 200, "third": 200, "fourth": 401, "first\tsecond": 401}.items():
            answer = requests.post(
                collector.endpoint + "/v1/traces", timeout=ANSWER_SECONDS,
                headers={"Content-Type": PROTOBUF, "Authorization": f"Bearer {token}"},
            )
            assert answer.status_code == status, token


def test_tokens_of_the_environment_are_asked_for(tmp_path: Path) -> None:
    collector = Collector(tmp_path)
    collector.environment["TRACEMEND_TOKENS"] = "one,two"
    with collector:
        for authorization, status in {"Bearer one": 200, "Bearer two": 200, "Bearer one,two": 401, None: 401}.items():
            headers = {"Content-Type": PROTOBUF} | ({"Authorization": authorization} if authorization else {})
            answer = requests.post(collector.endpoint + "/v1/traces", timeout=ANSWER_SECONDS, headers=headers)
            assert answer.status_code == status, authorization


def test_a_file_of_tokens_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    configuration = tmp_path / "tracemend.yaml"
    configuration.write_text(f"tokens_file: {tmp_path}/missing\n")
    done = tracemend("serve", "--config", configuration, "--data", tmp_path / "data")
    assert done.returncode != 0
    message = done.stderr.decode()
    assert "tokens_file" in message and f"{tmp_path}/missing" in message
