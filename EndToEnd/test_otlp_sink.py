"""A mended run forwarded to an OTLP backend, which is a second collector."""

from __future__ import annotations

from collections.abc import Callable

import captures
from collector import Collector, run_id, tracemend
from tree import Node, edges, nodes, outline

CONFIGURATION = """\
sinks:
  - type: otlp
    name: backend
    endpoint: {endpoint}
"""


def facts(node: Node) -> tuple[object, ...]:
    repair = node["repair"]
    return (
        node["name"], node["parent_id"], node["operation"], node["model"], node["input_tokens"], node["output_tokens"],
        node["status"], node["placeholder"], repair["rule"] if repair else None,
    )


def test_the_backend_gets_the_mended_run_and_mending_it_again_changes_nothing(
    start_collector: Callable[..., Collector],
) -> None:
    backend = start_collector()
    collector = start_collector(CONFIGURATION.format(endpoint=backend.endpoint))
    # Its resource carries the ids, so that both collectors know the run.
    run = run_id("ro-51", "at-02")
    sent = tracemend("send", "--endpoint", collector.endpoint, *captures.files("broken_threads_traceloop"))
    assert sent.returncode == 0, sent.stderr.decode()
    collector.close(run)
    backend.close(run)

    mended, received = collector.tree(run), backend.tree(run)
    assert len(mended["roots"]) == 1, outline(mended)
    assert edges(received) == edges(mended), outline(received)
    assert {node["span_id"]: facts(node) for node in nodes(received)} == {
        node["span_id"]: facts(node) for node in nodes(mended)
    }
    assert {span["trace_id"] for span in backend.spans(run)} == {span["trace_id"] for span in collector.spans(run)}


def test_a_backend_that_is_away_stops_nothing_and_gets_the_run_when_it_is_back(
    start_collector: Callable[..., Collector],
) -> None:
    backend = start_collector()
    collector = start_collector(CONFIGURATION.format(endpoint=backend.endpoint))
    backend.kill()
    sent = tracemend("send", "--endpoint", collector.endpoint, *captures.files("openai_traceloop"))
    assert sent.returncode == 0, sent.stderr.decode()
    [trace] = {span.trace_id.hex() for span in captures.spans("openai_traceloop").values()}
    unfinished = collector.http.post(f"{collector.api}/api/runs/{trace}/close?wait=1s", timeout=30)
    assert unfinished.status_code == 202, unfinished.text
    assert "backend" in unfinished.text, "the answer names the sink that has not got the run"
    assert edges(collector.tree(trace)) == captures.reported_edges("openai_traceloop"), "the archive has it already"

    backend.start(on_port=backend.port)
    collector.close(trace)
    backend.close(trace)
    assert edges(backend.tree(trace)) == captures.reported_edges("openai_traceloop")
