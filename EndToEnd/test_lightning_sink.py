"""Mended runs in Agent-lightning's own store, and what its adapters make of them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

import captures
from collector import ANSWER_SECONDS, Collector, run_id, tracemend
from lightning import configuration, deliver, read_with_adapters, send
from lightning_store import LightningStore


def test_the_store_gets_each_span_once_with_its_mended_parent(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(configuration(lightning_store))
    for capture in ("lc_openinference", "broken_threads_traceloop", "broken_crash_traceloop"):
        rollout, attempt = deliver(collector, lightning_store, capture)

        stored = lightning_store.spans(rollout)
        ids = [span["span_id"] for span in stored]
        assert len(ids) == len(set(ids)), f"{capture}: a span is stored twice"
        mended = {span["span_id"]: span for span in collector.spans(run_id(rollout, attempt))}
        assert set(ids) >= mended.keys(), capture
        assert set(ids) >= captures.spans(capture).keys(), capture
        added = [span for span in stored if span["span_id"] not in mended]
        assert all(span["attributes"]["tracemend.placeholder"] for span in added), "only what adapters need is added"
        assert {span["span_id"]: span["parent_id"] for span in stored if span["span_id"] in mended} == {
            id: span["parent_id"] for id, span in mended.items()
        }, capture
        assert {span["parent_id"] for span in stored} <= set(ids) | {None}, f"{capture}: a parent is not there"
        assert {(span["rollout_id"], span["attempt_id"]) for span in stored} == {(rollout, attempt)}
        sequences = [span["sequence_id"] for span in sorted(stored, key=lambda span: span["start_time"])]
        assert len(set(sequences)) == len(sequences), f"{capture}: sequence numbers are unique"


def test_closing_again_stores_nothing_twice(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(configuration(lightning_store))
    rollout, attempt = deliver(collector, lightning_store, "openai_traceloop")
    first = lightning_store.spans(rollout)
    collector.close_attempt(rollout, attempt)
    assert lightning_store.spans(rollout) == first


def test_the_api_speaks_agent_lightnings_span_type(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector()
    names = ["manual_pb_gzip", "agl_agentops_tracer", "litellm_proxy_otel"]
    spans = {}
    for capture in names:
        send(collector, "r", capture, capture)
        collector.close_attempt("r", capture)
        spans[capture] = collector.spans(run_id("r", capture))
    triplets = read_with_adapters(spans)["agl_agentops_tracer"]["triplets"]
    assert len(triplets) == 2
    assert triplets[0]["prompt"]["token_ids"], "token ids reach the trainer"


def write_reward(store: LightningStore, rollout: str, attempt: str, value: float, at: float) -> None:
    """Writes a reward as Agent-lightning's runner does where the agent returns a number."""
    numbered = requests.post(
        f"{store.url}/v1/agl/spans/next", json={"rollout_id": rollout, "attempt_id": attempt}, timeout=ANSWER_SECONDS
    ).json()
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    written = requests.post(
        f"{store.url}/v1/agl/spans", timeout=ANSWER_SECONDS,
        json={
            "rollout_id": rollout, "attempt_id": attempt, "sequence_id": numbered["sequence_id"], "trace_id": trace,
            "span_id": span, "parent_id": None, "name": "agentlightning.annotation",
            "status": {"status_code": "OK", "description": None},
            "attributes": {"agentlightning.reward.0.name": "primary", "agentlightning.reward.0.value": value},
            "events": [], "links": [], "start_time": at, "end_time": at, "context": None, "parent": None,
            "resource": {"attributes": {}, "schema_url": ""},
        },
    )
    assert written.status_code == 201, written.text


@pytest.mark.parametrize("order", ["before our spans", "after our spans"])
def test_a_reward_that_a_runner_wrote_itself_is_found_where_it_belongs(
    order: str, start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(configuration(lightning_store))
    calls = [span for span in captures.spans("litellm_otel_vllm").values() if span.name == "litellm_request"]
    first, second = sorted(calls, key=lambda call: call.start_time_unix_nano)
    times = {
        "final": second.end_time_unix_nano / 1e9 + 1,
        "between": (first.end_time_unix_nano + second.start_time_unix_nano) / 2e9,
    }
    spans = {}
    for name, at in times.items():
        rollout, attempt = lightning_store.new_rollout()
        send(collector, rollout, attempt, "litellm_otel_vllm")
        if order == "before our spans":
            write_reward(lightning_store, rollout, attempt, 0.7, at)
        collector.close_attempt(rollout, attempt)
        if order == "after our spans":
            write_reward(lightning_store, rollout, attempt, 0.7, at)
        spans[name] = lightning_store.spans(rollout)
    readings = read_with_adapters(spans)
    assert [one["reward"] for one in readings["final"]["triplets"]] == [None, 0.7]
    assert [one["reward"] for one in readings["final"]["proxy_triplets"]] == [None, 0.7]
    assert readings["final"]["final_reward"] == 0.7
    assert [one["reward"] for one in readings["between"]["triplets"]] == [0.7, None]
    assert readings["between"]["final_reward"] == 0.7
    if order == "before our spans":
        # The proxy's adapter goes by numbers alone, and what the store has keeps its number.
        assert [one["reward"] for one in readings["between"]["proxy_triplets"]] == [0.7, None]


def test_spans_that_come_late_find_their_place(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(configuration(lightning_store))
    rollout, attempt = lightning_store.new_rollout()
    send(collector, rollout, attempt, "broken_simple_traceloop", slice(2, None))
    collector.close_attempt(rollout, attempt)
    first = lightning_store.spans(rollout)
    send(collector, rollout, attempt, "broken_simple_traceloop", slice(0, 2))
    collector.close_attempt(rollout, attempt)
    stored = lightning_store.spans(rollout)
    assert {span["span_id"] for span in stored} >= captures.spans("broken_simple_traceloop").keys()
    kept = {span["span_id"]: (span["sequence_id"], span["parent_id"]) for span in stored}
    assert all(kept[span["span_id"]] == (span["sequence_id"], span["parent_id"]) for span in first), "pins hold"
    reading = read_with_adapters({"run": stored})["run"]
    assert len(reading["triplets"]) == len(reading["messages"]) == 2


def attempt_in(store: LightningStore, rollout: str) -> dict[str, Any]:
    answer = requests.get(f"{store.url}/v1/agl/rollouts/{rollout}/attempts/latest", timeout=ANSWER_SECONDS)
    return answer.json()


def test_an_attempt_stays_alive_while_its_spans_come_and_is_delivered_when_it_is_over(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(configuration(lightning_store))
    rollout, attempt = lightning_store.new_rollout()
    assert attempt_in(lightning_store, rollout)["status"] == "preparing"
    send(collector, rollout, attempt, "openai_traceloop")
    give_up = time.monotonic() + ANSWER_SECONDS
    while (found := attempt_in(lightning_store, rollout))["status"] != "running":
        assert time.monotonic() < give_up, "the store never heard that the attempt is alive"
    assert abs(found["last_heartbeat_time"] - time.time()) < ANSWER_SECONDS
    assert lightning_store.spans(rollout) == [], "an open run is not delivered in pieces"
    over = requests.post(
        f"{lightning_store.url}/v1/agl/rollouts/{rollout}/attempts/{attempt}", json={"status": "failed"},
        timeout=ANSWER_SECONDS,
    )
    assert over.status_code == 200
    wanted = captures.spans("openai_traceloop").keys()
    while {span["span_id"] for span in lightning_store.spans(rollout)} < wanted:
        assert time.monotonic() < give_up, "a run whose attempt is over was not delivered"
    assert attempt_in(lightning_store, rollout)["status"] == "failed"


def test_the_same_spans_may_come_for_two_rollouts(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(configuration(lightning_store))
    for _ in range(2):
        rollout, attempt = deliver(collector, lightning_store, "openai_traceloop")
        for _ in range(2):
            collector.close_attempt(rollout, attempt)
            stored = [span["span_id"] for span in lightning_store.spans(rollout)]
            assert set(stored) >= captures.spans("openai_traceloop").keys()
            assert len(stored) == len(set(stored))


def test_deliveries_are_shown_and_asked_for_again(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(configuration(lightning_store))
    send(collector, "ro-unknown", "at-unknown", "openai_traceloop")
    parked = collector.http.post(
        collector.attempt_endpoint("ro-unknown", "at-unknown") + "/close?wait=30s", timeout=ANSWER_SECONDS
    ).json()["sinks"]
    assert [(sink["sink"], sink["state"]) for sink in parked] == [("archive", "delivered"), ("store", "parked")]
    shown = tracemend("deliveries", "--url", collector.api).stdout.decode()
    assert "ro-unknown/at-unknown" in shown
    assert "the store knows no attempt at-unknown of rollout ro-unknown" in shown
    metrics = collector.http.get(collector.api + "/metrics", timeout=ANSWER_SECONDS).text
    assert 'tracemend_sink_parked_runs{sink="store"} 1.0' in metrics
    assert 'tracemend_sink_up{sink="store"} 1.0' in metrics
    again = tracemend("redeliver", "--url", collector.api, "--sink", "store", "ro-unknown/at-unknown")
    assert again.stdout.decode() == "1 delivery is tried again\n", again.stderr.decode()
    nobody = tracemend("redeliver", "--url", collector.api, "--sink", "nobody")
    assert nobody.returncode == 1 and "no sink nobody; there are archive, store" in nobody.stderr.decode()


def test_runs_that_nobody_gave_a_rollout_get_one_each(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(configuration(lightning_store, adopt="true"))
    sent = tracemend("send", "--endpoint", collector.endpoint, *captures.files("litellm_otel_vllm"))
    assert sent.returncode == 0, sent.stderr.decode()
    traces = {span.trace_id.hex() for span in captures.spans("litellm_otel_vllm").values()}
    for _ in range(2):
        for trace in traces:
            collector.close(trace)
        collector.kill()
        collector.start()
    found = requests.get(
        lightning_store.url + "/v1/agl/rollouts", params={"limit": -1}, timeout=ANSWER_SECONDS
    ).json()["items"]
    adopted = [one for one in found if (one["metadata"] or {}).get("tracemend.run") in traces]
    assert len(adopted) == len(traces) == 2
    for rollout in adopted:
        assert rollout["status"] == "succeeded"
        spans = lightning_store.spans(rollout["rollout_id"])
        assert {span["trace_id"] for span in spans} == {rollout["metadata"]["tracemend.run"]}
