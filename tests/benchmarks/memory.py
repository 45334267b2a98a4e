"""How much memory a process held at most; Linux tells it."""

from __future__ import annotations

from pathlib import Path


def peak_resident(process: int | str = "self") -> float:
    """MiB of memory, mapped files included, that a process has held at most so far.

    ``ru_maxrss`` will not do: that of a child begins at what its parent held.
    """
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
