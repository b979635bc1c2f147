"""The processes of one rollout end as one run with one tree, whatever the processes hand to each other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from collector import ANSWER_SECONDS, Collector, clean_environment, run_id
from tree import edges, named, names, only_root, outline

RUNNER = Path(__file__).with_name("programs") / "runner.py"
ORDERS = ("nested", "staggered")


def run_rollout(propagation: str, order: str, **environment: str) -> str:
    """Runs the parent and its workers to their end; returns the parent's trace id."""
    settings = {"OTEL_SERVICE_NAME": "rollout-runner"} | environment
    done = subprocess.run(
        [sys.executable, RUNNER, propagation, order], env=clean_environment(**settings), capture_output=True, text=True,
        timeout=ANSWER_SECONDS, check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def expect_one_tree(collector: Collector, run: str) -> None:
    tree = collector.tree(run)
    root = only_root(tree)
    assert root["name"] == "rollout", outline(tree)
    assert names(root["children"]) == ["dispatch", "collect results"], outline(tree)
    dispatch = named(tree, "dispatch")
    assert sorted(names(dispatch["children"])) == ["work worker-0", "work worker-1", "work worker-2"], outline(tree)
    for worker in dispatch["children"]:
        assert names(worker["children"]) == ["llm_call", "tool_call"], outline(tree)
    assert len(edges(tree)) == 3 + 3 * 3
    assert len({span["trace_id"] for span in collector.spans(run)}) == 1, "a run comes out as one trace"


@pytest.mark.parametrize("order", ORDERS)
def test_trace_context_is_handed_down(collector: Collector, order: str) -> None:
    trace = run_rollout("propagate", order, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    collector.close(trace)
    expect_one_tree(collector, trace)
    assert all(node["repair"] is None for node in collector.tree(trace)["roots"][0]["children"])


@pytest.mark.parametrize("order", ORDERS)
def test_only_the_rollout_ids_are_shared(collector: Collector, pair: tuple[str, str], order: str) -> None:
    rollout, attempt = pair
    run_rollout(
        "isolate", order, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
        OTEL_RESOURCE_ATTRIBUTES=f"agentlightning.rollout_id={rollout},agentlightning.attempt_id={attempt}",
    )
    collector.close_attempt(rollout, attempt)
    expect_one_tree(collector, run_id(rollout, attempt))


@pytest.mark.parametrize("order", ORDERS)
def test_only_the_endpoint_is_shared(collector: Collector, pair: tuple[str, str], order: str) -> None:
    run_rollout("isolate", order, OTEL_EXPORTER_OTLP_ENDPOINT=collector.attempt_endpoint(*pair))
    collector.close_attempt(*pair)
    expect_one_tree(collector, run_id(*pair))


def test_the_traces_endpoint_variable_may_carry_the_ids(collector: Collector, pair: tuple[str, str]) -> None:
    endpoint = collector.attempt_endpoint(*pair) + "/v1/traces"
    run_rollout("isolate", "nested", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=endpoint)
    collector.close_attempt(*pair)
    expect_one_tree(collector, run_id(*pair))


def test_headers_may_carry_the_ids(collector: Collector, pair: tuple[str, str]) -> None:
    rollout, attempt = pair
    run_rollout(
        "isolate", "staggered", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS=f"x-rollout-id={rollout},x-attempt-id={attempt}",
    )
    collector.close_attempt(rollout, attempt)
    expect_one_tree(collector, run_id(rollout, attempt))


def test_a_run_is_listed_with_what_it_was_made_of(collector: Collector, pair: tuple[str, str]) -> None:
    trace = run_rollout("isolate", "nested", OTEL_EXPORTER_OTLP_ENDPOINT=collector.attempt_endpoint(*pair))
    collector.close_attempt(*pair)
    listed = [run for run in collector.runs() if (run["rollout_id"], run["attempt_id"]) == pair]
    assert len(listed) == 1
    assert listed[0]["id"] == run_id(*pair)
    assert listed[0]["spans"] == 12
    assert listed[0]["state"] in ("closed", "settled")
    assert trace in listed[0]["trace_ids"]
