"""What would make Agent-lightning's store refuse a rollout, or its adapters fail on all of it, never gets there as it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from collector import Collector
from lightning import configuration, read_with_adapters
from lightning_store import LightningStore

START = 1_700_000_000_000_000_000


def value(of: Any) -> AnyValue:
    match of:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=of)
        case int():
            return AnyValue(int_value=of)
        case float():
            return AnyValue(double_value=of)
        case str():
            return AnyValue(string_value=of)
        case list():
            return AnyValue(array_value=ArrayValue(values=[value(one) for one in of]))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=attributes(of)))
        case _:
            raise TypeError(of)


def attributes(of: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value(one)) for key, one in of.items()]


CALL = {
    "gen_ai.operation.name": "chat", "gen_ai.response.id": "r1",
    "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]',
    "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "bye"}]}]',
}

# One span each, all below the same root: its name, its attributes.
POISON: list[tuple[str, dict[str, Any]]] = [
    ("map", {"config": {"model": {"name": "m"}, "empty": {}}}),
    ("mixed list", {"list": ["a", 1]}),
    ("list with nothing", {"list": ["a", None]}),
    ("list of lists", {"list": [["a"], []]}),
    ("list of maps", {"list": [{"a": 1}]}),
    ("no value", {"nothing": None}),
    ("not a number", {"score": math.nan, "scores": [1.0, math.inf]}),
    ("bare reward", {"agentlightning.reward": 1.0}),
    ("look-alike", {"agentlightning.reward_model": "m"}),
    ("reward with a gap", {"agentlightning.reward.1.name": "x", "agentlightning.reward.1.value": 1.0}),
    ("reward without name", {"agentlightning.reward.0.value": 0.25}),
    ("reward that is text", {"agentlightning.reward.0.name": "x", "agentlightning.reward.0.value": "good"}),
    ("reward that is no number", {"agentlightning.reward.0.name": "x", "agentlightning.reward.0.value": math.nan}),
    ("task that gave a list", {"agentops.task.output": "[1, 2]"}),
    ("task that gave text", {"agentops.entity.output": '"done"'}),
    ("task that gave a number", {"agentops.task.output": " 3 "}),
    ("task that gave no JSON", {"agentops.task.output": "done"}),
    ("task whose reward is text", {"agentops.task.output": '{"type": "reward", "value": "good"}'}),
    ("agentlightning.annotation", {"reward": "good"}),
    ("empty ids", {"agentlightning.rollout_id": "", "agentlightning.attempt_id": ""}),
    ("other sequence", {"agentlightning.span_sequence_id": -4}),
    ("openai.chat.completion of nobody", {"gen_ai.request.model": "m", "gen_ai.prompt": "[]", "gen_ai.prompt.0": "x"}),
    ("agent", {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m"}),
    ("embeddings", {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e"}),
    ("call", CALL | {
        "gen_ai.prompt": "[]", "gen_ai.completion": "[]", "gen_ai.request": "x", "gen_ai.response": "x",
        "gen_ai.request.0": "x", "gen_ai.request.functions": "[]", "gen_ai.prompt.5.content": "no role",
        "gen_ai.completion.x": "no number", "logprobs.content": "{", "prompt_token_ids": ["1"],
    }),
]


def body() -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.extend(attributes({"build": {"tags": ["a", 1]}, "agentlightning.attempt_id": ""}))
    scope = resource.scope_spans.add()
    trace = b"\x07" * 16

    def add(number: int, parent: bytes, name: str, of: dict[str, Any]) -> None:
        span = scope.spans.add(
            trace_id=trace, span_id=number.to_bytes(8), parent_span_id=parent, name=name, attributes=attributes(of),
            start_time_unix_nano=START + number * 1000, end_time_unix_nano=START + number * 1000 + 500,
        )
        event = span.events.add(name="event", time_unix_nano=START)
        event.attributes.extend(attributes(of))
        link = span.links.add(trace_id=trace, span_id=b"\x01" * 8)
        link.attributes.extend(attributes(of))

    root = (1).to_bytes(8)
    add(1, b"", "root", {})
    scope.spans[0].end_time_unix_nano = START + 1_000_000
    for number, (name, of) in enumerate(POISON, 100):
        add(number, root, name, of)
    add(1000, (100 + len(POISON) - 1).to_bytes(8), "child of the call", {"tool.name": "t", "tool.description": "d"})
    add(1001, bytes(8), "zero parent", {})
    add(1002, b"\x09" * 8, "lost parent", {})
    add(1003, (1003).to_bytes(8), "its own parent", {})
    add(1004, (1005).to_bytes(8), "one of a cycle", {})
    add(1005, (1004).to_bytes(8), "other of a cycle", {})
    add(1006, root, "no times", {})
    scope.spans[-1].start_time_unix_nano = scope.spans[-1].end_time_unix_nano = 0
    return request.SerializeToString()


def test_nothing_makes_the_store_or_its_adapters_fail(
    start_collector: Callable[..., Collector], lightning_store: LightningStore
) -> None:
    collector = start_collector(configuration(lightning_store))
    rollout, attempt = lightning_store.new_rollout()
    assert collector.post(body(), path=f"/rollout/{rollout}/attempt/{attempt}/v1/traces").status_code == 200
    collector.close_attempt(rollout, attempt)
    stored = lightning_store.spans(rollout)
    names = {span["attributes"].get("tracemend.original.span.name", span["name"]) for span in stored}
    assert names >= {name for name, _ in POISON}
    ids = {span["span_id"] for span in stored}
    assert {span["parent_id"] for span in stored} <= ids | {None}
    reading = read_with_adapters({"run": stored})["run"]
    (triplet,) = reading["triplets"]
    assert triplet["prompt"]["raw_content"] == [{"role": "user", "content": "hello"}]
    assert triplet["response"]["raw_content"] == [{"role": "assistant", "content": "bye"}]
    assert [[one["content"] for one in entry["messages"]] for entry in reading["messages"]] == [["hello", "bye"]]
    assert reading["final_reward"] == 0.25, "the one reward that can be read is"
