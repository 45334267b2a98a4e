"""A batch on all cores, block by block: each thread takes whole blocks, instead of sharing every operation.

What is done to a block at a time takes tens of microseconds: too little to be split among threads, and
split it would leave the caches of the cores that hold the block.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

_Block = TypeVar("_Block")
_Result = TypeVar("_Result")

_pools: dict[int, ThreadPoolExecutor] = {}
_lock = threading.Lock()


def map_blocks(function: Callable[[_Block], _Result], blocks: Sequence[_Block]) -> list[_Result]:
    """``function`` of each block, in order, on as many threads as torch computes with.

    Results do not depend on the number of threads. No gradient is recorded, and autocast is off.
    """

    def alone(block: _Block) -> _Result:
        # Both are settings of a thread.
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            return function(block)

    threads = torch.get_num_threads()
    if threads == 1 or len(blocks) < 2:
        return [alone(block) for block in blocks]
    return list(_pool(threads).map(alone, blocks))


def _pool(threads: int) -> ThreadPoolExecutor:
    """So many threads, in each of which torch computes with one."""
    with _lock:
        if threads not in _pools:
            started = threading.Barrier(threads + 1)

            def start() -> None:
                torch.get_num_threads()  # A thread takes over the process's number when it first asks,
                torch.set_num_threads(1)  # which must not come after this.
                started.wait()

            pool = ThreadPoolExecutor(threads, thread_name_prefix="blocks", initializer=start)
            for _ in range(threads):
                pool.submit(int)
            started.wait()
            # What a thread sets for itself is also what later ones begin with.
            torch.set_num_threads(threads)
            _pools[threads] = pool
        return _pools[threads]
