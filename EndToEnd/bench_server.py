"""The collector beside rotel's agent, one after the other under the same load: CPU, memory and latency.

usage: python EndToEnd/bench_server.py [--seconds N] [--rounds N] [--pin] [BODY…]

Forwarding and archive are off; the collector keeps every request with an fsync, rotel's blackhole pipeline keeps nothing.
Needs wrk, rotel (EndToEnd/requirements-bench.txt) and a release build. Prints one row a body and server."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from collector import REPOSITORY, clean_environment, free_port
from rotel_agent import rotel_command

BODIES = REPOSITORY / "Benchmarks/Bodies"
TRACEMEND = Path(os.environ.get("TRACEMEND_BINARY", REPOSITORY / ".build/release/tracemend")).absolute()
TICK = os.sysconf("SC_CLK_TCK")

# Every request with trace ids of its own, as real ones have; the offsets of the ids in the body come as arguments.
POST = """
local path, encoding, offsets = ...
local bodies, traces, count = {}, {}, 0
function init(args)
    for file in args[1]:gmatch("[^,]+") do
        local handle = assert(io.open(file, "rb"))
        bodies[#bodies + 1] = handle:read("*a")
        handle:close()
    end
    for offset in args[3]:gmatch("%d+") do traces[#traces + 1] = tonumber(offset) end
    table.sort(traces)
    wrk.headers["Content-Type"] = "application/x-protobuf"
    if args[2] ~= "identity" then wrk.headers["Content-Encoding"] = args[2] end
    count = tonumber(args[4])
end
function request()
    count = count + 1
    local body = bodies[count % #bodies + 1]
    if #traces > 0 then
        local id = string.char(count % 256, math.floor(count / 256) % 256, math.floor(count / 65536) % 256,
            math.floor(count / 16777216) % 256)
        local parts, last = {}, 1
        for _, offset in ipairs(traces) do
            parts[#parts + 1] = body:sub(last, offset)
            parts[#parts + 1] = id
            last = offset + 5
        end
        parts[#parts + 1] = body:sub(last)
        body = table.concat(parts)
    end
    return wrk.format("POST", nil, nil, body)
end
function done(summary, latency)
    local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
    io.write(string.format("@@ %d %f %f %d\\n", summary.requests, summary.duration / 1e6,
        latency:percentile(50) / 1000, wrong))
end
"""


@dataclass
class Load:
    """What is sent: a body of Benchmarks/Bodies, perhaps compressed, over so many connections."""

    name: str
    body: str
    spans: int
    gzip: bool = False
    connections: int = 8


@dataclass
class Figures:
    requests_a_second: float
    median_ms: float
    microseconds_a_request: float
    seconds_a_million_spans: float
    peak_mib: float


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def plain(body: str) -> bytes:
    return gzip.decompress((BODIES / f"{body}.pb.gz").read_bytes())


def trace_offsets(body: str) -> list[int]:
    return json.loads((BODIES / f"{body}.offsets.json").read_text())["trace"]


def with_id(body: bytes, offsets: list[int], number: int) -> bytes:
    changed = bytearray(body)
    for offset in offsets:
        changed[offset : offset + 4] = number.to_bytes(4, "little")
    return bytes(changed)


def wrk(load: Load, url: str, seconds: int, folder: Path, first: int) -> tuple[int, float, float]:
    """Requests, seconds and the median latency in milliseconds."""
    script, content, offsets = folder / "post.lua", plain(load.body), trace_offsets(load.body)
    script.write_text(POST)
    files = [folder / "body"]
    if load.gzip:
        files = [folder / f"body-{number}.gz" for number in range(64)]
        for number, file in enumerate(files):
            file.write_bytes(gzip.compress(with_id(content, offsets, first + number), 6))
    else:
        files[0].write_bytes(content)
    result = subprocess.run(
        ["wrk", "-t", "1", "-c", str(load.connections), "-d", f"{seconds}s", "--timeout", "30s", "-s", str(script), url, "--",
         ",".join(map(str, files)), "gzip" if load.gzip else "identity",
         "-" if load.gzip else " ".join(map(str, offsets)), str(first)],
        capture_output=True, text=True, check=True,
    )
    line = next(line for line in result.stdout.splitlines() if line.startswith("@@ "))
    answered, duration, median, wrong = line.split()[1:]
    if int(wrong):
        raise SystemExit(f"{load.name}: {wrong} requests failed\n{result.stdout}")
    return int(answered), float(duration), float(median)


def measure(load: Load, server: Callable[[Path], Iterator[tuple[int, str]]], seconds: int) -> Figures:
    with tempfile.TemporaryDirectory() as name, server(Path(name)) as (pid, url):
        wrk(load, url, 1, Path(name), 1 << 24)
        before = cpu_seconds(pid)
        answered, duration, median = wrk(load, url, seconds, Path(name), 2 << 24)
        # What a request costs ends with its answer; what is left over in the background counts too.
        time.sleep(1)
        spent = cpu_seconds(pid) - before
        return Figures(
            answered / duration, median, spent / answered * 1e6, spent / (answered * load.spans) * 1e6, peak_mib(pid)
        )


@contextmanager
def process(command: list[str | Path], url: str, ready: str, cores: list[str]) -> Iterator[tuple[int, str]]:
    started = subprocess.Popen(
        [*cores, *map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=clean_environment(TRACEMEND_ARCHIVE_ENABLED="false"),
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                requests.post(ready, timeout=1)
                break
            except requests.ConnectionError:
                if time.monotonic() > deadline:
                    raise SystemExit(f"{command[0]} did not start") from None
                time.sleep(0.05)
        yield started.pid, url
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(20)


def tracemend(folder: Path, cores: list[str]) -> Iterator[tuple[int, str]]:
    port, api = free_port(), free_port()
    url = f"http://127.0.0.1:{port}/v1/traces"
    command = [TRACEMEND, "serve", "--port", port, "--api-port", api, "--data", folder / "data"]
    return process(command, url, url, cores)


def rotel(_: Path, cores: list[str]) -> Iterator[tuple[int, str]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1/traces"
    return process(rotel_command(port, "--exporter", "blackhole"), url, url, cores)


LOADS = [
    Load("batch512", "batch512", 512),
    Load("batch512, gzip", "batch512", 512, gzip=True),
    Load("llm64", "llm64", 64),
    Load("one span", "one", 1),
    Load("batch512, c = 64", "batch512", 512, connections=64),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loads", nargs="*", help=", ".join(repr(load.name) for load in LOADS))
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pin", action="store_true", help="each server on one core, then on two")
    arguments = parser.parse_args()
    places = [["taskset", "-c", "0"], ["taskset", "-c", "0,1"]] if arguments.pin else [[]]
    print(f"{'load':20} {'server':22} {'req/s':>8} {'p50 ms':>8} {'CPU µs/req':>11} {'CPU s/M spans':>14} {'peak MiB':>9}")
    for load in LOADS:
        if arguments.loads and load.name not in arguments.loads:
            continue
        for cores in places:
            rows: dict[str, list[Figures]] = {"tracemend": [], "rotel": []}
            for _ in range(arguments.rounds):
                for name, server in (("tracemend", tracemend), ("rotel", rotel)):
                    rows[name].append(measure(load, lambda folder, s=server: s(folder, cores), arguments.seconds))
            medians = {}
            for name, figures in rows.items():
                middle = [statistics.median(values) for values in zip(*(vars(f).values() for f in figures))]
                medians[name] = middle
                label = f"{name}{' on ' + cores[2] if cores else ''}"
                print(f"{load.name:20} {label:22} {middle[0]:8.0f} {middle[1]:8.2f} {middle[2]:11.1f} {middle[3]:14.2f} {middle[4]:9.1f}")
            ratio = medians["tracemend"][2] / medians["rotel"][2]
            memory = medians["tracemend"][4] / medians["rotel"][4]
            print(f"{load.name:20} {'ratio':22} {'':8} {'':8} {ratio:11.2f} {ratio:14.2f} {memory:9.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
