"""The API listener in front of Agent-lightning's store, with its own unmodified code on both sides."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import quote

import pytest
import requests

import captures
import lightning
from collector import ANSWER_SECONDS, Collector, clean_environment, free_port
from lightning_store import SETTINGS, LightningStore

RUNNERS = 2
ROLLOUTS = 4
PATIENCE = 240


@pytest.fixture
def gateway(start_collector: Callable[..., Collector], lightning_store: LightningStore) -> Collector:
    return start_collector(lightning.configuration(lightning_store, gateway="true"))


def program(name: str, url: str, *arguments: str | int) -> subprocess.Popen[str]:
    """Starts one of Agent-lightning's processes with the gateway as its store."""
    command = [lightning.PYTHON, lightning.PROGRAMS / name, url, *arguments]
    # Agent-lightning sets its exporter's address when a rollout begins, which the exporters of
    # OpenTelemetry 1.45 do not notice: there it has to stand in the environment.
    return subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=clean_environment(OTEL_EXPORTER_OTLP_ENDPOINT=url, **SETTINGS),
    )


def finished(process: subprocess.Popen[str]) -> str:
    out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, error[-4000:]
    return out


@pytest.mark.parametrize("token", ["", "open sesame/?"])
def test_runners_and_trainer_change_one_url_and_read_everything_at_once(
    start_collector: Callable[..., Collector], lightning_store: LightningStore, token: str
) -> None:
    api = f"api:\n  token: {token}\n" if token else ""
    gateway = start_collector(lightning.configuration(lightning_store, gateway="true") + api)
    url = gateway.api
    if token:
        assert requests.get(f"{url}/v1/agl/rollouts", timeout=ANSWER_SECONDS).status_code == 401
        # Its client can set no header; what stands before the host goes with every request.
        url = url.replace("://", f"://tracemend:{quote(token, safe='')}@")
    trainer = program("agl_trainer.py", url, ROLLOUTS)
    assert trainer.stdout is not None
    queued = trainer.stdout.readline()
    assert queued == "queued\n", finished(trainer)
    runners = [
        program("agl_runner.py", url, number, ROLLOUTS // RUNNERS, sys.executable) for number in range(RUNNERS)
    ]
    for runner in runners:
        finished(runner)
    readings = json.loads(finished(trainer))
    assert len(readings) == ROLLOUTS
    for rollout, reading in readings.items():
        number = reading["input"]["number"]
        assert reading["status"] == "succeeded"
        triplets = reading["triplets"]
        assert [triplet["metadata"]["response_id"] for triplet in triplets] == [f"first-{number}", f"second-{number}"]
        assert [triplet["metadata"]["agent_name"] for triplet in triplets] == ["planner", "planner"], rollout
        assert [triplet["reward"] for triplet in triplets] == [None, number / 4]
        assert triplets[1]["prompt"]["token_ids"] == [1, 2, 3] and triplets[1]["response"]["token_ids"] == [4, 5]
        assert reading["final_reward"] == number / 4
        contents = [[message["content"] for message in one["messages"]] for one in reading["messages"]]
        assert contents == [["plan", "a plan"], ["act", "done"]]
        names = [span["name"] for span in reading["spans"]]
        assert names.count("agentlightning.annotation") == 1, names
        ids = [span["span_id"] for span in reading["spans"]]
        assert len(ids) == len(set(ids)) == 4, names


def test_a_search_finds_what_was_sent_a_moment_before(gateway: Collector, lightning_store: LightningStore) -> None:
    rollout, attempt = lightning_store.new_rollout()
    lightning.send(gateway, rollout, attempt, "openai_openinference")
    wanted = captures.spans("openai_openinference").keys()
    found = requests.get(
        f"{gateway.api}/v1/agl/spans", params={"rollout_id": rollout, "limit": -1}, timeout=ANSWER_SECONDS
    ).json()["items"]
    assert {span["span_id"] for span in found} >= wanted
    searched = requests.post(
        f"{gateway.api}/v1/agl/spans/search", json={"rollout_id": rollout, "attempt_id": "latest", "limit": -1},
        timeout=ANSWER_SECONDS,
    ).json()["items"]
    assert searched == found
    other, _ = lightning_store.new_rollout()
    empty = requests.get(f"{gateway.api}/v1/agl/spans", params={"rollout_id": other}, timeout=ANSWER_SECONDS).json()
    assert empty["items"] == []


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_a_final_status_comes_after_the_spans(
    gateway: Collector, lightning_store: LightningStore, status: str
) -> None:
    rollout, attempt = lightning_store.new_rollout()
    lightning.send(gateway, rollout, attempt, "openai_traceloop")
    answer = requests.post(
        f"{gateway.api}/v1/agl/rollouts/{rollout}/attempts/{attempt}", json={"status": status}, timeout=ANSWER_SECONDS
    )
    assert answer.status_code == 200 and answer.json()["status"] == status
    stored = {span["span_id"] for span in lightning_store.spans(rollout)}
    assert stored >= captures.spans("openai_traceloop").keys()


def test_what_the_store_answers_comes_back_as_it_is(gateway: Collector, lightning_store: LightningStore) -> None:
    for method, path, body in [
        ("GET", "/v1/agl/health", None),
        ("GET", "/v1/agl/rollouts?limit=3&sort_by=start_time", None),
        ("GET", "/v1/agl/spans?limit=0&rollout_id=x", None),
        ("GET", "/v1/agl/rollouts/no%2Fsuch", None),
        ("POST", "/v1/agl/rollouts/search", {"limit": 2}),
        ("POST", "/v1/agl/spans/search", {"limit": "many"}),
        ("POST", "/v1/agl/spans", {"name": "no span"}),
        ("DELETE", "/v1/agl/rollouts", None),
    ]:
        through, direct = (
            requests.request(method, base + path, json=body, timeout=ANSWER_SECONDS)
            for base in (gateway.api, lightning_store.url)
        )
        assert (through.status_code, through.content) == (direct.status_code, direct.content), (method, path)
        assert through.headers["content-type"] == direct.headers["content-type"]
        assert "transfer-encoding" not in through.headers or "content-length" not in through.headers


def test_large_bodies_stream_through_both_ways(gateway: Collector, lightning_store: LightningStore) -> None:
    text = "x" * (20 << 20)
    made = requests.post(f"{gateway.api}/v1/agl/rollouts", json={"input": {"text": text}}, timeout=ANSWER_SECONDS)
    assert made.status_code == 201
    read = requests.get(f"{gateway.api}/v1/agl/rollouts/{made.json()['rollout_id']}", timeout=ANSWER_SECONDS)
    assert read.json()["input"]["text"] == text
    refused = requests.post(
        f"{gateway.api}/v1/agl/rollouts", data=b'{"input": "' + b"x" * (65 << 20) + b'"}', timeout=ANSWER_SECONDS,
        headers={"content-type": "application/json"},
    )
    assert refused.status_code == 413 and "67108864" in refused.json()["error"]


def test_a_store_that_is_down_is_a_bad_gateway(start_collector: Callable[..., Collector]) -> None:
    port = free_port()
    collector = start_collector(
        f"sinks:\n  - type: lightning\n    endpoint: http://127.0.0.1:{port}\n    gateway: true\n"
    )
    answer = requests.get(f"{collector.api}/v1/agl/health", timeout=ANSWER_SECONDS)
    assert answer.status_code == 502
    assert f"http://127.0.0.1:{port} does not answer" in answer.json()["error"]
    assert collector.is_healthy(), "spans are still taken"
    assert requests.get(f"{collector.api}/healthz", timeout=ANSWER_SECONDS).ok
