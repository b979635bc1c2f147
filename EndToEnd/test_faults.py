"""When the disk, the sinks or somebody else stand in the way: a clear word, nothing lost, and on again when it is over."""

from __future__ import annotations

import itertools
import os
import random
import resource
import secrets
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector import PROTOBUF, Collector, free_port
from load import SpanKey, archived, expect_archived, new_body, until

MIB = 1 << 20


class Client:
    """Posts one body after the other, and keeps account."""

    def __init__(self, collector: Collector, padding: int = 0):
        seed = int(os.environ.get("E2E_SEED", secrets.randbits(32)))
        print(f"E2E_SEED={seed}")
        self.random = random.Random(seed)
        self.collector = collector
        self.padding = padding
        self.acknowledged: set[SpanKey] = set()
        self.refused: set[SpanKey] = set()

    def post(self) -> requests.Response:
        body, keys = new_body(self.random, self.padding)
        answer = self.collector.post(body, PROTOBUF)
        (self.acknowledged if answer.status_code == 200 else self.refused).update(keys)
        return answer

    def post_until_refused(self, at_most: int = 500) -> requests.Response:
        """What is refused for now asks the client to come again."""
        for _ in range(at_most):
            answer = self.post()
            if answer.status_code != 200:
                assert answer.status_code == 503, answer.content
                assert int(answer.headers["Retry-After"]) > 0
                assert b"/" not in answer.content, "a path is not for strangers"
                return answer
        raise AssertionError(f"{at_most} requests were accepted all the same")

    def expect_accepted_again(self) -> None:
        answer = until(self.post, lambda answer: answer.status_code == 200)
        assert answer.status_code == 200, f"{answer.content!r}\n{self.collector.log_tail()}"

    def expect_delivered(self, data: Path | None = None) -> None:
        expect_archived(data or self.collector.data, self.acknowledged, self.refused)


def start_refused(collector: Collector) -> str:
    """Starts a collector that must not start, and returns the one line that it says."""
    before = collector.log.read_text() if collector.log.exists() else ""
    try:
        collector.start()
    except AssertionError:
        assert collector.exit_code == 1, collector.log_tail()
    else:
        collector.kill()
        raise AssertionError("the collector started")
    [line] = collector.log.read_text()[len(before):].splitlines()
    return line


# No room


def test_a_full_inbox_refuses_for_now_and_still_delivers(start_collector: Callable[..., Collector]) -> None:
    backend = start_collector()
    backend.kill()
    collector = start_collector(
        f"""\
inbox:
  maximum_bytes: 1MiB
sinks:
  - type: otlp
    name: backend
    endpoint: {backend.endpoint}
"""
    )
    client = Client(collector, padding=50_000)
    assert b"full" in client.post_until_refused().content
    assert collector.is_healthy()
    client.expect_delivered()

    backend.start(on_port=backend.port)
    for run in collector.runs():
        collector.http.post(f"{collector.api}/api/runs/{run['id']}/close?wait=0s", timeout=30)
    client.expect_accepted_again()
    client.expect_delivered()
    for run in collector.runs():
        collector.close(run["id"])
    client.expect_delivered(backend.data)


def test_a_file_that_may_not_grow_is_no_reason_to_die(start_collector: Callable[..., Collector]) -> None:
    collector = start_collector()
    client = Client(collector, padding=50_000)
    client.expect_accepted_again()
    process = collector.process.pid
    limits = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (1 * MIB, limits[1]))
    client.post_until_refused()
    assert collector.is_healthy()
    assert "check its space" in collector.log.read_text(), "the log says what to do"

    resource.prlimit(process, resource.RLIMIT_FSIZE, limits)
    client.expect_accepted_again()
    client.expect_delivered()
    assert collector.stop() == 0, collector.log_tail()
    collector.start()
    client.expect_delivered()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting takes more rights")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_is_survived(start_collector: Callable[..., Collector], small_disk: Path, tmp_path: Path) -> None:
    collector = start_collector(run=False)
    collector.data = small_disk / "data"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(4 * MIB))
    collector.start()
    client = Client(collector, padding=50_000)
    client.post_until_refused()
    assert collector.is_healthy()
    assert "no space is left" in collector.log.read_text()

    # It stops in good order all the same, and starts or says why not.
    assert collector.stop() == 0, collector.log_tail()
    with (small_disk / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)):
                pass
        except OSError:
            pass
    try:
        collector.start()
    except AssertionError:
        assert collector.exit_code == 1
        assert "no space is left" in collector.log_tail().splitlines()[-1]
    else:
        assert collector.post(new_body(random.Random(1), 50_000)[0], PROTOBUF).status_code == 503

    ballast.unlink()
    (small_disk / "filler").unlink()
    if not collector.is_running:
        collector.start()
    client.expect_accepted_again()
    expect = client.acknowledged
    found = until(lambda: archived(collector.data), lambda found: expect <= set(found))
    assert expect <= set(found)
    assert len(found) == len(set(found))
    assert collector.stop() == 0, collector.log_tail()


@pytest.fixture
def mend_disk(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """A disk with ext4, made at the first call; each call after that mends it and mounts it again."""
    image, place = tmp_path / "disk.img", tmp_path / "disk"
    place.mkdir()
    image.touch()
    os.truncate(image, 64 * MIB)

    def mount() -> Path:
        if place.is_mount():
            subprocess.run(["umount", place], check=True)
            # 1 tells that errors were mended.
            assert subprocess.run(["fsck.ext4", "-fy", image], check=False, capture_output=True).returncode in (0, 1)
        else:
            subprocess.run(["mkfs.ext4", "-q", image], check=True)
        mounted = subprocess.run(["mount", "-o", "loop", image, place], check=False, capture_output=True)
        if mounted.returncode != 0:
            pytest.skip("mounting takes more rights")
        return place

    yield mount
    if place.is_mount():
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize("padding", [0, 100_000], ids=["small bodies", "bodies in files of their own"])
def test_a_disk_that_turns_read_only_while_it_runs(
    start_collector: Callable[..., Collector], mend_disk: Callable[[], Path], padding: int
) -> None:
    disk = mend_disk()
    collector = start_collector(run=False)
    collector.data = disk / "data"
    collector.start()
    client = Client(collector, padding)
    for _ in range(5):
        client.expect_accepted_again()
    # As the kernel does by itself after an error of the device.
    subprocess.run(["mount", "-o", "remount,abort", disk], check=True)
    client.post_until_refused()
    assert collector.is_healthy()
    assert "whether it has become read-only" in collector.log.read_text(), collector.log_tail()
    assert collector.stop() == 0, collector.log_tail()
    start_refused(collector)

    mend_disk()
    collector.start()
    client.expect_accepted_again()
    client.expect_delivered()


def test_a_folder_that_cannot_be_written_is_told_at_the_start(
    start_collector: Callable[..., Collector], tmp_path: Path
) -> None:
    collector = start_collector()
    client = Client(collector)
    client.expect_accepted_again()
    assert collector.stop() == 0
    if os.geteuid() != 0:
        collector.data.chmod(0o500)
        line = start_refused(collector)
        collector.data.chmod(0o700)
    else:
        # For root only a disk that is read-only cannot be written.
        place = str(collector.data)
        bind = ["mount", "--bind", place, place]
        if subprocess.run(bind, check=False, capture_output=True).returncode != 0:
            pytest.skip("mounting takes more rights")
        try:
            subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
            line = start_refused(collector)
        finally:
            subprocess.run(["umount", place], check=True)
    assert str(collector.data) in line
    collector.start()
    client.expect_delivered()


# Somebody else


@pytest.mark.parametrize("name", ["inbox.sqlite", "archive.sqlite"])
def test_a_locked_database_is_waited_for(start_collector: Callable[..., Collector], name: str) -> None:
    collector = start_collector()
    client = Client(collector)
    client.expect_accepted_again()
    other = sqlite3.connect(collector.data / name, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    if name == "inbox.sqlite":
        client.post_until_refused(1)
        assert "end that one" in collector.log.read_text(), collector.log_tail()
    else:
        assert client.post().status_code == 200, "the archive is but a sink"
    assert collector.is_healthy()
    other.execute("ROLLBACK")
    other.close()
    client.expect_accepted_again()
    client.expect_delivered()


@pytest.mark.parametrize("name", ["inbox.sqlite", "archive.sqlite"])
def test_a_database_that_is_locked_at_the_start_is_told(start_collector: Callable[..., Collector], name: str) -> None:
    collector = start_collector()
    client = Client(collector)
    client.expect_accepted_again()
    assert collector.stop() == 0
    other = sqlite3.connect(collector.data / name, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    line = start_refused(collector)
    assert str(collector.data / name) in line
    assert "another process holds it" in line
    other.close()
    collector.start()
    client.expect_delivered()


def test_a_second_collector_does_not_touch_the_same_data(
    start_collector: Callable[..., Collector], tmp_path: Path
) -> None:
    first = start_collector()
    second = Collector(tmp_path / "second")
    second.data = first.data
    line = start_refused(second)
    assert str(first.data) in line, "the message names the folder that is taken"
    assert str(first.process.pid) in line, "and who has it"
    assert first.is_healthy()


# Damage


def garbage(file: Path) -> None:
    with file.open("r+b") as database:
        database.write(random.Random(1).randbytes(4096))


def nonsense(file: Path) -> None:
    file.write_bytes(b"This is a text, and no database. " * 1000)


def half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


@pytest.mark.parametrize(
    ("name", "damage"),
    [*itertools.product(["inbox.sqlite", "archive.sqlite"], [garbage, nonsense, half]), ("inbox.sqlite", emptied)],
)
def test_a_damaged_file_stops_the_start(
    start_collector: Callable[..., Collector], name: str, damage: Callable[[Path], None]
) -> None:
    collector = start_collector()
    client = Client(collector, padding=20_000)
    for _ in range(20):
        client.expect_accepted_again()
    client.expect_delivered()
    assert collector.stop() == 0
    file = collector.data / name
    whole = file.read_bytes()
    damage(file)
    line = start_refused(collector)
    assert str(file) in line
    assert "damaged" in line
    assert "move it" in line
    # Nothing was made worse: with the file as it was, all is there.
    file.write_bytes(whole)
    collector.start()
    client.expect_accepted_again()
    client.expect_delivered()

    # Or it begins anew.
    assert collector.stop() == 0
    damage(file)
    start_refused(collector)
    for part in collector.data.glob(name + "*"):
        part.unlink()
    collector.start()
    assert client.post().status_code == 200


def test_pages_that_are_damaged_under_a_running_collector_never_end_it(
    start_collector: Callable[..., Collector]
) -> None:
    collector = start_collector()
    client = Client(collector, padding=20_000)
    for _ in range(20):
        client.expect_accepted_again()
    source = random.Random(2)
    for name in ("inbox.sqlite", "archive.sqlite"):
        for part in collector.data.glob(name + "*"):
            if part.name.endswith("-shm"):
                continue
            with part.open("r+b") as file:
                for offset in range(4096, part.stat().st_size, 4096):
                    file.seek(offset)
                    file.write(source.randbytes(64))
    answers = {client.post().status_code for _ in range(50)}
    assert answers <= {200, 503}
    requests.get(collector.api + "/api/runs", timeout=30)
    assert collector.is_healthy()
    assert collector.stop() == 0, collector.log_tail()


def test_a_body_that_is_gone_holds_up_nothing_else(start_collector: Callable[..., Collector]) -> None:
    collector = start_collector("log:\n  level: info\n")
    client = Client(collector, padding=40_000)
    assert client.post().status_code == 200
    client.expect_delivered()
    [lost] = collector.runs()
    assert collector.stop() == 0
    [file] = collector.data.glob("inbox.sqlite-bodies-*")
    file.unlink()
    collector.start()
    # Another span of the same trace has the run mended again, from all of its bodies.
    later = ExportTraceServiceRequest()
    later.resource_spans.add().scope_spans.add().spans.add(
        trace_id=bytes.fromhex(lost["id"]), span_id=b"lostbody", name="later", start_time_unix_nano=1, end_time_unix_nano=2)
    assert collector.post(later.SerializeToString(), PROTOBUF).status_code == 200
    run = until(
        lambda: next(run for run in collector.runs() if run["id"] == lost["id"]),
        lambda run: run["revision"] > lost["revision"],
    )
    assert any("1 requests are left out" in note for note in run["notes"]), run
    # What the archive has of it stays there.
    assert run["spans"] == lost["spans"] + 1
    assert f"{file}: there is no such file" in collector.log_tail()
