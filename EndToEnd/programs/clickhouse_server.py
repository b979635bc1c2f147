"""ClickHouse's engine in this process, behind the part of its HTTP interface that clients need.

usage: clickhouse_server.py PORT DIRECTORY [USER PASSWORD]

A statement comes as the body, or as the parameter `query` with the rows of an insert as the body; other parameters are settings.
Exceptions are answered as the server answers them: the code in a header, the text as the body.
"""

from __future__ import annotations

import gzip
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import chdb

# A cluster whose one shard is this engine: others would need a server that listens.
SERVER_CONFIGURATION = """\
<clickhouse>
  <tcp_port>9000</tcp_port>
  <macros><shard>1</shard><replica>one</replica></macros>
  <remote_servers><main>
    <shard><internal_replication>true</internal_replication>
      <replica><host>127.0.0.1</host><port>9000</port></replica></shard>
  </main></remote_servers>
</clickhouse>
"""
NOT_SETTINGS = ("query", "database", "wait_end_of_query")
STATUS = {516: 403, 60: 404, 81: 404, 62: 400, 47: 400, 115: 400}


class Engine:
    """One session; statements come one after the other."""

    def __init__(self, directory: Path):
        self.rows = directory / "rows.bin"
        configuration = directory / "server.xml"
        configuration.write_text(SERVER_CONFIGURATION)
        self.connection = chdb.connect(f"{directory / 'store'}?config-file={configuration}")
        self.lock = threading.Lock()

    def run(self, statement: str, rows: bytes | None, settings: dict[str, str]) -> bytes:
        with self.lock:
            for name, value in settings.items():
                self.connection.query(f"SET {name} = {value if value.isdigit() else repr(value)}")
            if rows is None:
                return self.connection.query(statement, "TabSeparated").bytes()
            self.rows.write_bytes(rows)
            into, format = re.fullmatch(r"(.*)\sFORMAT\s+(\w+)\s*", statement, re.DOTALL).groups()
            return self.connection.query(f"{into} FROM INFILE '{self.rows}' FORMAT {format}").bytes()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine: Engine
    credentials: tuple[str, str] | None = None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        parameters = dict(parse_qsl(urlsplit(self.path).query))
        given = (self.headers.get("X-ClickHouse-User"), self.headers.get("X-ClickHouse-Key"))
        if self.credentials is not None and given != self.credentials:
            return self.answer_exception(
                f"Code: 516. DB::Exception: {given[0]}: Authentication failed: password is incorrect, or there is no user "
                "with such name. (AUTHENTICATION_FAILED)"
            )
        settings = {name: value for name, value in parameters.items() if name not in NOT_SETTINGS}
        statement, rows = (parameters["query"], body) if "query" in parameters else (body.decode(), None)
        try:
            self.answer(200, self.engine.run(statement, rows, settings))
        except Exception as error:  # Whatever the engine says is an answer.
            self.answer_exception(str(error))

    def do_GET(self) -> None:
        self.answer(200, b"Ok.\n")

    def answer_exception(self, text: str) -> None:
        found = re.match(r"Code: (\d+)", text)
        code = int(found[1]) if found else 1002
        self.answer(STATUS.get(code, 500), text.encode() + b"\n", {"X-ClickHouse-Exception-Code": str(code)})

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        print(format % arguments, file=sys.stderr, flush=True)


def main(port: str, directory: str, *credentials: str) -> None:
    Handler.engine = Engine(Path(directory))
    Handler.credentials = (credentials[0], credentials[1]) if credentials else None
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    print("ready", flush=True)
    server.serve_forever()


main(*sys.argv[1:])
