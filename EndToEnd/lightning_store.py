"""Agent-lightning's own store, run as its users run it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import requests

from collector import ANSWER_SECONDS, REPOSITORY, STOP_SECONDS, clean_environment, free_port

START_SECONDS = 90
ENVIRONMENT = REPOSITORY / ".venv-agl"
SETTINGS = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}


class LightningStore:
    def __init__(self, directory: Path):
        self.log = directory / "store.log"
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> LightningStore:
        command = [ENVIRONMENT / "bin/agl", "store", "--host", "127.0.0.1", "--port", self.port]
        command += ["--log-level", "WARNING"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=clean_environment(**SETTINGS),
            )
        give_up = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, f"the store did not start:\n{self.log.read_text()[-4000:]}"
            assert time.monotonic() < give_up, f"the store is not ready after {START_SECONDS} s"
        return self

    def _answers(self) -> bool:
        """The store prints nothing when it is ready, so it is asked until it answers."""
        try:
            return requests.get(self.url + "/v1/agl/health", timeout=1).ok
        except requests.ConnectionError:
            try:
                self.process.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
            return False

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)

    def new_rollout(self) -> tuple[str, str]:
        answer = requests.post(self.url + "/v1/agl/rollouts", json={"input": {}}, timeout=ANSWER_SECONDS)
        assert answer.status_code == 201, answer.text
        attempt = answer.json()["attempt"]
        return attempt["rollout_id"], attempt["attempt_id"]

    def spans(self, rollout: str) -> list[dict[str, Any]]:
        answer = requests.get(
            self.url + "/v1/agl/spans", params={"rollout_id": rollout, "limit": -1}, timeout=ANSWER_SECONDS
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]
