"""rotel's agent, a peer that takes OTLP and passes it on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from collector import PROTOBUF, REPOSITORY, START_SECONDS, STOP_SECONDS, clean_environment, free_port


def rotel_command(port: int, *options: str) -> list[str]:
    """The command line of an agent that takes OTLP/HTTP on a port."""
    [*found] = REPOSITORY.glob(".venv-bench/lib/python*/site-packages/rotel/rotel-agent")
    if not found:
        raise FileNotFoundError("rotel is not installed: scripts/python-environment bench")
    return [
        str(found[0]), "start", "--otlp-http-endpoint", f"127.0.0.1:{port}",
        "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}", *options,
    ]


def forwarding_to(endpoint: str) -> list[str]:
    """The options that pass traces on to an OTLP/HTTP endpoint."""
    return [
        "--exporter", "otlp", "--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", endpoint,
        "--batch-timeout", "200ms",
    ]


@contextmanager
def rotel_agent(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Runs an agent; gives the process and its base URL."""
    port = free_port()
    with (folder / "rotel.log").open("wb") as log:
        agent = subprocess.Popen(
            rotel_command(port, *options), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=clean_environment()
        )
        url = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + START_SECONDS
            while True:
                try:
                    requests.post(f"{url}/v1/traces", data=b"", headers={"Content-Type": PROTOBUF}, timeout=1)
                    break
                except requests.ConnectionError:
                    assert agent.poll() is None, (folder / "rotel.log").read_text()
                    assert time.monotonic() < deadline, "rotel does not start"
                    time.sleep(0.05)
            yield agent, url
        finally:
            agent.terminate()
            agent.wait(STOP_SECONDS)
