"""Reads span objects from standard input with Agent-lightning's own types and default adapters; prints what a trainer would see.

Runs in the store's environment. Input: {"name": [span, ...], ...}; output:
{"name": {"triplets": [...], "unrepaired": [...], "proxy_triplets": [...], "messages": [...], "final_reward": number or null}, ...}.
`unrepaired` is what the triplet adapter makes of the tree as it is stored.
"""

import json
import sys

from agentlightning.adapter import LlmProxyTraceToTriplet, TracerTraceToTriplet, TraceToMessages
from agentlightning.emitter import find_final_reward
from agentlightning.types import Span

readings = {}
for name, items in json.load(sys.stdin).items():
    spans = [Span.model_validate(item) for item in items]
    readings[name] = {
        "triplets": [triplet.model_dump() for triplet in TracerTraceToTriplet().adapt(spans)],
        "unrepaired": [triplet.model_dump() for triplet in TracerTraceToTriplet(repair_hierarchy=False).adapt(spans)],
        "proxy_triplets": [triplet.model_dump() for triplet in LlmProxyTraceToTriplet().adapt(spans)],
        "messages": TraceToMessages().adapt(spans),
        "final_reward": find_final_reward(spans),
    }
json.dump(readings, sys.stdout, default=str)
