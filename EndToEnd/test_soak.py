"""A short soak: `make soak SECONDS=600` is the long one, which looks at the memory as well."""

from __future__ import annotations

from collections.abc import Callable

from collector import Collector
from soak import CONFIGURATION, SINK, soak
from troubled_backend import troubled_backend


def test_the_numbers_add_up_after_full_load(start_collector: Callable[..., Collector]) -> None:
    print(soak(start_collector(CONFIGURATION), seconds=3))


def test_the_numbers_add_up_with_a_sink_in_trouble(start_collector: Callable[..., Collector]) -> None:
    with troubled_backend() as backend:
        print(soak(start_collector(CONFIGURATION + SINK.format(endpoint=backend.endpoint)), seconds=2, backend=backend))
