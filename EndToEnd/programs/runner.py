"""The parent process of a rollout: three workers in processes of their own, below its span `dispatch`.

usage: runner.py propagate|isolate nested|staggered
`propagate` hands the trace context down, `isolate` hands nothing down. `nested` lets each worker begin and end inside
the one before it; `staggered` lets each end in the order in which they began, so that their times overlap.
Prints the trace's id. The exporters of all processes are configured by the environment alone.
"""

import os
import subprocess
import sys
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

propagation, order = sys.argv[1:]
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("runner")


def start_worker(number: int) -> subprocess.Popen:
    environment = dict(os.environ)
    if propagation == "propagate":
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        environment["TRACEPARENT"] = carrier["traceparent"]
    command = [sys.executable, Path(__file__).with_name("worker.py"), str(number)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def hear(worker: subprocess.Popen, word: str) -> None:
    line = worker.stdout.readline().strip()
    if line != word:
        sys.exit(f"runner: expected {word!r}, found {line!r}")


def tell(worker: subprocess.Popen, word: str, answer: str) -> None:
    worker.stdin.write(word + "\n")
    worker.stdin.flush()
    hear(worker, answer)


with tracer.start_as_current_span("rollout") as root:
    with tracer.start_as_current_span("dispatch"):
        workers = [start_worker(number) for number in range(3)]
        for worker in workers:
            hear(worker, "ready")
        for worker in workers:
            tell(worker, "start", "working")
        for worker in reversed(workers) if order == "nested" else workers:
            tell(worker, "finish", "done")
            if worker.wait(30) != 0:
                sys.exit("runner: a worker failed")
    with tracer.start_as_current_span("collect results"):
        pass
provider.shutdown()
print(format(root.get_span_context().trace_id, "032x"))
