"""A stand-in for a LightningStore that keeps what it took over a crash, which Agent-lightning's own store in memory does not.

usage: durable_store.py PORT FILE DIE_AT WHEN
It speaks what deliveries need of the store's interface and, like it, keeps the first span of an id in an attempt. It
kills itself with SIGKILL at the DIE_ATth export request (0: never): WHEN it is `before` its commit or `after`, with no answer.
"""

import gzip
import json
import os
import secrets
import signal
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

port, file, die_at, when = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
lock = threading.Lock()
database = sqlite3.connect(file, check_same_thread=False)
database.executescript("""
    CREATE TABLE IF NOT EXISTS attempts (rollout TEXT, attempt TEXT, status TEXT);
    CREATE TABLE IF NOT EXISTS spans (rollout TEXT, attempt TEXT, span TEXT, sequence INTEGER, start REAL,
        PRIMARY KEY (rollout, attempt, span));
    CREATE TABLE IF NOT EXISTS repeated (span TEXT);
""")
exports = 0


class Unknown(Exception):
    """An attempt that nobody made: the real store answers 500."""


def take(body: bytes) -> None:
    global exports
    request = ExportTraceServiceRequest.FromString(body)
    with lock:
        exports += 1
        if exports == die_at and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        with database:
            for resource in request.resource_spans:
                ids = {entry.key: entry.value.string_value for entry in resource.resource.attributes}
                pair = ids["agentlightning.rollout_id"], ids["agentlightning.attempt_id"]
                if not database.execute("SELECT 1 FROM attempts WHERE rollout = ? AND attempt = ?", pair).fetchone():
                    raise Unknown
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        keep(pair, span)
        if exports == die_at and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)


def keep(pair: tuple[str, str], span) -> None:
    sequence = {entry.key: entry.value.int_value for entry in span.attributes}["agentlightning.span_sequence_id"]
    row = (*pair, span.span_id.hex(), sequence, span.start_time_unix_nano / 1e9)
    if not database.execute("INSERT OR IGNORE INTO spans VALUES (?, ?, ?, ?, ?)", row).rowcount:
        database.execute("INSERT INTO repeated VALUES (?)", (span.span_id.hex(),))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = url.path.strip("/").split("/")
        with lock:
            if parts == ["v1", "agl", "health"]:
                self.answer(200, {"status": "ok"})
            elif parts == ["v1", "agl", "statistics"]:
                (repeated,) = database.execute("SELECT count(*) FROM repeated").fetchone()
                self.answer(200, {"repeated": repeated})
            elif parts == ["v1", "agl", "spans"]:
                rows = database.execute(
                    "SELECT span, sequence, start FROM spans WHERE rollout = ? ORDER BY sequence LIMIT ? OFFSET ?",
                    (query["rollout_id"], int(query.get("limit", -1)), int(query.get("offset", 0))),
                )
                names = ("span_id", "sequence_id", "start_time")
                self.answer(200, {"items": [dict(zip(names, row)) for row in rows]})
            elif parts[:3] == ["v1", "agl", "rollouts"] and parts[4:] == ["attempts"]:
                rows = database.execute("SELECT attempt, status FROM attempts WHERE rollout = ?", (parts[3],))
                self.answer(200, {"items": [{"attempt_id": row[0], "status": row[1]} for row in rows]})
            else:
                self.answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path == "/v1/traces":
            try:
                take(body)
                self.answer(200, {})
            except Unknown:
                self.answer(500, {})
        elif self.path == "/v1/agl/rollouts":
            pair = "ro-" + secrets.token_hex(6), "at-" + secrets.token_hex(4)
            with lock, database:
                database.execute("INSERT INTO attempts VALUES (?, ?, 'preparing')", pair)
            self.answer(201, {"attempt": {"rollout_id": pair[0], "attempt_id": pair[1]}})
        else:
            self.answer(200, {})

    def answer(self, status: int, content: dict) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", port), Handler)
print("ready", flush=True)
server.serve_forever()
