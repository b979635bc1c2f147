"""Looking at the tree of a run as the API tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]


def walk(tree: dict[str, Any]) -> Iterator[tuple[int, Node | None, Node]]:
    """Every node with its depth and its parent, parents first."""
    waiting: list[tuple[int, Node | None, Node]] = [(0, None, root) for root in reversed(tree["roots"])]
    while waiting:
        depth, parent, node = waiting.pop()
        yield depth, parent, node
        waiting += [(depth + 1, node, child) for child in reversed(node["children"])]


def nodes(tree: dict[str, Any]) -> list[Node]:
    return [node for _, _, node in walk(tree)]


def edges(tree: dict[str, Any]) -> dict[str, str | None]:
    """Each span's id with its parent's; the nesting and the `parent_id` fields must agree."""
    found: dict[str, str | None] = {}
    for _, parent, node in walk(tree):
        parent_id = parent["span_id"] if parent else None
        if parent is not None:
            assert node["parent_id"] == parent_id, f"{node['name']} is nested below a span that is not its parent"
        assert node["span_id"] not in found, f"{node['span_id']} stands in the tree twice"
        found[node["span_id"]] = parent_id
    return found


def names(siblings: list[Node]) -> list[str]:
    return [node["name"] for node in siblings]


def outline(tree: dict[str, Any]) -> str:
    """For the messages of assertions."""
    lines = []
    for depth, _, node in walk(tree):
        rule = f"  ({node['repair']['rule']})" if node["repair"] else ""
        placeholder = "  (placeholder)" if node["placeholder"] else ""
        lines.append("  " * depth + node["name"] + rule + placeholder)
    return "\n" + "\n".join(lines)


def only_root(tree: dict[str, Any]) -> Node:
    assert len(tree["roots"]) == 1, outline(tree)
    return tree["roots"][0]


def named(tree: dict[str, Any], name: str) -> Node:
    found = [node for node in nodes(tree) if node["name"] == name]
    assert len(found) == 1, f"{len(found)} spans are named {name}{outline(tree)}"
    return found[0]
