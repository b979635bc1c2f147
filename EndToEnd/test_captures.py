"""What real libraries sent, sent again: the same calls in every dialect, healthy trees untouched, broken ones mended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import captures
from collector import Collector, run_id, tracemend
from tree import Node, edges, names, named, nodes, only_root, outline, walk

Calls = list[tuple[int | None, int | None]]

MINI = "gpt-4o-mini"
# One program, whose calls every library saw alike: a question with two tool calls, the answer, and one streamed.
WEATHER_AGENT: Calls = [(23, 25), (44, 9), (6, 9)]
RESPONSES_API: Calls = [(8, 13)]
# A graph of two calls, a chain, the same streamed (no usage was sent), and one that the model refused.
GRAPH: Calls = [(18, 25), (35, 9), (10, 9)]


@dataclass(frozen=True)
class Capture:
    """One captured run, whose tree is right as it was sent."""

    family: str
    name: str
    roots: list[str]
    # Input and output tokens of the chat calls that succeeded and told them, in the order of their start.
    calls: Calls
    # Chat calls that failed or told no usage.
    other_calls: int
    model: str = MINI


HEALTHY = [
    Capture("openllmetry", "openai_traceloop", ["weather_agent"], WEATHER_AGENT + RESPONSES_API, 1),
    Capture(
        "openllmetry", "lc_traceloop", ["invoke_agent weather_graph"] + ["RunnableSequence.workflow"] * 3, GRAPH, 2
    ),
    Capture("openinference", "openai_openinference", ["weather_agent"], WEATHER_AGENT + RESPONSES_API, 1),
    Capture("openinference", "lc_openinference", ["weather_graph"] + ["RunnableSequence"] * 3, GRAPH, 2),
    Capture("agentops", "openai_agentops", ["weather_session.session"], [(7, 25), (24, 9), (6, 9)], 1),
    Capture("agentops", "oaiagents_agentops", ["agents_session.session"], [(7, 13), (12, 9), (9, 13), (12, 9)], 0),
    Capture("agentlightning", "agl_agentops_tracer", ["demo.session"], [(4, 13), (5, 9)], 0),
    Capture("agentlightning", "agl_otel_tracer", ["agent run"] + ["agentlightning.annotation"] * 2, [], 0),
    Capture("litellm", "litellm_otel", ["gen-1"] + ["litellm_request"] * 4, [(11, 25), (24, 9), (4, 9)], 1),
    Capture("litellm", "litellm_otel_vllm", ["litellm_request"] * 2, [(4, 13), (5, 9)], 0, "Qwen/Qwen2.5-0.5B-Instruct"),
    Capture("otel_137", "openai_v2_latest", ["weather_agent"], WEATHER_AGENT, 1),
    Capture("otel_137", "openai_v2_latest_nocontent", ["weather_agent"], WEATHER_AGENT, 1),
    Capture("otel_legacy", "openai_v2_legacy", ["weather_agent"], WEATHER_AGENT, 1),
    Capture("otel_legacy", "pydantic_ai_04", ["agent run"] * 3, [(15, 25), (28, 9), (4, 13)], 1),
    Capture("openllmetry", "broken_simple_traceloop", ["rollout"], [(4, 13), (5, 9)], 0),
    Capture("openllmetry", "broken_retry_traceloop", ["rollout"], [(4, 13), (5, 9)], 0),
]


def send(collector: Collector, capture: str, pair: tuple[str, str]) -> str:
    """Sends a capture as one run by the command line, closes it, and returns the run's id."""
    rollout, attempt = pair
    sent = tracemend(
        "send", "--endpoint", collector.endpoint, "--rollout", rollout, "--attempt", attempt, *captures.files(capture)
    )
    assert sent.returncode == 0, sent.stderr.decode()
    closed = tracemend("close", run_id(*pair), "--url", collector.api)
    assert closed.returncode == 0, closed.stderr.decode()
    return run_id(*pair)


def show(collector: Collector, run: str) -> str:
    shown = tracemend("show", run, "--url", collector.api)
    assert shown.returncode == 0, shown.stderr.decode()
    return shown.stdout.decode()


def expect_shown(text: str, tree: dict[str, Any]) -> None:
    """The text has one line a span in the order of the tree, and a child stands further right than its parent."""
    assert "\x1b" not in text, "colour belongs on a terminal only"
    lines = iter(text.splitlines())
    columns: dict[str, int] = {}
    for _, parent, node in walk(tree):
        line = next((line for line in lines if node["name"] in line), None)
        assert line is not None, f"{node['name']} is not shown in its place\n{text}"
        columns[node["span_id"]] = line.index(node["name"])
        if parent is not None:
            assert columns[node["span_id"]] > columns[parent["span_id"]], f"{line!r} is not indented\n{text}"
        if node["input_tokens"] is not None and node["operation"] == "chat":
            assert str(node["input_tokens"]) in line and str(node["output_tokens"]) in line, line
            assert node["model"] in line, line
        if node["repair"] is not None:
            assert node["repair"]["rule"] in line, f"{line!r} does not say why it stands there"


def expect_told(collector: Collector, run: str, capture: str) -> None:
    """Every span says what was reported of it where that is no longer so, and why."""
    reported = captures.spans(capture)
    tree = {node["span_id"]: node for node in nodes(collector.tree(run))}
    spans = collector.spans(run)
    assert {span["span_id"] for span in spans} == tree.keys()
    for span in spans:
        node, told = tree[span["span_id"]], span["attributes"]
        assert span["parent_id"] == node["parent_id"]
        assert told.get("tracemend.placeholder", False) is node["placeholder"]
        assert told.get("tracemend.repair.rule") == (node["repair"]["rule"] if node["repair"] else None)
        if node["placeholder"]:
            continue
        sent = reported[span["span_id"]]
        assert told.get("tracemend.reported.trace_id", span["trace_id"]) == sent.trace_id.hex()
        if (span["parent_id"] or "") != sent.parent_span_id.hex():
            assert node["repair"], f"{node['name']} moved without a reason"
            assert told.get("tracemend.reported.parent_span_id", "").strip("0") == sent.parent_span_id.hex().strip("0")


def chat_calls(tree: dict[str, Any]) -> list[Node]:
    return [node for node in nodes(tree) if node["operation"] == "chat"]


@pytest.mark.parametrize("capture", HEALTHY, ids=lambda capture: f"{capture.family}-{capture.name}")
def test_a_healthy_run_keeps_its_tree_and_its_calls_are_read(
    collector: Collector, pair: tuple[str, str], capture: Capture
) -> None:
    run = send(collector, capture.name, pair)
    tree = collector.tree(run)

    assert edges(tree) == captures.reported_edges(capture.name), outline(tree)
    assert names(tree["roots"]) == capture.roots, outline(tree)
    assert not [node["name"] for node in nodes(tree) if node["repair"] or node["placeholder"]]

    calls = chat_calls(tree)
    told = [call for call in calls if call["input_tokens"] is not None]
    assert sorted((call["input_tokens"], call["output_tokens"]) for call in told) == sorted(capture.calls)
    assert len(calls) - len(told) == capture.other_calls
    for call in told:
        assert capture.model in call["model"], call
    expect_shown(show(collector, run), tree)


def test_a_crashed_process_gets_one_placeholder_for_the_parent_it_took_along(
    collector: Collector, pair: tuple[str, str]
) -> None:
    run = send(collector, "broken_crash_traceloop", pair)
    tree = collector.tree(run)

    lost = only_root(tree)
    assert lost["placeholder"], outline(tree)
    assert lost["span_id"] not in captures.spans("broken_crash_traceloop")
    assert names(lost["children"]) == ["openai.chat", "execute_tool get_weather", "openai.chat", "step 2"], outline(tree)
    assert names(named(tree, "step 2")["children"]) == ["openai.chat", "execute_tool get_weather", "openai.chat"]
    assert len([node for node in nodes(tree) if node["placeholder"]]) == 1
    expect_shown(show(collector, run), tree)
    expect_told(collector, run, "broken_crash_traceloop")


def test_spans_of_pool_threads_are_brought_below_the_agent_that_started_them(
    collector: Collector, pair: tuple[str, str]
) -> None:
    run = send(collector, "broken_threads_traceloop", pair)
    tree = collector.tree(run)

    planner = only_root(tree)
    assert planner["name"] == "invoke_agent planner", outline(tree)
    assert len(planner["children"]) == 11, outline(tree)
    moved = [node for node in planner["children"] if node["repair"]]
    assert len(moved) == 9, outline(tree)
    assert all(0.5 <= node["repair"]["confidence"] <= 1 for node in moved)
    assert not [child for node in planner["children"] for child in node["children"]], outline(tree)

    text = show(collector, run)
    expect_shown(text, tree)
    expect_told(collector, run, "broken_threads_traceloop")
    assert MINI in text


def test_requests_of_two_agents_below_a_gateway_stay_apart(collector: Collector, pair: tuple[str, str]) -> None:
    run = send(collector, "broken_upstream_traceloop", pair)
    tree = collector.tree(run)

    agents = [named(tree, f"POST /agent/{number}") for number in (0, 1)]
    for agent in agents:
        assert names(agent["children"]) == ["openai.chat", "execute_tool get_weather", "openai.chat"], outline(tree)
    parents = {parent["span_id"] if parent else None for _, parent, node in walk(tree) if node in agents}
    assert len(parents) == 1, outline(tree)
    expect_shown(show(collector, run), tree)


def test_processes_without_trace_context_stand_below_the_step_that_started_them(
    collector: Collector, pair: tuple[str, str]
) -> None:
    # `dispatch` had ended before its workers were up: only the order of events leads to it.
    run = send(collector, "multiproc_disconnected", pair)
    tree = collector.tree(run)

    rollout = only_root(tree)
    assert rollout["name"] == "rollout", outline(tree)
    assert names(rollout["children"]) == ["dispatch", "collect results"], outline(tree)
    dispatch = rollout["children"][0]
    assert names(dispatch["children"]) == ["work worker-1", "work worker-0", "work worker-2"], outline(tree)
    for worker in dispatch["children"]:
        assert worker["repair"], outline(tree)
        assert names(worker["children"]) == ["llm_call", "tool_call", "llm_call", "tool_call"], outline(tree)
    text = show(collector, run)
    expect_shown(text, tree)
    expect_told(collector, run, "multiproc_disconnected")


def test_what_is_less_sure_than_asked_for_does_not_move(tmp_path: Path, pair: tuple[str, str]) -> None:
    with Collector(tmp_path, "repair:\n  confidence_min: 1\n") as collector:
        tree = collector.tree(send(collector, "multiproc_disconnected", pair))
    roots = [root["name"] for root in tree["roots"]]
    assert sorted(roots) == ["rollout", "work worker-0", "work worker-1", "work worker-2"], outline(tree)


def test_work_of_a_server_whose_own_span_is_lost_stands_below_the_request_that_caused_it(
    collector: Collector, pair: tuple[str, str]
) -> None:
    run = send(collector, "web_flask_partial_old", pair)
    tree = collector.tree(run)

    parents = {node["span_id"]: parent for _, parent, node in walk(tree)}
    above = parents[named(tree, "load item")["span_id"]]
    while above is not None and above["placeholder"]:
        above = parents[above["span_id"]]
    assert above is not None and above["name"] == "GET", outline(tree)
    assert only_root(tree)["name"] == "shopping session", outline(tree)


@pytest.mark.parametrize(
    ("capture", "input_tokens"),
    [
        ("anthropic_openinference", [13, 17, 21]),
        ("anthropic_traceloop", [13, 17, 21]),
        ("openai_mixed", [6, 8, 23, 44]),
    ],
)
def test_a_call_that_two_libraries_report_counts_once(
    collector: Collector, pair: tuple[str, str], capture: str, input_tokens: list[int]
) -> None:
    run = send(collector, capture, pair)
    answered = {
        span["span_id"]: span["attributes"] for span in collector.spans(run)
        if span["attributes"].get("gen_ai.operation.name") == "chat" and "gen_ai.usage.input_tokens" in span["attributes"]
    }
    assert len(answered) == 2 * len(input_tokens), "both reports of a call stay"
    counted = {id for id, told in answered.items() if "tracemend.duplicate_of" not in told}
    assert sorted(answered[id]["gen_ai.usage.input_tokens"] for id in counted) == input_tokens
    others = answered.keys() - counted
    assert {answered[id]["tracemend.duplicate_of"] for id in others} == counted, "each names the span that counts instead"
