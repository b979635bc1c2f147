"""An OTLP backend that often cannot, sometimes will not, and keeps account of what it took."""

from __future__ import annotations

import gzip
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class TroubledBackend:
    """Answers every hundredth request with 503, and each run of the unlucky traces with 400; takes the others."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.requests = 0
        self.took: Counter[tuple[bytes, bytes]] = Counter()
        self.refused: set[bytes] = set()
        self.port = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @staticmethod
    def is_unlucky(trace: bytes) -> bool:
        return trace[0] == 7

    def answer(self, body: bytes) -> int:
        request = ExportTraceServiceRequest.FromString(body)
        spans = [
            (span.trace_id, span.span_id)
            for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
        ]
        with self.lock:
            self.requests += 1
            if self.requests % 100 == 0:
                return 503
            if unlucky := {trace for trace, _ in spans if self.is_unlucky(trace)}:
                self.refused |= unlucky
                return 400
            self.took.update(spans)
            return 200


@contextmanager
def troubled_backend() -> Iterator[TroubledBackend]:
    backend = TroubledBackend()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            self.send_response(backend.answer(body))
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    backend.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield backend
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
