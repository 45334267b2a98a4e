"""A grid worked through by the engine: what is not done is queued, what was lost is queued again.

Runs that are finished are skipped by their fingerprint; those that were cancelled or interrupted go on from
their last whole epoch; those that failed wait until somebody asks for another attempt.
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cropdash.engine import GPU, Engine
from cropdash.runs.run_bin import RunBin
from cropdash.runs.run_folder import RunFolder
from cropdash.runs.status import ACTIVE
from cropdash.training.existing_runs import DataChanged, RunExists, check_not_done
from cropdash.training.grid.plan import FusedItem, GridPlan, TrainedItem
from cropdash.training.grid.record import GridRecord
from cropdash.training.grid.standing import GridStanding, ItemStanding, Observer
from cropdash.training.launch import queue, takes_gpu
from cropdash.training.setup import Setup

log = logging.getLogger(__name__)

#: A run that lost its worker or scheduler more often than this has failed.
MOST_LOSSES = 5
_TASK_LOST = "its worker or its scheduler was lost {} times; look at their logs, then retry"


class GridWork:
    """A grid under way.

    Args:
        engine: runs the tasks.
        record: the grid, begun.
        retry_failed: whether runs that failed are attempted again, from their last whole epoch.
    """

    def __init__(self, engine: Engine, record: GridRecord, *, retry_failed: bool = False) -> None:
        self.engine = engine
        self.record = record
        self.observer = Observer(record)
        self._retry_failed = retry_failed
        self._tasks: dict[str, str] = {}
        self._losses: Counter[str] = Counter()
        self._elsewhere: set[str] = set()
        self._needs_gpu = False
        self._note = ""

    def start(self) -> GridStanding:
        """Queue all that is to be done. That it fits its data is checked before, by :func:`check_fits`.

        Raises:
            ConnectionError: no scheduler answers at the engine's address.
        """
        standing = self.observer.look()
        if not any(self._is_to_be_done(one) for one in standing.items):
            return standing
        self.engine.start()
        for one in standing.items:
            if isinstance(one.item, TrainedItem) and self._is_to_be_done(one):
                self._queue(one.item, one)
        for one in standing.items:
            if isinstance(one.item, FusedItem) and one.state != "finished":
                self._queue_fusion(one.item)
        return self.observer.look()

    def look(self) -> GridStanding:
        """Where the grid stands; what was lost since the last look is queued again. Ask about once a second."""
        standing = self.observer.look()
        try:
            for one in standing.items:
                if standing.cancelled:
                    self._settle(one)
                elif isinstance(one.item, TrainedItem):
                    self._mend(one.item, one)
                else:
                    self._mend_fusion(one.item, standing)
            self._note = self._what_is_lacking(standing)
        except (OSError, TimeoutError) as error:  # the scheduler is away, or the shared folder
            self._note = f"Trying again: {error}"
            log.warning("grid %s cannot go on for now: %s", self.record.id, error)
        return replace(standing, note=self._note)

    def cancel(self) -> None:
        """Stop all runs of the grid; they can be resumed. Returns at once."""
        self.record.cancel()

    def is_over(self, standing: GridStanding) -> bool:
        """Whether nothing more will happen: all is done, failed, or stopped."""
        if standing.cancelled:
            return not any(_is_at_work(one) for one in standing.items)
        coming = {
            one.item.key: one.state == "finished" or self._is_coming(one)
            for one in standing.items
            if isinstance(one.item, TrainedItem)
        }
        if any(self._is_coming(one) for one in standing.items if isinstance(one.item, TrainedItem)):
            return False
        return not any(
            one.state == "waiting" and coming[one.item.first.run_id] and coming[one.item.second.run_id]
            for one in standing.items
            if isinstance(one.item, FusedItem)
        )

    def _is_coming(self, one: ItemStanding) -> bool:
        """Whether a training is under way, or will be."""
        if one.state in ("finished", "failed"):
            return False
        task = self._tasks.get(one.item.key)
        if task is None:
            return one.item.key in self._elsewhere and one.state in ("waiting", "running")
        if not self.engine.is_over(task) or self.engine.is_lost(task):
            return True
        # It failed with its worker: the engine is about to say so in the run's folder.
        return one.state != "cancelled" and one.status is not None and one.status.task == task

    def _is_to_be_done(self, one: ItemStanding) -> bool:
        if one.state == "finished":
            return False
        return one.state != "failed" or self._retry_failed

    def _queue(self, item: TrainedItem, one: ItemStanding) -> None:
        """Queue a run, unless somebody else works on it."""
        if one.unreadable is not None:
            log.warning("%s goes to the bin, and is begun anew: %s", one.unreadable, one.reason)
            RunBin(self.record.runs_folder).put(one.unreadable)
        status = one.status
        task = None
        if status is not None and status.state == "queued" and status.task is not None:
            if self.engine.address is not None and self.engine.knows(status.task):
                # An earlier attempt left it on this scheduler, where it may listen to another file.
                self.engine.stop(status.task)
            task = status.task if status.host is None else None
        try:
            check_not_done(item.spec, self.record.runs_folder, resume=True, task=task)
        except RunExists:
            self._elsewhere.add(item.key)
            return
        except DataChanged:
            return  # to whoever looks it has failed, until the run is deleted
        self._needs_gpu = self._needs_gpu or takes_gpu(item.spec, self.engine)
        self._tasks[item.key] = queue(
            self.engine, item.spec, self.record.runs_folder, unless=self.record.cancel_file
        )

    def _queue_fusion(self, item: FusedItem) -> None:
        key = f"{self.record.id}/{item.key}#{uuid.uuid4().hex[:8]}"
        sources = [self._tasks.get(spec.run_id) for spec in (item.first, item.second)]
        arguments: dict[str, Any] = {
            "first": item.first.model_dump(mode="json"),
            "second": item.second.model_dump(mode="json"),
            "rule": item.rule,
            "runs_folder": str(self.record.runs_folder),
            "failure": str(self.record.failure_file(item)),
        }
        function = "cropdash.training.tasks:fuse_task"
        self.engine.submit(function, arguments, key, after=[task for task in sources if task is not None])
        self._tasks[item.key] = key

    def _mend(self, item: TrainedItem, one: ItemStanding) -> None:
        """Queue again what ended without a word: its worker or scheduler was lost."""
        task = self._tasks.get(item.key)
        if item.key in self._elsewhere and one.state in ("cancelled", "interrupted"):
            self._elsewhere.discard(item.key)  # who worked on it has stopped
        elif task is None or not self.engine.is_lost(task) or one.state in ("finished", "failed", "running"):
            return
        if self._losses[item.key] >= MOST_LOSSES:
            folder = RunFolder(self.record.runs_folder / item.key)
            folder.write_status("failed", error=_TASK_LOST.format(MOST_LOSSES), message="")
            return
        self._queue(item, one)
        # Counted once it is queued: while the scheduler is away, each look would count the same loss again.
        self._losses[item.key] += task is not None

    def _mend_fusion(self, item: FusedItem, standing: GridStanding) -> None:
        """Fuse once both sources are there, if the task that waited for them is lost or had none to wait for."""
        states = {one.item.key: one.state for one in standing.items}
        task = self._tasks.get(item.key)
        if states[item.key] != "waiting" or (task is not None and not self.engine.is_over(task)):
            return
        if states[item.first.run_id] == states[item.second.run_id] == "finished":
            if self._losses[item.key] < MOST_LOSSES:
                self._queue_fusion(item)
                self._losses[item.key] += 1
            else:
                self.record.failure_file(item).write_text(_TASK_LOST.format(MOST_LOSSES), encoding="utf-8")

    def _settle(self, one: ItemStanding) -> None:
        """Of a cancelled grid, what has not begun never will: say so, and free its worker."""
        task = self._tasks.get(one.item.key)
        if task is None or self.engine.is_over(task):
            return
        if one.state == "running" and self.engine.address is not None:
            return  # it sees the file itself; other people's workers are not ours to end
        stopped: Callable[[], None] | None = None
        if isinstance(one.item, TrainedItem) and one.run is not None:
            stopped = _canceller(RunFolder(self.record.runs_folder / one.run), task)
        self.engine.stop(task, on_stopped=stopped)
        del self._tasks[one.item.key]

    def _what_is_lacking(self, standing: GridStanding) -> str:
        """Why runs wait although nothing runs."""
        if self.engine.address is None or standing.counts["running"] or not standing.counts["waiting"]:
            return ""
        offers = self.engine.offers()
        if not offers:
            return "The scheduler has no worker; start one with: dask worker ADDRESS --nthreads 1 --memory-limit 0"
        if self._needs_gpu and not any(offer.get(GPU) for offer in offers):
            return (
                "No worker offers a GPU; start one with: dask worker ADDRESS --nthreads 1 --memory-limit 0 "
                "--resources GPU=1"
            )
        return ""


def check_fits(plan: GridPlan) -> None:
    """Check each kind of run of a grid against the data set, before the grid is begun.

    Raises:
        FileNotFoundError, ValueError: one does not fit; the message says why.
    """
    seen: set[str] = set()
    store = None
    for item in plan.trained:
        # Neither seed nor number of dates decides whether an experiment fits.
        sampling = item.spec.sampling.model_copy(update={"s2_pool": None, "s2_share": None})
        kind = item.spec.model_copy(update={"seed": 0, "sampling": sampling})
        if kind.fingerprint not in seen:
            seen.add(kind.fingerprint)
            store = Setup.of(kind, store).store


def cancel_grid(record: GridRecord, engine: Engine | None = None) -> GridStanding:
    """Cancel a grid that another process works on, or nobody any more.

    Running runs stop at their next batch. Those that wait on a scheduler are taken from it; where it does not answer
    they are marked as cancelled, and should it ever begin them, they see for themselves and stop.

    Args:
        engine: of the grid's own scheduler, if it has one.

    Returns:
        The standing afterwards; its note says that the scheduler is gone, if it is.
    """
    record.cancel()
    note = ""
    waiting = Observer(record).look().of_state("waiting") if record.scheduler is not None else []
    for one in waiting:
        if one.run is None or one.status is None or one.status.task is None:
            continue
        folder, task = RunFolder(record.runs_folder / one.run), one.status.task
        try:
            known = engine is not None and engine.knows(task)
        except (OSError, TimeoutError):
            known, engine = False, None
            note = f"The scheduler at {record.scheduler} does not answer; what waited there is marked as cancelled."
        if known and engine is not None:
            engine.stop(task, on_stopped=_canceller(folder, task))
        else:
            _canceller(folder, task)()
    return Observer(record).look(note)


def _is_at_work(one: ItemStanding) -> bool:
    return one.status is not None and one.status.state in ACTIVE


def _canceller(folder: RunFolder, task: str) -> Callable[[], None]:
    def note() -> None:
        status = folder.status()
        if status.task == task and status.state in (*ACTIVE, "interrupted"):
            folder.write_status("cancelled", message="It can be resumed from its last whole epoch.")

    return note
