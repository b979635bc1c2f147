"""Readings of the collector's own archive, beside what Agent-lightning's own adapters make of its spans."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import captures
from collector import ANSWER_SECONDS, Collector, clean_environment, run_id, tracemend
from lightning_store import ENVIRONMENT, SETTINGS

READER = Path(__file__).with_name("programs") / "read_with_adapters.py"
ROLLOUT = "readings"
FORMS = ("triplets", "messages", "rewards", "spans", "otlp")

# Each with the names of its model calls, which the adapter has to be told unless they are AgentOps'.
DIALECTS = {
    "agl_agentops_langgraph": None,
    "agl_agentops_tracer": None,
    "agl_otel_tracer": None,
    "anthropic_openinference": r"^anthropic\.messages\.create$",
    "broken_simple_traceloop": r"^openai\.chat$",
    "lc_agentops": None,
    "lc_agentops_cb": None,
    "lc_openinference": r"^ChatOpenAI$",
    "lc_traceloop_040": r"^ChatOpenAI\.chat$",
    "litellm_otel_vllm": r"^litellm_request$",
    "oaiagents_agentops": r"^response$",
    "openai_agentops": None,
    "openai_openinference": r"^(ChatCompletion|Response)$",
    "openai_v2_latest": r"^chat ",
    "openai_v2_latest_nocontent": r"^chat ",
    "pydantic_ai_native": r"^chat ",
    "strands_native": r"^chat$",
}
# Their libraries write messages as the adapter reads them; it finds none in the others.
RAW_CONTENT = {
    "agl_agentops_langgraph", "agl_agentops_tracer", "lc_agentops", "lc_agentops_cb", "lc_traceloop_040",
    "oaiagents_agentops", "openai_agentops", "openai_v2_latest_nocontent",
}
# The adapter does not read gen_ai.agent.name.
AGENTS_BY_CONVENTION = {"pydantic_ai_native", "strands_native"}
# The token ids are on the raw request below the call.
TOKENS_OF_RAW_REQUESTS = {"litellm_otel_vllm"}


SINK = """\
sinks:
  - type: otlp
    name: backend
    endpoint: http://127.0.0.1:{port}
"""


def path_of(capture: str) -> str:
    return "/api/runs/" + quote(run_id(ROLLOUT, capture), safe="")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A collector that has every capture as a run of its own."""
    with Collector(tmp_path_factory.mktemp("readings")) as running:
        for capture in captures.NAMES:
            sent = tracemend(
                "send", "--endpoint", running.endpoint, "--rollout", ROLLOUT, "--attempt", capture,
                *captures.files(capture),
            )
            assert sent.returncode == 0, sent.stderr.decode()
        for capture in captures.NAMES:
            running.close_attempt(ROLLOUT, capture)
        yield running


@pytest.fixture(scope="module")
def adapters(archive: Collector) -> dict[str, dict[str, Any]]:
    """What the real adapters read in the spans of every capture; each span has passed `Span.model_validate`."""
    runs = {
        capture: {"spans": archive.spans(run_id(ROLLOUT, capture)), "calls": DIALECTS.get(capture)}
        for capture in captures.NAMES
    }
    return read_with_adapters(runs)


def test_every_span_is_one_of_agent_lightnings(adapters: dict[str, dict[str, Any]]) -> None:
    assert adapters.keys() == set(captures.NAMES)


@pytest.mark.parametrize("capture", DIALECTS)
def test_triplets_are_what_the_adapter_gives(
    archive: Collector, adapters: dict[str, dict[str, Any]], capture: str
) -> None:
    ours = archive.get(f"{path_of(capture)}/triplets")["triplets"]
    theirs = adapters[capture]["triplets"]
    assert isinstance(theirs, list), theirs
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.keys() == other.keys()
        assert one["reward"] == other["reward"]
        assert one["metadata"]["response_id"] == other["metadata"]["response_id"]
        # Beside what the call's own span says, ours has what its duplicates say.
        for key in ("request", "response"):
            told = one["metadata"][key] or {}
            assert all(told[name] == value for name, value in (other["metadata"][key] or {}).items())
        if capture in AGENTS_BY_CONVENTION:
            assert one["metadata"]["agent_name"] != "*" and other["metadata"]["agent_name"] == "*"
        else:
            assert one["metadata"]["agent_name"] == other["metadata"]["agent_name"]
        if capture in TOKENS_OF_RAW_REQUESTS:
            assert one["response"]["token_ids"] and not other["response"]["token_ids"]
        else:
            assert one["prompt"]["token_ids"] == other["prompt"]["token_ids"]
            assert one["response"]["token_ids"] == other["response"]["token_ids"]
        if capture in RAW_CONTENT:
            assert one["prompt"] == other["prompt"]
            assert one["response"] == other["response"]


@pytest.mark.parametrize("capture", captures.NAMES)
def test_the_final_reward_is_the_same(archive: Collector, adapters: dict[str, dict[str, Any]], capture: str) -> None:
    assert archive.get(f"{path_of(capture)}/rewards")["final_reward"] == adapters[capture]["final_reward"]


def read_with_adapters(runs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    read = subprocess.run(
        [ENVIRONMENT / "bin/python", READER], input=json.dumps(runs), capture_output=True, text=True,
        timeout=5 * ANSWER_SECONDS, env=clean_environment(**SETTINGS), check=False,
    )
    assert read.returncode == 0, read.stderr[-4000:]
    return json.loads(read.stdout)


REWARDS = {
    "dimensions": ("agentlightning.annotation", {"agentlightning.reward.0.name": "p", "agentlightning.reward.0.value": 0.5}),
    "a text": ("agentlightning.annotation", {"agentlightning.reward.0.name": "p", "agentlightning.reward.0.value": "0.5"}),
    "agentops": ("reward.task", {"agentops.task.output": '{"type": "reward", "value": 0.5}', "agentops.span.kind": "task"}),
    "agentops entity": ("reward.task", {"agentops.entity.output": '{"type": "reward", "value": 0.5}'}),
    "0.2": ("agentlightning.annotation", {"reward": 0.5}),
}


def test_a_reward_of_every_format_reaches_the_call(
    collector: Collector, pair: tuple[str, str], tmp_path: Path
) -> None:
    def span(trace: str, number: int, name: str, attributes: dict[str, Any]) -> dict[str, Any]:
        values = {str: "stringValue", float: "doubleValue"}
        return {
            "traceId": trace, "spanId": f"{number:016x}", "name": name,
            "startTimeUnixNano": str(1_700_000_000_000_000_000 + number * 10**9),
            "endTimeUnixNano": str(1_700_000_000_500_000_000 + number * 10**9),
            "attributes": [{"key": key, "value": {values[type(value)]: value}} for key, value in attributes.items()],
        }

    rollout, _ = pair
    runs = {}
    for form, (name, attributes) in REWARDS.items():
        trace = secrets.token_hex(16)
        spans = [
            span(trace, 1, "openai.chat.completion", {"gen_ai.response.id": "r1"}), span(trace, 2, name, attributes)
        ]
        body = tmp_path / "body.json"
        body.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}))
        sent = tracemend("send", "--endpoint", collector.endpoint, "--rollout", rollout, "--attempt", form, body)
        assert sent.returncode == 0, sent.stderr.decode()
        collector.close_attempt(rollout, form)
        runs[form] = {"spans": collector.spans(run_id(rollout, form)), "calls": None}
    for form, theirs in read_with_adapters(runs).items():
        path = "/api/runs/" + quote(run_id(rollout, form), safe="")
        ours = collector.get(f"{path}/triplets")["triplets"]
        assert [triplet["reward"] for triplet in ours] == [0.5], form
        assert isinstance(theirs["triplets"], list), theirs
        assert [triplet["reward"] for triplet in theirs["triplets"]] == [0.5], form
        assert collector.get(f"{path}/rewards")["final_reward"] == theirs["final_reward"] == 0.5, form


@pytest.mark.parametrize("capture", ["agl_agentops_langgraph", "agl_agentops_tracer"])
def test_messages_are_what_the_adapter_gives(
    archive: Collector, adapters: dict[str, dict[str, Any]], capture: str
) -> None:
    def meaning(conversations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Arguments of tools are compared as JSON: its spaces are the library's."""
        return json.loads(
            json.dumps(conversations),
            object_hook=lambda item: {**item, "arguments": json.loads(item["arguments"])} if "arguments" in item else item,
        )

    ours = archive.get(f"{path_of(capture)}/messages")["messages"]
    assert ours
    assert meaning(ours) == meaning(adapters[capture]["messages"])


ROLES = {"system", "developer", "user", "assistant", "tool"}


@pytest.mark.parametrize("capture", captures.NAMES)
def test_conversations_are_fit_for_fine_tuning(archive: Collector, capture: str) -> None:
    """By the rules of https://platform.openai.com/docs/api-reference/chat/create."""
    for conversation in archive.get(f"{path_of(capture)}/messages")["messages"]:
        messages = conversation["messages"]
        assert messages[-1]["role"] == "assistant"
        calls: set[str] = set()
        for message in messages:
            assert message["role"] in ROLES
            for call in message.get("tool_calls", []):
                assert call["id"] and call["type"] == "function" and call["function"]["name"]
                json.loads(call["function"]["arguments"])
                calls.add(call["id"])
            if message["role"] == "tool":
                assert message["tool_call_id"] in calls
            elif not message.get("tool_calls"):
                assert isinstance(message["content"], str | list)
        for tool in conversation["tools"] or []:
            assert tool["type"] == "function" and isinstance(tool["function"]["parameters"], dict)


@pytest.mark.parametrize("form", FORMS)
def test_the_command_line_prints_what_the_api_answers(archive: Collector, form: str) -> None:
    run = run_id(ROLLOUT, "agl_agentops_tracer")
    name = "otlp-json" if form == "otlp" else form
    expected = archive.get(f"{path_of('agl_agentops_tracer')}/{form}")
    asked = tracemend("read", run, "--as", name, "--url", archive.api)
    assert asked.returncode == 0, asked.stderr.decode()
    folder = tracemend("read", run, "--as", name, "--data", archive.data)
    assert folder.returncode == 0, folder.stderr.decode()
    if form == "otlp":
        assert captures.meaning(captures.request_from_json(json.loads(asked.stdout))) == captures.meaning(
            captures.request_from_json(expected)
        )
    else:
        assert json.loads(asked.stdout) == expected
        assert json.loads(folder.stdout) == expected


@pytest.mark.parametrize("form", FORMS)
def test_many_runs_are_written_as_json_lines(archive: Collector, tmp_path: Path, form: str) -> None:
    name = "otlp-json" if form == "otlp" else form
    output = tmp_path / "all.jsonl"
    done = tracemend("read", "--all", "--since", "1h", "--as", name, "--output", output, "--url", archive.api)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b""
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    runs = {capture: archive.get(f"{path_of(capture)}/{form}") for capture in captures.NAMES}
    if form in ("rewards", "otlp"):
        assert len(lines) == len(runs)
    else:
        assert len(lines) == sum(len(run[form]) for run in runs.values())
    if form == "messages":
        assert all(line.keys() <= {"messages", "tools"} and line.get("tools", True) for line in lines)
    if form == "triplets":
        by_run = {capture: [line for line in lines if line["attempt_id"] == capture] for capture in runs}
        for capture, run in runs.items():
            assert [{key: line[key] for key in ("prompt", "response", "reward", "metadata")} for line in by_run[capture]] == run["triplets"]
    again = tracemend("read", "--all", "--as", name, "--data", archive.data)
    assert again.returncode == 0, again.stderr.decode()
    if form != "otlp":
        assert again.stdout == output.read_bytes()


def test_what_is_not_there_is_said(archive: Collector, tmp_path: Path) -> None:
    for arguments in (["read", "nowhere", "--as", "triplets"], ["doctor", "nowhere"]):
        for source in (["--url", archive.api], ["--data", archive.data]):
            done = tracemend(*arguments, *source)
            assert done.returncode == 1
            assert b"nowhere" in done.stderr and done.stdout == b""
    kept = tmp_path / "kept.jsonl"
    kept.write_text("mine\n")
    done = tracemend("read", "--all", "--as", "spans", "--output", kept, "--url", archive.api)
    assert done.returncode == 1
    assert str(kept) in done.stderr.decode() and kept.read_text() == "mine\n"
    none = tracemend("read", "--all", "--since", "2099-01-01T00:00:00Z", "--as", "spans", "--url", archive.api)
    assert none.returncode == 0 and none.stdout == b""


@pytest.mark.parametrize(
    "arguments",
    [["read", "--as", "triplets"], ["read", "r", "--all", "--as", "spans"], ["read", "r", "--as", "poem"],
     ["read", "r", "--as", "spans", "--since", "1h"], ["read", "--all", "--as", "spans", "--since", "soon"],
     ["doctor", "r", "--limit", "3"], ["doctor", "r", "--since", "1h"], ["doctor", "--limit", "0"],
     ["doctor", "--limit", "3", "--since", "1h"]],
    ids=" ".join,
)
def test_bad_usage_ends_with_64(arguments: list[str]) -> None:
    assert tracemend(*arguments).returncode == 64


@pytest.mark.parametrize(
    ("capture", "codes"),
    [
        ("agl_agentops_tracer", set()),
        ("openai_v2_latest_nocontent", {"no_response", "no_token_ids", "no_messages", "no_reward"}),
        ("web_flask_full_old", {"no_model_call", "no_reward"}),
    ],
)
def test_the_doctor_names_the_reasons(archive: Collector, capture: str, codes: set[str]) -> None:
    answer = archive.get(f"{path_of(capture)}/doctor")
    assert {finding["code"] for finding in answer["findings"]} == codes
    done = tracemend("doctor", run_id(ROLLOUT, capture), "--url", archive.api)
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    assert all(re.search(rf"^{code}: .*\n  → ", text, re.MULTILINE) for code in codes), text
    assert codes or "nothing is amiss" in text


def test_the_doctor_looks_over_all_runs(start_collector: Callable[..., Collector]) -> None:
    collector = start_collector()
    empty = tracemend("doctor", "--url", collector.api)
    assert (empty.returncode, empty.stdout.decode().splitlines()[0]) == (0, "there are no runs")
    expected = {"agl_agentops_tracer": None, "web_flask_full_old": "no_model_call", "web_fastapi_full_new": "no_model_call"}
    for number, capture in enumerate(expected):
        sent = tracemend("send", "--endpoint", collector.endpoint, "--rollout", "ro", "--attempt", capture, *captures.files(capture))
        assert sent.returncode == 0, sent.stderr.decode()
        collector.close(run_id("ro", capture))
        for source in (["--url", collector.api], ["--data", collector.data]):
            done = tracemend("doctor", *source)
            text = done.stdout.decode()
            assert done.returncode == (2 if number else 0), text + done.stderr.decode()
            assert text.startswith(f"1 of {number + 1} runs give triplets: "), text
            silent = sorted(name for name, code in list(expected.items())[: number + 1] if code)
            found = re.search(r"^no_model_call, (\d+) runs?, .*\n  → .*\n  runs: (.*)$", text, re.MULTILINE)
            assert (found is not None) == bool(silent), text
            if found:
                assert int(found[1]) == len(silent)
                assert sorted(found[2].split()) == [run_id("ro", capture) for capture in silent]
    newest = tracemend("doctor", "--limit", "1", "--url", collector.api)
    assert newest.returncode == 2 and newest.stdout.decode().startswith("0 of 1 runs give triplets")
    assert "older runs" in newest.stderr.decode()
    future = tracemend("doctor", "--since", "2099-01-01T00:00:00Z", "--url", collector.api)
    assert future.returncode == 0 and future.stdout.decode().startswith("there are no runs")


def test_the_doctor_sees_an_open_run(collector: Collector, pair: tuple[str, str]) -> None:
    rollout, attempt = pair
    sent = tracemend(
        "send", "--endpoint", collector.endpoint, "--rollout", rollout, "--attempt", attempt,
        *captures.files("openai_traceloop"),
    )
    assert sent.returncode == 0, sent.stderr.decode()
    run = quote(run_id(rollout, attempt), safe="")
    collector.close(run_id(rollout, attempt))
    sent = tracemend(
        "send", "--endpoint", collector.endpoint, "--rollout", rollout, "--attempt", attempt,
        *captures.files("broken_simple_traceloop"),
    )
    assert sent.returncode == 0, sent.stderr.decode()
    codes = {finding["code"] for finding in collector.get(f"/api/runs/{run}/doctor")["findings"]}
    assert "not_settled" in codes


class Refusing(BaseHTTPRequestHandler):
    """A backend that takes nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_the_doctor_sees_a_sink_that_gave_up(start_collector: Callable[..., Collector]) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as backend:
        threading.Thread(target=backend.serve_forever, daemon=True).start()
        collector = start_collector(SINK.format(port=backend.server_port))
        sent = tracemend(
            "send", "--endpoint", collector.endpoint, "--rollout", "r", "--attempt", "a",
            *captures.files("agl_agentops_tracer"),
        )
        assert sent.returncode == 0, sent.stderr.decode()
        path = collector.attempt_endpoint("r", "a") + "/close?wait=10s"
        collector.http.post(path, timeout=ANSWER_SECONDS)
        for source in (["--url", collector.api], ["--data", collector.data]):
            done = tracemend("doctor", "r/a", *source)
            assert done.returncode == 0, done.stderr.decode()
            assert "parked: the sink backend gave up" in done.stdout.decode(), done.stdout.decode()
            overview = tracemend("doctor", *source)
            assert overview.returncode == 2, overview.stdout.decode()
            assert "parked, 1 run, such as: the sink backend gave up" in overview.stdout.decode()
        assert collector.stop() == 0
        backend.shutdown()


def test_a_format_that_is_none_is_refused(archive: Collector) -> None:
    answer = archive.http.get(f"{archive.api}{path_of('agl_agentops_tracer')}/triplets?format=xml", timeout=ANSWER_SECONDS)
    assert answer.status_code == 400 and "jsonl" in answer.json()["error"]
