"""What Agent-lightning's own adapters make of many dialects in its own store, beside what the programs really did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import lightning
from collector import Collector
from lightning_store import LightningStore

WEATHER = "The weather in Paris is 21 degrees and sunny."
TWO_CITIES = ["get_weather", "get_weather"]

Call = tuple[str, str | list[str]]
"""An agent's name, and what the model said or the names of the tools that it asked for."""


def calls(agent: str, *answers: str | list[str]) -> list[Call]:
    return [(agent, answer) for answer in answers]


# The programs are told in the captures' sources: the vendor program makes four calls that succeed and one that is refused
# with 429, which teaches nothing; LangGraph's makes two calls in a graph, two in chains and one that fails.
VENDOR = calls("*", TWO_CITIES, WEATHER, WEATHER, ["get_weather"])
GRAPH = calls("*", TWO_CITIES, WEATHER, WEATHER, WEATHER)
HANDOFF = [("Triage", ["transfer_to_weatheragent"])] + calls("WeatherAgent", WEATHER, ["get_weather"], WEATHER)
DIALECTS: dict[str, list[Call]] = {
    "adk_native_1x": calls("weather", ["get_weather"], WEATHER),
    "agent_framework_native": calls("weather", ["get_weather"], WEATHER),
    "agl_agentops_langgraph": calls("*", TWO_CITIES, WEATHER),
    "agl_agentops_tracer": calls("*", ["get_weather"], WEATHER),
    "anthropic_openinference": calls("*", ["get_weather"], WEATHER, WEATHER),
    "anthropic_traceloop": calls("*", ["get_weather"], WEATHER, WEATHER),
    "haystack_ext": calls("*", WEATHER, ["get_weather"], WEATHER),
    "haystack_native": calls("*", WEATHER, ["get_weather"], WEATHER),
    "lc_agentops": GRAPH,
    "lc_agentops_cb": GRAPH,
    # The graph's node is called "agent"; chains have none.
    "lc_langfuse": calls("agent", *[said for _, said in GRAPH[:2]]) + GRAPH[2:],
    "lc_langsmith": GRAPH,
    "lc_openinference": GRAPH,
    # The graph has a name here.
    "lc_traceloop": calls("weather_graph", *[said for _, said in GRAPH[:2]]) + GRAPH[2:],
    "lc_traceloop_040": GRAPH,
    "lc_traceloop_openai": calls("weather_graph", *[said for _, said in GRAPH[:2]]) + GRAPH[2:],
    "litellm_arize_phoenix": calls("*", TWO_CITIES, WEATHER, WEATHER),
    "litellm_otel": calls("*", TWO_CITIES, WEATHER, WEATHER),
    "litellm_otel_vllm": calls("*", ["get_weather"], WEATHER),
    "litellm_proxy_otel": calls("*", WEATHER, WEATHER),
    "llamaindex_openinference": calls("*", ["get_weather"], WEATHER, WEATHER),
    "oaiagents_agentops": HANDOFF,
    "oaiagents_openinference": HANDOFF,
    "openai_agentops": calls("WeatherAgent", TWO_CITIES, WEATHER) + calls("*", WEATHER),
    "openai_langfuse": calls("weather_agent", *[said for _, said in VENDOR]),
    # Its span of an embedding calls itself a model's and has messages, and is no call to learn from.
    "openai_lmnr": VENDOR,
    # A streamed answer is told by a log record beside the call, which is no call itself.
    "openai_logfire": VENDOR[:2] + VENDOR[3:],
    "openai_mixed": VENDOR,
    "openai_mlflow": calls("weather_agent", *[said for _, said in VENDOR]),
    "openai_openinference": VENDOR,
    "openai_openlit": VENDOR,
    "openai_traceloop": VENDOR,
    "openai_traceloop_040": VENDOR[:3],
    "openai_traceloop_sdk": calls("weather_agent", TWO_CITIES, WEATHER),
    "openai_v2_latest": VENDOR[:3],
    "pydantic_ai_04": calls("weather_agent", TWO_CITIES, WEATHER) + calls("structured", ["final_result"]),
    "pydantic_ai_native": calls("weather_agent", TWO_CITIES, WEATHER) + calls("structured", ["final_result"]),
    "strands_native": calls("weather", TWO_CITIES, WEATHER),
}

# The agents of the calls of libraries that tell no content on their spans, or keep it to log records.
SILENT: dict[str, list[str]] = {
    "adk_native": ["weather", "weather"],
    "crewai_old_traceloop": ["Weather analyst", "Writer"],
    "openai_v2_latest_nocontent": ["*", "*", "*"],
    "openai_v2_legacy": ["*", "*", "*"],
    "semantic_kernel_native": ["weather", "weather"],
}

# Captures without a span of any call: agents, tools and steps alone, with no instrumentation of the model's client.
WITHOUT_CALLS = ["autogen_native", "crewai_openinference", "openai_braintrust"]

# How many prompt and answer tokens the model server told of each call, where the library kept their ids.
TOKENS: dict[str, list[tuple[int, int]]] = {
    "agl_agentops_langgraph": [(4, 6), (12, 9)],
    "agl_agentops_tracer": [(1, 3), (2, 9)],
    "litellm_arize_phoenix": [(5, 6), (9, 9), (0, 0)],
    "litellm_otel": [(5, 6), (9, 9), (0, 0)],
    "litellm_otel_vllm": [(1, 3), (2, 9)],
    "litellm_proxy_otel": [(1, 9), (2, 9)],
    # The prompt's ids are not in what Laminar keeps of an answer.
    "openai_lmnr": [(0, 6), (0, 9), (0, 0), (0, 0)],
    "openai_mixed": [(17, 6), (29, 9), (0, 0), (0, 0)],
    "openai_mlflow": [(17, 6), (29, 9), (0, 0), (0, 0)],
    "openai_openinference": [(17, 6), (29, 9), (0, 0), (0, 0)],
}


@pytest.fixture(scope="module")
def readings(
    lightning_store: LightningStore, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What the adapters make of each dialect, sent to one collector and read from the store."""
    directory = tmp_path_factory.mktemp("adapters")
    spans = {}
    with Collector(directory, lightning.configuration(lightning_store)) as collector:
        for capture in [*DIALECTS, *SILENT, *WITHOUT_CALLS, "dspy_openinference", "agl_otel_tracer"]:
            rollout, _ = lightning.deliver(collector, lightning_store, capture)
            spans[capture] = lightning_store.spans(rollout)
    return lightning.read_with_adapters(spans)


def answer(triplet: dict[str, Any]) -> str | list[str]:
    (said,) = triplet["response"]["raw_content"]
    return [call["name"] for call in said["tool_calls"]] if "tool_calls" in said else said["content"]


@pytest.mark.parametrize("capture", DIALECTS)
def test_one_triplet_per_real_call_in_true_order(capture: str, readings: dict[str, dict[str, Any]]) -> None:
    triplets = readings[capture]["triplets"]
    assert [(triplet["metadata"]["agent_name"], answer(triplet)) for triplet in triplets] == DIALECTS[capture]
    for triplet in triplets:
        assert triplet["prompt"]["raw_content"], "the model was asked something"
        assert {entry["role"] for entry in triplet["prompt"]["raw_content"]} <= {"system", "user", "assistant", "tool"}
    tokens = [(len(triplet["prompt"]["token_ids"]), len(triplet["response"]["token_ids"])) for triplet in triplets]
    assert tokens == TOKENS.get(capture, [(0, 0)] * len(triplets))
    assert triplets == readings[capture]["unrepaired"], "there is nothing left to repair"


@pytest.mark.parametrize("capture", SILENT)
def test_calls_without_content_are_calls_all_the_same(capture: str, readings: dict[str, dict[str, Any]]) -> None:
    triplets = readings[capture]["triplets"]
    assert [triplet["metadata"]["agent_name"] for triplet in triplets] == SILENT[capture]
    for triplet in triplets:
        assert triplet["response"]["raw_content"] is None and triplet["response"]["token_ids"] == []
    assert triplets == readings[capture]["unrepaired"], "there is nothing left to repair"


@pytest.mark.parametrize("capture", WITHOUT_CALLS)
def test_where_no_call_was_told_none_is_made_up(capture: str, readings: dict[str, dict[str, Any]]) -> None:
    assert readings[capture]["triplets"] == [] and readings[capture]["messages"] == []


def test_each_call_of_a_program_that_dspy_writes_is_one_triplet(readings: dict[str, dict[str, Any]]) -> None:
    said = [answer(triplet) for triplet in readings["dspy_openinference"]["triplets"]]
    begins = [str(one).split(" ## ]]")[0] for one in said]
    assert begins == ["[[ ## answer", "[[ ## next_thought", "[[ ## next_thought", "[[ ## reasoning", "[[ ## reasoning"]


@pytest.mark.parametrize("capture", DIALECTS)
def test_one_conversation_per_real_call(capture: str, readings: dict[str, dict[str, Any]]) -> None:
    conversations = readings[capture]["messages"]
    assert len(conversations) == len(DIALECTS[capture])
    for conversation, (_, said) in zip(conversations, DIALECTS[capture]):
        *asked, last = conversation["messages"]
        assert asked and last["role"] == "assistant"
        requested = [call["function"]["name"] for call in last.get("tool_calls", [])]
        assert requested == (said if isinstance(said, list) else [])
        assert isinstance(said, list) or last["content"] == said
        assert len({call["id"] for call in last.get("tool_calls", [])}) == len(requested)


@pytest.mark.parametrize("capture", ["openai_openinference", "openai_mlflow", "pydantic_ai_native", "anthropic_traceloop"])
def test_the_conversation_has_its_tools(capture: str, readings: dict[str, dict[str, Any]]) -> None:
    first = readings[capture]["messages"][0]
    assert [tool["function"]["name"] for tool in first["tools"]] == ["get_weather"]
    assert first["tools"][0]["function"]["parameters"]["properties"].keys() == {"city"}


def test_rewards_are_attached_to_the_calls_before_them(readings: dict[str, dict[str, Any]]) -> None:
    for capture in ("agl_agentops_tracer", "agl_agentops_langgraph"):
        # The adapter gives a reward to the last call that ended before it and has none.
        assert [triplet["reward"] for triplet in readings[capture]["triplets"]] == [1.0, 0.5], capture
        assert readings[capture]["final_reward"] == 1.0, capture
    assert readings["agl_otel_tracer"]["final_reward"] == 1.0


def test_the_proxys_own_adapter_finds_the_proxys_calls(readings: dict[str, dict[str, Any]]) -> None:
    for capture in ("litellm_otel_vllm", "litellm_proxy_otel"):
        triplets = readings[capture]["proxy_triplets"]
        tokens = [(len(one["prompt"]["token_ids"]), len(one["response"]["token_ids"])) for one in triplets]
        assert tokens == TOKENS[capture], capture
