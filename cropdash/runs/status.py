"""Where a run stands: its status file, and what a reader makes of it.

A run that dies cannot say so. Its status then still reads "running", and whoever reads it derives
"interrupted" from a heartbeat that has stopped or from a process that is gone.
"""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]
#: The states in which somebody still works on the run, or will.
ACTIVE: tuple[State, ...] = ("queued", "running")
#: A running run writes its status more often than this.
HEARTBEAT = timedelta(seconds=60)


class RunStatus(BaseModel):
    """The content of ``status.json``.

    ``epoch`` counts finished epochs of ``epochs``; ``task`` is the engine's name for the work. Times
    are UTC. ``pid`` and ``host`` name the process that wrote last. Fields of a newer version are left alone.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: State
    epoch: int = 0
    epochs: int | None = None
    message: str = ""
    error: str | None = None
    created: datetime | None = None
    started: datetime | None = None
    updated: datetime
    finished: datetime | None = None
    pid: int | None = Field(None, ge=0, lt=2**31)
    host: str | None = None
    task: str | None = None

    def observed(self, now: datetime | None = None) -> RunStatus:
        """The status as it is now: ``interrupted`` when the process that ran it is gone.

        A queued run is only looked at through its process, since it has no heartbeat.
        """
        if self.state not in ACTIVE:
            return self
        updated = self.updated if self.updated.tzinfo else self.updated.replace(tzinfo=UTC)
        silent = (now or datetime.now(UTC)) - updated
        if self.host == socket.gethostname() and self.pid is not None and not _is_alive(self.pid):
            error = f"The process that was to work on it (number {self.pid}) is gone."
        elif self.state == "running" and silent > HEARTBEAT:
            error = f"Nothing has been heard from it since {updated:%Y-%m-%d %H:%M} UTC."
        else:
            return self
        return self.model_copy(update={"state": "interrupted", "error": error})


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # signal 0 ends processes on Windows; the heartbeat tells soon enough
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it exists and belongs to somebody else
    return True
