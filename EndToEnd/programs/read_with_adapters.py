"""Reads span objects from standard input with Agent-lightning's own types, adapters and reward functions.

Runs in the store's environment. Input: {"name": {"spans": [span, ...], "calls": regular expression or null}, ...};
output: {"name": {"triplets": [...], "messages": [...], "final_reward": number or null}, ...}. What raises is {"error": text}.
The tree is not repaired again: the spans are mended.
"""

import json
import sys
from typing import Any, Callable

from agentlightning.adapter import TraceToMessages, TracerTraceToTriplet
from agentlightning.emitter.reward import find_final_reward
from agentlightning.types import Span


def attempt(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def triplets(spans: list[Span], calls: str | None) -> list[Any]:
    options = {} if calls is None else {"llm_call_match": calls}
    adapter = TracerTraceToTriplet(repair_hierarchy=False, **options)
    return [triplet.model_dump() for triplet in adapter.adapt(spans)]


readings = {}
for name, run in json.load(sys.stdin).items():
    spans = [Span.model_validate(item) for item in run["spans"]]
    readings[name] = {
        "triplets": attempt(lambda: triplets(spans, run["calls"])),
        "messages": attempt(lambda: list(TraceToMessages().adapt(spans))),
        "final_reward": attempt(lambda: find_final_reward(spans)),
    }
json.dump(readings, sys.stdout, default=str)
