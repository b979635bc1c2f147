"""A short soak: `make soak SECONDS=600` is the long one, which looks at the memory as well."""

from __future__ import annotations

from collections.abc import Callable

from collector import Collector
from soak import CONFIGURATION, soak


def test_the_numbers_add_up_after_full_load(start_collector: Callable[..., Collector]) -> None:
    print(soak(start_collector(CONFIGURATION), seconds=3))
