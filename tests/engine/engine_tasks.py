"""Task functions that the tests of the engine run in real worker processes."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def add(a: int, b: int, stop: Callable[[], bool]) -> int:
    return a + b


def fail(stop: Callable[[], bool]) -> None:
    raise ValueError("parcel 7 has no dates")


def note_environment(folder: str, stop: Callable[[], bool]) -> None:
    Path(folder, "threads").write_text(os.environ["OMP_NUM_THREADS"])
    Path(folder, "pid").write_text(str(os.getpid()))


def wait_for_stop(folder: str, name: str, stop: Callable[[], bool]) -> None:
    """Leave ``<name>.began`` with the process id, and ``<name>.ended`` when told to stop."""
    Path(folder, f"{name}.began").write_text(str(os.getpid()))
    while not stop():
        time.sleep(0.01)
    Path(folder, f"{name}.ended").touch()


def interrupted(folder: str, name: str, stop: Callable[[], bool]) -> None:
    """Send the own process what Ctrl-C sends, and go on as if nothing had happened, if nothing does."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        raise RuntimeError("Ctrl-C would end this process")
    os.kill(os.getpid(), signal.SIGINT)
    wait_for_stop(folder, name, stop)


def never_listen(folder: str, name: str, stop: Callable[[], bool]) -> None:
    """Hold the interpreter lock in C code, so that nothing else in the process ever runs."""
    Path(folder, f"{name}.began").write_text(str(os.getpid()))
    ctypes.PyDLL(None).sleep(600)


def die_once(folder: str, stop: Callable[[], bool]) -> None:
    """Kill the own process, unless that happened before."""
    if Path(folder, "died").exists():
        Path(folder, "survived").touch()
        return
    Path(folder, "died").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def leave_a_line(folder: str, stop: Callable[[], bool]) -> None:
    """Add the own process id to ``lines``."""
    with Path(folder, "lines").open("a") as lines:
        lines.write(f"{os.getpid()}\n")


def die_always(stop: Callable[[], bool]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def tell_gpu(folder: str, name: str, stop: Callable[[], bool]) -> None:
    """Leave ``name`` with the GPU that this process may see, and hold the worker until told to stop."""
    Path(folder, name).write_text(os.environ["CUDA_VISIBLE_DEVICES"])
    while not stop():
        time.sleep(0.01)


def count_beside(folder: str, name: str, stop: Callable[[], bool]) -> None:
    """Leave how many tasks were at work in this folder, this one included."""
    mine = Path(folder, f"{name}.at-work")
    mine.touch()
    time.sleep(0.3)
    Path(folder, f"{name}.counted").write_text(str(len(list(Path(folder).glob("*.at-work")))))
    mine.unlink()
