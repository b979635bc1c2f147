"""ClickHouse as a process: its real engine behind a small HTTP front, see `programs/clickhouse_server.py`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import requests

from collector import ANSWER_SECONDS, REPOSITORY, STOP_SECONDS, clean_environment, free_port

PROGRAM = Path(__file__).with_name("programs") / "clickhouse_server.py"
PYTHON = REPOSITORY / ".venv-clickhouse/bin/python"


class ClickHouse:
    def __init__(self, directory: Path, credentials: tuple[str, str] | None = None):
        self.directory = directory
        self.log = directory / "clickhouse.log"
        self.port = free_port()
        self.credentials = credentials

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> ClickHouse:
        return self.start()

    def start(self) -> ClickHouse:
        self.directory.mkdir(parents=True, exist_ok=True)
        command = [PYTHON, PROGRAM, self.port, self.directory, *(self.credentials or ())]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                env=clean_environment(),
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == "ready\n", f"the engine did not start:\n{self.log.read_text()[-4000:]}"
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def __exit__(self, *_: object) -> None:
        self.kill()

    def requests(self) -> list[str]:
        """A line for each request that came."""
        return self.log.read_text().splitlines()

    def run(self, sql: str) -> str:
        user, password = self.credentials or ("default", "")
        answer = requests.post(
            self.url, data=sql.encode(), headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": password},
            timeout=ANSWER_SECONDS,
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(sql + " FORMAT JSONEachRow").splitlines()]
