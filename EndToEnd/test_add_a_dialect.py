"""docs/add-a-dialect.md, followed to the letter."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from collector import ANSWER_SECONDS, BINARY, REPOSITORY, clean_environment, tracemend

PAGE = (REPOSITORY / "docs/add-a-dialect.md").read_text()


def run(commands: str, directory: Path) -> subprocess.CompletedProcess[str]:
    path = f"{BINARY.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euc", commands], cwd=directory, env=clean_environment(PATH=path), text=True,
        capture_output=True, timeout=ANSWER_SECONDS, check=False,
    )


def follow(directory: Path) -> str:
    """What the page's commands print."""
    printed = ""
    for commands in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        done = run(commands, directory)
        assert done.returncode == 0, done.stderr
        printed += done.stdout
    return printed


def test_the_page_makes_what_it_says(tmp_path: Path) -> None:
    assert follow(tmp_path) == "rules: ok\n"

    mended = json.loads((tmp_path / "mended.json").read_text())
    [span] = mended["resourceSpans"][0]["scopeSpans"][0]["spans"]
    found = {
        attribute["key"]: attribute["value"].get("stringValue") for attribute in span["attributes"]
    }
    promised = dict(re.findall(r"^\| `(.*?)` \| `(.*?)` \|$", PAGE, re.MULTILINE))
    assert len(promised) == 5
    for key, value in promised.items():
        if value.startswith("["):
            assert json.loads(found[key]) == json.loads(value)
        else:
            assert found[key] == value
    assert found["acme.model"] == "m-1", "what came stays"


def test_the_tables_are_ten_lines(tmp_path: Path) -> None:
    follow(tmp_path)
    lines = [line for file in (tmp_path / "rules").rglob("*.tsv") for line in file.open()]
    assert len(lines) <= 10


def test_mistakes_are_all_told(tmp_path: Path) -> None:
    follow(tmp_path)
    table = tmp_path / "rules/dialects/acme.tsv"
    table.write_text(
        table.read_text() + "acme.x\tgen_ai.no.such\tstr\t\tsoon\t\t\nacme.y\t-\tcoppy\t\t\t\t\n")
    done = tracemend("check-rules", tmp_path / "rules")
    assert done.returncode == 1
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert [line.split(": expected")[0] for line in lines] == [
        "dialects/acme.tsv:5: column target", "dialects/acme.tsv:5: column prio",
        "dialects/acme.tsv:6: column op",
    ]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = tracemend("check-rules", tmp_path / "nowhere")
    assert done.returncode == 1
    assert str(tmp_path / "nowhere") in done.stderr.decode()
