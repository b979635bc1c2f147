"""Reads span objects from standard input with Agent-lightning's own types and default adapter; prints what a trainer would see.

Runs in the store's environment. Input: {"name": [span, ...], ...}; output: {"name": [triplet, ...], ...}.
"""

import json
import sys

from agentlightning.adapter import TracerTraceToTriplet
from agentlightning.types import Span

readings = {}
for name, items in json.load(sys.stdin).items():
    spans = [Span.model_validate(item) for item in items]
    readings[name] = [triplet.model_dump() for triplet in TracerTraceToTriplet().adapt(spans)]
json.dump(readings, sys.stdout, default=str)
