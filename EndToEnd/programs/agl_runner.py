"""A runner of Agent-lightning with its own tracer and store client, as its users write one.

usage: agl_runner.py STORE_URL WORKER_NUMBER ROLLOUTS FOREIGN_PYTHON
Takes rollouts from the queue. Its agent makes one model call that it traces itself, and leaves another to a program of
another instrumentation, which exports by OTLP and knows the rollout by its endpoint alone. The reward is returned, so
the runner writes it to the store by itself.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from agentlightning import LightningStoreClient, LitAgent, LitAgentRunner, OtelTracer
from opentelemetry import trace

url, number, count, foreign_python = sys.argv[1:]


class Agent(LitAgent):
    def rollout(self, task, resources, rollout):
        tracer = trace.get_tracer("weather-agent")
        with tracer.start_as_current_span("invoke_agent planner") as span:
            span.set_attributes({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"})
            call_model(tracer, task)
            call_model_elsewhere(task, rollout)
        return float(task["reward"])


def call_model(tracer, task):
    with tracer.start_as_current_span("chat gpt-4o-mini") as call:
        call.set_attributes({
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.response.id": f"first-{task['number']}",
            "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "plan"}]}]',
            "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "a plan"}]}]',
        })


def call_model_elsewhere(task, rollout):
    attempt = f"/rollout/{rollout.rollout_id}/attempt/{rollout.attempt.attempt_id}"
    carrier = trace.get_current_span().get_span_context()
    environment = {
        "PATH": os.environ["PATH"],
        "OTEL_EXPORTER_OTLP_ENDPOINT": url + attempt,
        "TRACEPARENT": f"00-{carrier.trace_id:032x}-{carrier.span_id:016x}-01",
    }
    program = Path(__file__).with_name("foreign_call.py")
    subprocess.run([foreign_python, program, str(task["number"])], env=environment, check=True, timeout=60)


async def main():
    store = LightningStoreClient(url)
    runner = LitAgentRunner(tracer=OtelTracer(), max_rollouts=int(count), poll_interval=0.1, interval_jitter=0.01)
    with runner.run_context(agent=Agent(), store=store, worker_id=int(number)):
        await runner.iter()
    await store.close()


asyncio.run(main())
