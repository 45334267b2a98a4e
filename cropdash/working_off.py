"""Many pieces of work, one after the other in this process or several at once on Dask.

The pieces end in any order. Few are handed out beforehand, so that a stop is soon; what a piece makes, it
writes to files.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, TypeVar

from cropdash.engine import Engine

Piece = TypeVar("Piece")

_SECONDS_BETWEEN_LOOKS = 0.1
#: Pieces handed to somebody else's scheduler at once, whose workers nobody has counted.
_HANDED_OUT = 256


def work_off(
    function: Callable[..., Any],
    pieces: Sequence[Piece],
    arguments: Callable[[Piece], Mapping[str, Any]],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    threads: int = 1,
    resources: Mapping[str, float] | None = None,
) -> Generator[tuple[Piece, BaseException | None], None, None]:
    """Do every piece, and tell of each how it ended as soon as it has.

    One worker and no scheduler is this process. Closing the iterator stops what is at work.

    Args:
        function: a function of an importable module that takes the arguments and ``stop``; see
            :class:`~cropdash.engine.Engine`.
        pieces: what is to be done.
        arguments: the keyword arguments for a piece; on Dask they travel to another process.
        workers: processes of our own.
        scheduler: address of a running Dask scheduler, instead of them.
        threads: threads that numeric libraries may use in each process of our own.
        resources: what a worker must offer to be given a piece; see :class:`~cropdash.engine.Engine`.

    Yields:
        A piece, and the error that ended it, or None. In this process only ``OSError`` and ``ValueError`` are
        told of; every other passes through.
    """
    if workers <= 1 and scheduler is None:
        yield from _here(function, pieces, arguments)
    else:
        yield from _on_dask(function, pieces, arguments, workers, scheduler, threads, resources)


def _here(
    function: Callable[..., Any], pieces: Sequence[Piece], arguments: Callable[[Piece], Mapping[str, Any]]
) -> Generator[tuple[Piece, BaseException | None], None, None]:
    for piece in pieces:
        try:
            function(**arguments(piece), stop=_never)
        except (OSError, ValueError) as error:
            yield piece, error
        else:
            yield piece, None


def _never() -> bool:
    return False


def _on_dask(
    function: Callable[..., Any],
    pieces: Sequence[Piece],
    arguments: Callable[[Piece], Mapping[str, Any]],
    workers: int,
    scheduler: str | None,
    threads: int,
    resources: Mapping[str, float] | None,
) -> Generator[tuple[Piece, BaseException | None], None, None]:
    name = f"{function.__module__}:{function.__qualname__}"
    run = f"{function.__qualname__}-{uuid.uuid4().hex[:8]}"
    most = 2 * workers if scheduler is None else _HANDED_OUT
    with Engine(scheduler, workers=workers, threads=threads) as engine:
        waiting = list(reversed(list(enumerate(pieces))))
        running: dict[str, Piece] = {}
        try:
            while waiting or running:
                while waiting and len(running) < most:
                    number, piece = waiting.pop()
                    key = engine.submit(name, arguments(piece), f"{run}-{number}", resources=resources)
                    running[key] = piece
                time.sleep(_SECONDS_BETWEEN_LOOKS)
                for key in list(running):
                    state = engine.state(key)
                    if state in ("waiting", "running"):
                        continue
                    piece = running.pop(key)
                    if state == "finished":
                        yield piece, None
                    else:
                        yield piece, engine.error(key) or OSError("its worker process was lost")
        finally:
            for key in running:
                engine.stop(key)
