"""Measures Agent-lightning's own TraceTree.repair_hierarchy on the cases that evaluate-repair exports.

usage: evaluate_agent_lightning.py CASES.json    with agentlightning installed
"""
import collections
import json
import sys

from agentlightning.adapter.triplet import TraceTree
from agentlightning.types import OtelResource, Span, TraceStatus

sys.setrecursionlimit(100_000)


def spans_of(case):
    for place, span in enumerate(case["spans"]):
        yield Span(
            rollout_id="r", attempt_id="a", sequence_id=place + 1, trace_id=span["trace"], span_id=span["id"],
            parent_id=span["parent"] or None, name=span["name"], status=TraceStatus(status_code="OK"),
            attributes={}, events=[], links=[], start_time=span["start"] / 1e9, end_time=span["end"] / 1e9,
            context=None, parent=None, resource=OtelResource(attributes={}, schema_url=""))


def parents(case):
    """The nearest real ancestor of each span that the repaired tree still holds."""
    tree = TraceTree.from_spans(list(spans_of(case)))
    tree.repair_hierarchy()
    real = {span["id"] for span in case["spans"]}
    found, open_nodes = {}, [(tree, "")]
    while open_nodes:
        node, above = open_nodes.pop()
        if node.id in real:
            found[node.id] = above
            above = node.id
        open_nodes += [(child, above) for child in node.children]
    return found


def main(path):
    right, count = collections.Counter(), collections.Counter()
    failed = 0
    for case in json.load(open(path)):
        try:
            found = parents(case)
        except (ValueError, RecursionError):
            found, failed = {}, failed + 1
        for key, truth in case["truth"].items():
            if truth["damage"] and not truth["decided"]:
                continue
            kind = truth["damage"] or "undamaged"
            count[kind] += 1
            right[kind] += found.get(key[32:]) == truth["parent"][32:]
    print("Agent-lightning's repair_hierarchy on the same cases")
    for kind in sorted(count):
        print(f"{kind:16s}{count[kind]:7d}  {right[kind] / count[kind]:.4f}")
    damaged = [kind for kind in count if kind != "undamaged"]
    total = sum(count[kind] for kind in damaged)
    print(f"{'all damaged':16s}{total:7d}  {sum(right[kind] for kind in damaged) / total:.4f}; {failed} trees failed")


main(sys.argv[1])
