"""The program under test as a process, and the HTTP it offers."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

REPOSITORY = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("TRACEMEND_BINARY", REPOSITORY / ".build/debug/tracemend")).absolute()

START_SECONDS = 30
STOP_SECONDS = 30
ANSWER_SECONDS = 60

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def clean_environment(**additions: str) -> dict[str, str]:
    """This process's environment without what would configure an exporter or the collector."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "TRACEMEND_")) and name not in ("TRACEPARENT", "NO_COLOR")
    }
    return kept | additions


def tracemend(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Runs one command of the command line and waits for it."""
    return subprocess.run(
        [BINARY, *map(str, arguments)], input=stdin, capture_output=True, timeout=ANSWER_SECONDS,
        env=clean_environment(), check=False,
    )


def run_id(rollout: str, attempt: str) -> str:
    return f"{quote(rollout, safe='')}/{quote(attempt, safe='')}"


class Collector:
    """`tracemend serve` on two free ports with a data directory of its own."""

    def __init__(self, directory: Path, configuration: str | None = None):
        directory.mkdir(parents=True, exist_ok=True)
        self.data = directory / "data"
        self.log = directory / "collector.log"
        self.configuration = directory / "tracemend.yaml" if configuration is not None else None
        if self.configuration is not None:
            self.configuration.write_text(configuration)
        self.environment: dict[str, str] = {}
        self.ready_line = ""
        self.output_after_ready = ""
        self.exit_code: int | None = None
        self.http = requests.Session()

    # Running it

    def start(self, on_port: int | None = None) -> Collector:
        self.port, self.api_port = on_port or free_port(), free_port()
        command = [BINARY, "serve", "--host", "127.0.0.1", "--port", self.port, "--api-port", self.api_port]
        command += ["--data", self.data]
        if self.configuration is not None:
            command += ["--config", self.configuration]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                env=clean_environment(**self.environment), text=True,
            )
        self.exit_code = None
        self.output_after_ready = ""
        lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read_output, args=(lines,), daemon=True)
        self._reader.start()
        try:
            self.ready_line = lines.get(timeout=START_SECONDS)
        except queue.Empty:
            self.kill()
            raise AssertionError(f"no ready line in {START_SECONDS} s\n{self.log_tail()}") from None
        if not self.ready_line:
            self.exit_code = self.process.wait(STOP_SECONDS)
            raise AssertionError(f"the collector ended with {self.exit_code} at its start\n{self.log_tail()}")
        return self

    def _read_output(self, lines: queue.Queue[str]) -> None:
        output = self.process.stdout
        assert output is not None
        lines.put(output.readline())
        self.output_after_ready = output.read()

    def stop(self) -> int:
        """Asks it to end as an operator would, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self) -> int:
        """Ends it as a crash would."""
        self.process.kill()
        return self._ended()

    def _ended(self) -> int:
        self.exit_code = self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        return self.exit_code

    def __enter__(self) -> Collector:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.is_running:
            self.stop()

    @property
    def is_running(self) -> bool:
        return hasattr(self, "process") and self.process.poll() is None

    def log_tail(self) -> str:
        return "the collector's log ends:\n" + self.log.read_text(errors="replace")[-4000:]

    # The ingest port

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def attempt_endpoint(self, rollout: str, attempt: str) -> str:
        return f"{self.endpoint}/rollout/{quote(rollout, safe='')}/attempt/{quote(attempt, safe='')}"

    def post(
        self, body: bytes, content_type: str | None = PROTOBUF, encoding: str | None = None, path: str = "/v1/traces",
        method: str = "POST",
    ) -> requests.Response:
        headers = {"Content-Type": content_type, "Content-Encoding": encoding}
        return self.http.request(
            method, self.endpoint + path, data=body, timeout=ANSWER_SECONDS, allow_redirects=False,
            headers={name: value for name, value in headers.items() if value is not None},
        )

    def is_healthy(self) -> bool:
        return self.is_running and requests.get(self.endpoint + "/healthz", timeout=ANSWER_SECONDS).ok

    # The API port

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def get(self, path: str) -> Any:
        answer = self.http.get(self.api + path, timeout=ANSWER_SECONDS)
        assert answer.status_code == 200, f"GET {path} answered {answer.status_code}: {answer.text[:500]}"
        return answer.json()

    def close(self, run: str) -> None:
        """Says that a run is whole, and waits until every sink has it."""
        path = f"/api/runs/{quote(run, safe='')}/close?wait=30s"
        answer = self.http.post(self.api + path, timeout=ANSWER_SECONDS)
        assert answer.status_code == 200, f"close answered {answer.status_code}: {answer.text[:500]}"

    def close_attempt(self, rollout: str, attempt: str) -> None:
        """The same on the ingest port, as a runner would."""
        url = self.attempt_endpoint(rollout, attempt) + "/close?wait=30s"
        answer = self.http.post(url, timeout=ANSWER_SECONDS)
        assert answer.status_code == 200, f"close answered {answer.status_code}: {answer.text[:500]}"

    def metrics(self) -> dict[str, float]:
        """Every series by its name with labels; a name alone is the sum of its series."""
        answer = self.http.get(self.api + "/metrics", timeout=ANSWER_SECONDS)
        assert answer.status_code == 200, answer.text
        found: dict[str, float] = {}
        for line in answer.text.splitlines():
            if line.startswith("#"):
                continue
            series, value = line.rsplit(" ", 1)
            for name in {series, series.partition("{")[0]}:
                found[name] = found.get(name, 0) + float(value)
        return found

    def runs(self) -> list[dict[str, Any]]:
        runs: list[dict[str, Any]] = []
        page = self.get("/api/runs")
        runs += page["runs"]
        while page["next"]:
            page = self.get(f"/api/runs?cursor={quote(str(page['next']), safe='')}")
            runs += page["runs"]
        return runs

    def spans(self, run: str) -> list[dict[str, Any]]:
        return self.get(f"/api/runs/{quote(run, safe='')}/spans")["spans"]

    def tree(self, run: str) -> dict[str, Any]:
        return self.get(f"/api/runs/{quote(run, safe='')}/tree")
