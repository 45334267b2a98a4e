"""Time limits that mean the same on a machine that is busy with other things."""

from __future__ import annotations

import time

_SAMPLE_SECONDS = 0.05


def stretched(seconds: float) -> float:
    """A time limit of a quiet machine, as long as it takes this machine now.

    A process that only computes gets its share of the processors; what it has to wait for them stretches the limit.
    """
    began, used = time.monotonic(), time.process_time()
    while time.process_time() - used < _SAMPLE_SECONDS:
        pass
    return seconds * max(1.0, (time.monotonic() - began) / _SAMPLE_SECONDS)
