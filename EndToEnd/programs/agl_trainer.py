"""A trainer of Agent-lightning: queues rollouts, waits until they are over, and reads each at once, as its algorithms do.

usage: agl_trainer.py STORE_URL ROLLOUTS
Prints `queued`, and when all are over one JSON: {rollout id: {"input", "status", "spans", "triplets", "messages", "final_reward"}}.
"""

import asyncio
import json
import sys

from agentlightning import LightningStoreClient
from agentlightning.adapter import TracerTraceToTriplet, TraceToMessages
from agentlightning.emitter import find_final_reward

url, count = sys.argv[1:]


async def main():
    store = LightningStoreClient(url)
    await store.update_resources("none", {})
    queued = [
        await store.enqueue_rollout(input={"number": number, "reward": number / 4}, resources_id="none")
        for number in range(int(count))
    ]
    print("queued", flush=True)
    readings = {}
    open_ids = [rollout.rollout_id for rollout in queued]
    while open_ids:
        for rollout in await store.wait_for_rollouts(rollout_ids=open_ids, timeout=0.05):
            page = await store.query_spans(rollout.rollout_id, "latest")
            spans = list(page.items)
            readings[rollout.rollout_id] = {
                "input": rollout.input,
                "status": rollout.status,
                "spans": [span.model_dump() for span in spans],
                "triplets": [triplet.model_dump() for triplet in TracerTraceToTriplet().adapt(spans)],
                "messages": TraceToMessages().adapt(spans),
                "final_reward": find_final_reward(spans),
            }
            open_ids.remove(rollout.rollout_id)
    print(json.dumps(readings, default=str))
    await store.close()


asyncio.run(main())
