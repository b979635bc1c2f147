"""Mended runs in Agent-lightning's own store, and what its adapters make of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import captures
from collector import ANSWER_SECONDS, Collector, clean_environment, run_id, tracemend
from lightning_store import ENVIRONMENT, SETTINGS, LightningStore

READER = Path(__file__).with_name("programs") / "read_with_adapter.py"

CONFIGURATION = """\
sinks:
  - type: lightning
    name: store
    endpoint: {url}
"""


def deliver(collector: Collector, store: LightningStore, capture: str) -> tuple[str, str]:
    rollout, attempt = store.new_rollout()
    sent = tracemend(
        "send", "--endpoint", collector.endpoint, "--rollout", rollout, "--attempt", attempt, *captures.files(capture)
    )
    assert sent.returncode == 0, sent.stderr.decode()
    collector.close_attempt(rollout, attempt)
    return rollout, attempt


def read_with_adapter(spans: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    read = subprocess.run(
        [ENVIRONMENT / "bin/python", READER], input=json.dumps(spans), capture_output=True, text=True,
        timeout=ANSWER_SECONDS, env=clean_environment(**SETTINGS), check=False,
    )
    assert read.returncode == 0, read.stderr[-4000:]
    return json.loads(read.stdout)


def test_the_store_gets_each_span_once_with_its_mended_parent(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(CONFIGURATION.format(url=lightning_store.url))
    for capture in ("lc_openinference", "broken_threads_traceloop", "broken_crash_traceloop"):
        rollout, attempt = deliver(collector, lightning_store, capture)

        stored = lightning_store.spans(rollout)
        ids = [span["span_id"] for span in stored]
        assert len(ids) == len(set(ids)), f"{capture}: a span is stored twice"
        mended = {span["span_id"]: span for span in collector.spans(run_id(rollout, attempt))}
        assert set(ids) == mended.keys(), capture
        assert set(ids) >= captures.spans(capture).keys(), capture
        assert {span["span_id"]: span["parent_id"] for span in stored} == {
            id: span["parent_id"] for id, span in mended.items()
        }, capture
        assert {(span["rollout_id"], span["attempt_id"]) for span in stored} == {(rollout, attempt)}
        sequences = [span["sequence_id"] for span in sorted(stored, key=lambda span: span["start_time"])]
        assert len(set(sequences)) == len(sequences), f"{capture}: sequence numbers are unique"


def test_closing_again_stores_nothing_twice(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(CONFIGURATION.format(url=lightning_store.url))
    rollout, attempt = deliver(collector, lightning_store, "openai_traceloop")
    first = lightning_store.spans(rollout)
    collector.close_attempt(rollout, attempt)
    assert lightning_store.spans(rollout) == first


def test_the_default_adapter_finds_calls_rewards_and_token_ids_in_the_store(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(CONFIGURATION.format(url=lightning_store.url))
    rollout, _ = deliver(collector, lightning_store, "agl_agentops_tracer")
    first, second = read_with_adapter({"run": lightning_store.spans(rollout)})["run"]
    for triplet in (first, second):
        assert triplet["prompt"]["token_ids"] and triplet["response"]["token_ids"]
    assert second["reward"] is not None


def test_the_api_speaks_agent_lightnings_span_type(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector()
    names = ["manual_pb_gzip", "agl_agentops_tracer", "litellm_proxy_otel"]
    spans = {}
    for capture in names:
        sent = tracemend(
            "send", "--endpoint", collector.endpoint, "--rollout", "r", "--attempt", capture, *captures.files(capture)
        )
        assert sent.returncode == 0, sent.stderr.decode()
        collector.close_attempt("r", capture)
        spans[capture] = collector.spans(run_id("r", capture))
    triplets = read_with_adapter(spans)
    assert len(triplets["agl_agentops_tracer"]) == 2
    assert triplets["agl_agentops_tracer"][0]["prompt"]["token_ids"], "token ids reach the trainer"
