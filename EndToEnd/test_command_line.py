"""The commands that need no collector, and how they fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import captures
from collector import tracemend
from test_bad_input import GOOD

USAGE = 64


def otlp_json(command: str, *arguments: str | Path) -> ExportTraceServiceRequest:
    done = tracemend(command, "--format", "otlp-json", *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return captures.request_from_json(json.loads(done.stdout))


def expect_one_line_about(stderr: bytes, path: Path) -> None:
    lines = stderr.decode().splitlines()
    assert len(lines) == 1, stderr.decode()
    assert str(path) in lines[0]


@pytest.mark.parametrize("capture", captures.NAMES)
def test_decoding_reads_what_the_reference_decoder_reads(capture: str) -> None:
    for body in captures.bodies(capture):
        assert captures.meaning(otlp_json("decode", body.path)) == captures.meaning(body.decoded())


def test_text_names_every_span(capture: str = "openai_traceloop") -> None:
    [path] = captures.files(capture)
    done = tracemend("decode", path)
    assert done.returncode == 0, done.stderr.decode()
    for id, span in captures.spans(capture).items():
        assert span.name in done.stdout.decode()
        assert id in done.stdout.decode()


def test_standard_input_is_a_file_too() -> None:
    [path] = captures.files("openai_langfuse")
    from_file = tracemend("decode", "--format", "otlp-json", path)
    from_input = tracemend("decode", "--format", "otlp-json", "-", stdin=path.read_bytes())
    assert from_input.returncode == 0, from_input.stderr.decode()
    assert from_input.stdout == from_file.stdout


def test_mending_files_prints_a_tree() -> None:
    done = tracemend("mend", "--format", "tree", *captures.files("broken_crash_traceloop"))
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    assert text.count("openai.chat") == 4
    assert "step 2" in text and "gpt-4o-mini" in text
    assert "\x1b" not in text


def test_files_of_several_processes_are_mended_as_one_run() -> None:
    request = otlp_json("mend", "--as-one-run", *captures.files("multiproc_disconnected"))
    spans = captures.spans_of(request)
    assert len(spans) == 18
    assert [span.name for span in spans if not span.parent_span_id] == ["rollout"]
    assert len({span.trace_id for span in spans}) == 1


@pytest.mark.parametrize("capture", ["broken_crash_traceloop", "broken_threads_traceloop", "lc_openinference", "openai_lmnr"])
def test_mending_what_was_mended_changes_nothing(tmp_path: Path, capture: str) -> None:
    once = tracemend("mend", "--format", "otlp-json", *captures.files(capture))
    assert once.returncode == 0, once.stderr.decode()
    mended = tmp_path / "mended.json"
    mended.write_bytes(once.stdout)
    assert captures.meaning(otlp_json("mend", mended)) == captures.meaning(
        captures.request_from_json(json.loads(once.stdout))
    )


def test_mended_protobuf_holds_what_mended_json_holds(tmp_path: Path) -> None:
    paths = captures.files("openai_openinference")
    done = tracemend("mend", "--format", "otlp-protobuf", *paths)
    assert done.returncode == 0, done.stderr.decode()
    assert captures.meaning(ExportTraceServiceRequest.FromString(done.stdout)) == captures.meaning(
        otlp_json("mend", *paths)
    )


@pytest.mark.parametrize("command", ["decode", "mend"])
@pytest.mark.parametrize(
    "content", [b"\x0a\x7f", GOOD[:-1], b'{"resourceSpans": 5}', b"\x1f\x8b\x08\x00not gzip", b"words"],
    ids=["too short", "truncated", "wrong JSON", "bad gzip", "words"],
)
def test_a_bad_file_is_named_in_one_line(tmp_path: Path, command: str, content: bytes) -> None:
    path = tmp_path / "body.bin"
    path.write_bytes(content)
    done = tracemend(command, path)
    assert done.returncode == 1
    assert done.stdout == b""
    expect_one_line_about(done.stderr, path)


@pytest.mark.parametrize("command", ["decode", "mend"])
def test_a_missing_file_is_named_in_one_line(tmp_path: Path, command: str) -> None:
    done = tracemend(command, tmp_path / "nowhere.bin")
    assert done.returncode == 1
    expect_one_line_about(done.stderr, tmp_path / "nowhere.bin")


@pytest.mark.parametrize(
    "arguments",
    [["decode"], ["nothing"], ["mend", "--format", "poem", "x"], ["serve", "--port", "many"], ["decode", "a", "b"]],
    ids=" ".join,
)
def test_bad_usage_ends_with_64(arguments: list[str]) -> None:
    done = tracemend(*arguments)
    assert done.returncode == USAGE, done.stderr.decode()
    assert done.stdout == b""
    assert done.stderr


GOOD_CONFIGURATION = """\
sinks:
  - type: otlp
    name: backend
    endpoint: http://127.0.0.1:4318
"""

BAD_CONFIGURATIONS = {
    "an unknown key": ("colour: red\n", "colour"),
    "an unknown type of sink": ("sinks:\n  - type: paper\n    name: p\n", "paper"),
    "a sink without an endpoint": ("sinks:\n  - type: otlp\n    name: backend\n", "endpoint"),
    "two sinks of one name": (GOOD_CONFIGURATION + GOOD_CONFIGURATION.split("\n", 1)[1], "backend"),
    "a list for the whole": ("- sinks\n", ""),
    "no YAML": ("sinks: [\n", ""),
}


def test_a_good_configuration_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD_CONFIGURATION)
    done = tracemend("check-config", path)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("case", BAD_CONFIGURATIONS)
def test_a_bad_configuration_is_refused_with_the_name_of_what_is_wrong(tmp_path: Path, case: str) -> None:
    content, name = BAD_CONFIGURATIONS[case]
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    checked = tracemend("check-config", path)
    assert checked.returncode == 1
    assert name in checked.stderr.decode()
    served = tracemend("serve", "--config", path, "--data", tmp_path / "data")
    assert served.returncode == 1, "what the check refuses does not start"
    assert name in served.stderr.decode()
