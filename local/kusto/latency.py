"""How long a streaming request takes: none, fixed, or like the documented sample.

The documented sample (Microsoft docs, ``ingest-data-streaming`` sample output: 37 to 564 ms, mean 322 ms) is drawn
from a log-normal distribution, cut at both ends, with a seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

_SHORTEST: Final = 0.037
_LONGEST: Final = 0.564
_MU: Final = -1.09
_SIGMA: Final = 0.55

type Latency = Callable[[], float]


def parse_latency(text: str, *, seed: int = 0) -> Latency:
    """``none``, ``documented`` or milliseconds; gives seconds per request. Raises ``ValueError``."""
    if text == "none":
        return lambda: 0.0
    if text == "documented":
        return documented(seed)
    seconds = float(text) / 1000
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return lambda: seconds


def documented(seed: int) -> Latency:
    """Seconds between 0.037 and 0.564 with a mean near 0.322."""
    source = random.Random(seed)  # noqa: S311 - a model of latency, not a secret

    def draw() -> float:
        while True:
            seconds = source.lognormvariate(_MU, _SIGMA)
            if _SHORTEST <= seconds <= _LONGEST:
                return seconds

    return draw
