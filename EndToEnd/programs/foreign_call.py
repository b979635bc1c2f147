"""One model call in the words of OpenInference; its exporter is configured by the environment alone."""

import os
import sys

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("openinference.instrumentation.openai")
parent = TraceContextTextMapPropagator().extract({"traceparent": os.environ["TRACEPARENT"]})
attributes = {
    "openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini", "llm.system": "openai",
    "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "act",
    "llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": "done",
    "llm.token_count.prompt": 3, "llm.token_count.completion": 2,
    "output.mime_type": "application/json",
    "output.value": '{"id": "second-%s", "object": "chat.completion", "prompt_token_ids": [1, 2, 3],'
    ' "choices": [{"index": 0, "token_ids": [4, 5], "finish_reason": "stop",'
    ' "message": {"role": "assistant", "content": "done"}}]}' % sys.argv[1],
}
with tracer.start_as_current_span("ChatCompletion", context=parent, attributes=attributes):
    pass
provider.shutdown()
