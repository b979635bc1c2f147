"""One worker process of a rollout: does its work between two lines on standard input, as an agent would in its own process.

Its exporter is configured by nothing but the environment. Prints `ready`, `working` and `done` in answer to `start` and `finish`.
"""

import os
import sys

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator


def say(word: str) -> None:
    print(word, flush=True)


def expect(word: str) -> None:
    line = sys.stdin.readline().strip()
    if line != word:
        sys.exit(f"worker: expected {word!r}, found {line!r}")


number = sys.argv[1]
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("worker")
parent = TraceContextTextMapPropagator().extract({"traceparent": os.environ.get("TRACEPARENT", "")})

say("ready")
expect("start")
with tracer.start_as_current_span(f"work worker-{number}", context=parent):
    say("working")
    expect("finish")
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.provider.name": "openai"}
    with tracer.start_as_current_span("llm_call", attributes=attributes) as call:
        call.set_attributes({"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 5})
    with tracer.start_as_current_span("tool_call", attributes={"gen_ai.operation.name": "execute_tool"}):
        pass
provider.shutdown()
say("done")
