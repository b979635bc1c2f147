"""Mended runs in Agent-lightning's own store, and what its adapters make of them."""

from __future__ import annotations

from collections.abc import Callable

import captures
from collector import Collector, run_id
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
