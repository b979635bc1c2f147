"""Agent-lightning's store behind a collector: how it is configured, fed and read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import captures
from collector import ANSWER_SECONDS, Collector, clean_environment, tracemend
from lightning_store import ENVIRONMENT, SETTINGS, LightningStore

PROGRAMS = Path(__file__).with_name("programs")
PYTHON = ENVIRONMENT / "bin/python"

READ_SECONDS = 180
"""Importing Agent-lightning alone takes ten."""


def configuration(store: LightningStore, **options: str) -> str:
    lines = ["sinks:", "  - type: lightning", "    name: store", f"    endpoint: {store.url}"]
    return "\n".join(lines + [f"    {name}: {value}" for name, value in options.items()]) + "\n"


def send(collector: Collector, rollout: str, attempt: str, capture: str, which: slice = slice(None)) -> None:
    """Sends the bodies of a capture, or some of them."""
    files = captures.files(capture)[which]
    sent = tracemend("send", "--endpoint", collector.endpoint, "--rollout", rollout, "--attempt", attempt, *files)
    assert sent.returncode == 0, sent.stderr.decode()


def deliver(collector: Collector, store: LightningStore, capture: str) -> tuple[str, str]:
    rollout, attempt = store.new_rollout()
    send(collector, rollout, attempt, capture)
    collector.close_attempt(rollout, attempt)
    return rollout, attempt


def read_with_adapters(spans: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """See `programs/read_with_adapter.py` for what comes back."""
    read = subprocess.run(
        [PYTHON, PROGRAMS / "read_with_adapter.py"], input=json.dumps(spans), capture_output=True, text=True,
        timeout=READ_SECONDS, env=clean_environment(**SETTINGS), check=False,
    )
    assert read.returncode == 0, read.stderr[-4000:]
    return json.loads(read.stdout)
