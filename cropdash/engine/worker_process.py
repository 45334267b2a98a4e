"""What a worker process of a local cluster does before its first task; Dask loads it there as a preload.

Ctrl-C on a terminal goes to every process that was started from it. It is for the one that hands out the tasks: it
stops them, each at a good moment. A worker that obeyed as well would die in the middle of its work.
"""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(_worker: Any) -> None:
    """Called by Dask, on the main thread of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
