"""A task on its worker: what runs there, how it is asked to stop, and the notes that it leaves on the scheduler.

Whoever watches from outside reads these notes.
"""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed import Client, Event

log = logging.getLogger(__name__)

#: A question costs a message to the scheduler (about 1 ms): whoever asks more often than this gets
#: the last answer again.
_SECONDS_BETWEEN_QUESTIONS = 0.25
#: Where a task notes on the scheduler which worker has begun it.
_BEGUN = "cropdash-begun"
#: Where it notes there that it has come to its end.
_ENDED = "cropdash-ended"


class _Stop:
    """Whether the task should end: asked as often as one likes, at most some times a second for real."""

    def __init__(self, is_set: Callable[[], bool]) -> None:
        self._is_set = is_set
        self._answer = False
        self._asked = -float("inf")

    def __call__(self) -> bool:
        now = time.monotonic()
        if not self._answer and now - self._asked >= _SECONDS_BETWEEN_QUESTIONS:
            self._asked = now
            self._answer = bool(self._is_set())
        return self._answer


#: A worker of several threads would otherwise run several tasks in one process, where they would share
#: the random states and thread counts of the numeric libraries.
_ONE_AT_A_TIME = threading.Lock()


def has_task(key: str, dask_scheduler: Any) -> bool:
    """Whether the scheduler, on which this runs, has a task of that name."""
    return key in dask_scheduler.tasks


def run_task(function: str, arguments: dict[str, Any], key: str, *finished_before: Any) -> Any:
    """What Dask runs: the function, once this process is free, unless it was told to stop or has ended before."""
    from distributed import Event, get_client, get_worker

    client = get_client()
    if client.get_metadata([_ENDED, key], default=False):
        # Dask computes anew what a lost worker kept as its result. The work itself lies in files.
        return None
    client.set_metadata([_BEGUN, key], get_worker().address)
    event = Event(stop_event(key), client=client)
    stop = _Stop(lambda: _asked_to_stop(event, client))
    while not stop():
        if _ONE_AT_A_TIME.acquire(timeout=_SECONDS_BETWEEN_QUESTIONS):
            try:
                result = resolve(function)(**arguments, stop=stop)
            finally:
                _ONE_AT_A_TIME.release()
            _note_end(client, key)
            return result
    _note_end(client, key)
    return None


def _note_end(client: Client, key: str) -> None:
    """Without a scheduler there is nobody to tell, and nobody who would run the task again."""
    try:
        client.set_metadata([_ENDED, key], True)
    except (OSError, TimeoutError):
        log.info("the scheduler was gone when task %s ended", key)
    except AttributeError:  # what a client that has been closed meanwhile raises
        if client.status == "running":
            raise


def _asked_to_stop(event: Event, client: Client) -> bool:
    """Also when the scheduler is gone: nobody would take the result."""
    try:
        return bool(event.is_set())
    except (OSError, TimeoutError):
        return True
    except AttributeError:  # what a client that has been closed meanwhile raises
        if client.status == "running":
            raise
        return True


def executing_worker(client: Client, key: str) -> str | None:
    """Address of the worker that is at the task right now; None while it waits and when it is over.

    Where a worker died with the task, its note is still there, but the task is then with another.
    """
    begun = client.get_metadata([_BEGUN, key], default=None)
    if begun is None:
        return None
    return begun if key in client.processing().get(begun, ()) else None


def stop_event(key: str) -> str:
    """Name of the event that tells a task to come to an end."""
    return f"cropdash-stop-{key}"


def resolve(function: str) -> Callable[..., Any]:
    """The function that ``module:function`` names.

    Raises:
        ValueError: it names nothing that can be called.
    """
    module, _, name = function.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{function!r} names no function; write module:function ({error})") from None
    if not callable(found):
        raise ValueError(f"{function!r} is no function but a {type(found).__name__}")
    return found
