"""How much memory a process holds; Linux tells it."""

from __future__ import annotations

from pathlib import Path


def peak_resident(process: int | str = "self") -> float:
    """MiB of memory, mapped files included, that a process has held at most so far.

    ``ru_maxrss`` will not do: that of a child begins at what its parent held.
    """
    return _field("VmHWM", process)


def anonymous(process: int | str = "self") -> float:
    """MiB that belong to a process alone and to no file.

    Pages of mapped files, the store's and the libraries', are the system's to take back. The "unique set
    size" counts them as the process's own where no other maps them, and so grows with what is read.
    """
    return _field("RssAnon", process)


def _field(name: str, process: int | str) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024
