"""A mended run forwarded to an OTLP backend, which is a second collector."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import captures
from collector import Collector, run_id, tracemend
from rotel_agent import forwarding_to, rotel_agent
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


def test_a_peer_passes_on_what_readers_of_openinference_understand(
    start_collector: Callable[..., Collector], tmp_path: Path
) -> None:
    backend = start_collector()
    capture = "openai_traceloop"
    with rotel_agent(tmp_path, *forwarding_to(backend.endpoint)) as (_, peer):
        collector = start_collector(CONFIGURATION.format(endpoint=peer) + "    dialect: openinference\n")
        sent = tracemend("send", "--endpoint", collector.endpoint, *captures.files(capture))
        assert sent.returncode == 0, sent.stderr.decode()
        [trace] = {span.trace_id.hex() for span in captures.spans(capture).values()}
        collector.close(trace)
        mended = {span["span_id"]: span["attributes"] for span in collector.spans(trace)}
        # The peer answers before it has passed anything on.
        deadline = time.monotonic() + 30
        while not any(run["id"] == trace and run["spans"] == len(mended) for run in backend.runs()):
            assert time.monotonic() < deadline, (tmp_path / "rotel.log").read_text()
            time.sleep(0.1)
    backend.close(trace)

    assert edges(backend.tree(trace)) == edges(collector.tree(trace))
    calls = 0
    for span in backend.spans(trace):
        before, after = mended[span["span_id"]], span["attributes"]
        for key in ("gen_ai.operation.name", "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.request.model",
                    "gen_ai.usage.input_tokens", "gen_ai.provider.name"):
            assert meaning(after.get(key)) == meaning(before.get(key)), f"{span['name']}: {key}"
        if before.get("gen_ai.operation.name") != "chat":
            continue
        assert after["openinference.span.kind"] == "LLM"
        assert after["llm.request.model_name"] == before["gen_ai.request.model"]
        if "gen_ai.usage.input_tokens" in before:
            assert after["llm.token_count.prompt"] == before["gen_ai.usage.input_tokens"]
        if "gen_ai.output.messages" in before:
            calls += 1
            assert after["llm.output_messages.0.message.role"] == "assistant"
    assert calls > 0


def meaning(value: object) -> object:
    """JSON compared by meaning."""
    return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
