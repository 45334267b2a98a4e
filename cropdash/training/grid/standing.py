"""Where a grid stands: the state of each of its runs, read from their folders, and the time left.

Whoever has the shared folder can ask; the process that works on the grid need not be asked.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal, get_args

from cropdash.json_file import read_json
from cropdash.runs.run_folder import SPEC, STATUS, RunFolder
from cropdash.runs.status import RunStatus
from cropdash.training.existing_runs import (
    DataChanged,
    data_fingerprint,
    existing_run,
    is_made_from,
    same_but_for_the_path,
)
from cropdash.training.grid.plan import FusedItem, Item, TrainedItem, item_name
from cropdash.training.grid.record import GridRecord

log = logging.getLogger(__name__)

#: ``waiting``: nobody has begun it, or it waits for a worker, or for the runs that it fuses.
ItemState = Literal["waiting", "running", "finished", "failed", "cancelled", "interrupted"]
STATES: tuple[ItemState, ...] = get_args(ItemState)


@dataclass(frozen=True)
class ItemStanding:
    """One run of a grid.

    Attributes:
        item: what it is.
        state: where it stands.
        run: its folder's name; None before there is one.
        epoch, epochs: finished epochs, of how many; no epochs for a fusion.
        reason: why it failed or was interrupted; empty otherwise.
        pace: seconds an epoch; None before the first has ended, and of a random forest or boosting.
        status: as its folder says it; None without one.
        unreadable: the name of its folder, where a file of it is malformed; None otherwise.
        fit_seconds: what a random forest or boosting takes from its start to its end: of a finished one as it was, of a
            running one as its trees so far let expect; None of a network, and before there are trees.
    """

    item: Item
    state: ItemState
    run: str | None = None
    epoch: int = 0
    epochs: int = 0
    reason: str = ""
    pace: float | None = None
    status: RunStatus | None = None
    fit_seconds: float | None = None
    unreadable: str | None = None

    @property
    def name(self) -> str:
        return item_name(self.item)

    @property
    def is_fit(self) -> bool:
        """Whether it is a random forest or boosting."""
        return isinstance(self.item, TrainedItem) and self.item.spec.classifier != "network"

    @property
    def seconds_left(self) -> float | None:
        """Of a running one, from its own pace; None before there is one."""
        if self.pace is not None:
            return self.pace * (self.epochs - self.epoch)
        return None if self.fit_seconds is None else max(self.fit_seconds - self.seconds_gone, 0.0)

    @property
    def seconds_gone(self) -> float:
        """Since a running one was begun, by its last sign of life."""
        status = self.status
        if self.state != "running" or status is None or status.started is None:
            return 0.0
        return (status.updated - status.started).total_seconds()


@dataclass(frozen=True)
class GridStanding:
    """All runs of a grid.

    Attributes:
        items: in the order of the plan.
        cancelled: whether the grid was cancelled.
        note: what keeps it from going on, such as a scheduler that does not answer; empty if nothing.
    """

    items: tuple[ItemStanding, ...]
    cancelled: bool = False
    note: str = ""
    counts: Mapping[ItemState, int] = field(init=False)

    def __post_init__(self) -> None:
        counted = Counter(item.state for item in self.items)
        object.__setattr__(self, "counts", {state: counted[state] for state in STATES})

    def of_state(self, *states: ItemState) -> list[ItemStanding]:
        return [item for item in self.items if item.state in states]

    @property
    def is_complete(self) -> bool:
        return self.counts["finished"] == len(self.items)

    @property
    def epochs_done(self) -> int:
        return sum(item.epochs if item.state == "finished" else item.epoch for item in self.items)

    @property
    def epochs(self) -> int:
        return sum(item.epochs for item in self.items)

    def seconds_left(self, at_once: int | None = None) -> float | None:
        """From the pace of the runs so far, those of the same experiment first.

        A network is told by its epochs, a random forest or boosting by how long others took as a whole. A fusion of
        finished runs takes a moment and counts for nothing, and so do forests and boostings beside networks as long as
        none of them has come so far.

        Args:
            at_once: how many runs go on beside each other; those that are running if unset.

        Returns:
            Seconds until all that waits or runs has ended; None before any run that tells it has done an epoch or
            grown a tree.
        """
        trained = [one for one in self.of_state("waiting", "running") if isinstance(one.item, TrainedItem)]
        networks = [one for one in trained if not one.is_fit]
        left = self._networks_left(networks)
        if left is None:
            return None
        fits = self._fits_left([one for one in trained if one.is_fit])
        if fits is None and not networks:
            return None
        left += fits or []
        if not left:
            return 0.0
        return max(max(left), sum(left) / max(at_once or self.counts["running"], 1))

    def _networks_left(self, networks: Sequence[ItemStanding]) -> list[float] | None:
        """Seconds of each; None where no network has told its pace yet."""
        paces: dict[str, list[float]] = {}
        for item in self.items:
            if item.pace is not None:
                paces.setdefault(item.item.experiment, []).append(item.pace)
        if not networks:
            return []
        if not paces:
            return None
        usual = median(pace for known in paces.values() for pace in known)
        return [
            (one.epochs - one.epoch) * (one.pace or median(paces.get(one.item.experiment, [usual])))
            for one in networks
        ]

    def _fits_left(self, fits: Sequence[ItemStanding]) -> list[float] | None:
        """Seconds of each random forest and boosting; None where none has told how long it takes."""
        known: dict[str, list[float]] = {}
        for one in self.items:
            if one.fit_seconds is not None:
                known.setdefault(one.item.experiment, []).append(one.fit_seconds)
        if not fits:
            return []
        if not known:
            return None
        usual = median(seconds for of_one in known.values() for seconds in of_one)
        return [
            max((one.fit_seconds or median(known.get(one.item.experiment, [usual]))) - one.seconds_gone, 0.0)
            for one in fits
        ]


class Observer:
    """Looks at a grid again and again, and reads only what has changed."""

    def __init__(self, record: GridRecord) -> None:
        self.record = record
        self._paces: dict[tuple[str, int], float | None] = {}
        self._folders: dict[str, RunFolder] = {}
        self._fused: dict[str, str] = {}
        self._looked_elsewhere: set[str] = set()
        self._fingerprints: dict[str, str] = {}
        self._of_other_data: dict[tuple[str, str], bool] = {}

    def look(self, note: str = "") -> GridStanding:
        """The standing as of now. A run of which a file is malformed has failed; the reason names file and field."""
        self._fingerprints.clear()
        runs = self.record.runs_folder
        trained = [self._trained(item, runs) for item in self.record.plan.trained]
        by_experiment = {
            one.item.spec.fingerprint: one for one in trained if isinstance(one.item, TrainedItem)
        }
        fused = [self._fusion(item, runs, by_experiment) for item in self.record.plan.fused]
        return GridStanding((*trained, *fused), self.record.is_cancelled, note)

    def _trained(self, item: TrainedItem, runs: Path) -> ItemStanding:
        epochs = item.spec.rounds
        path = runs / item.key
        try:
            folder = self._folder(item, runs)
            if folder is None:
                return ItemStanding(item, "waiting", epochs=epochs)
            path = folder.path
            status = folder.status()
            if status.state == "finished" and self._has_other_data(folder, item.spec.data):
                reason = str(DataChanged(folder.path, item.spec.data))
                return ItemStanding(item, "failed", path.name, epochs=epochs, reason=reason)
            return self._read(item, folder, status)
        except ValueError as error:
            # Not so where it is another folder of these settings that is malformed.
            own = path.name if path.is_dir() and _is_malformed(RunFolder(path)) else None
            return ItemStanding(item, "failed", own, epochs=epochs, reason=str(error), unreadable=own)

    def _read(self, item: TrainedItem, folder: RunFolder, status: RunStatus) -> ItemStanding:
        epochs = item.spec.rounds
        state: ItemState = "waiting" if status.state == "queued" else status.state
        is_fit = item.spec.classifier != "network"
        return ItemStanding(
            item,
            state,
            folder.path.name,
            epoch=status.epoch,
            epochs=epochs,
            reason=(status.error or "") if state in ("failed", "interrupted") else "",
            pace=None if is_fit else self._pace(folder, status.epoch),
            status=status,
            fit_seconds=_fit_seconds(status, epochs) if is_fit else None,
        )

    def _folder(self, item: TrainedItem, runs: Path) -> RunFolder | None:
        fingerprint = item.spec.fingerprint
        known = self._folders.get(fingerprint)
        if known is None or not known.file(STATUS).exists():
            known = existing_run(item.spec, runs)
            if known is None and fingerprint not in self._looked_elsewhere:
                # What is finished under another path of its data was so before the grid began: once is enough.
                self._looked_elsewhere.add(fingerprint)
                known = same_but_for_the_path(item.spec, runs)
            if known is not None:
                self._folders[fingerprint] = known
        return known

    def _has_other_data(self, folder: RunFolder, data: str) -> bool:
        """Whether a finished run is of other values than the data set has now; False where that cannot be told."""
        if data not in self._fingerprints:
            try:
                self._fingerprints[data] = data_fingerprint(data)
            except (OSError, ValueError):  # away or unreadable: the runs are there all the same
                self._fingerprints[data] = ""
        fingerprint = self._fingerprints[data]
        key = (folder.path.name, fingerprint)
        if key not in self._of_other_data:
            self._of_other_data[key] = bool(fingerprint) and not is_made_from(folder, fingerprint)
        return self._of_other_data[key]

    def _pace(self, folder: RunFolder, epoch: int) -> float | None:
        key = (folder.path.name, epoch)
        if key not in self._paces:
            history = folder.metrics() if epoch else None
            known = history is not None and "seconds" in history and not history.empty
            # The median does not mind a first epoch that also warmed up.
            self._paces[key] = float(history["seconds"].median()) if history is not None and known else None
        return self._paces[key]

    def _fusion(self, item: FusedItem, runs: Path, trained: Mapping[str, ItemStanding]) -> ItemStanding:
        sources = [trained[item.first.fingerprint], trained[item.second.fingerprint]]
        run = self._fused_run(item, sources, runs)
        if run is not None:
            if self._has_other_data(RunFolder(runs / run), item.first.data):
                changed = str(DataChanged(runs / run, item.first.data))
                return ItemStanding(item, "failed", run, reason=changed)
            return ItemStanding(item, "finished", run)
        if (reason := self.record.failure(item)) is not None:
            return ItemStanding(item, "failed", reason=reason)
        if failed := [source for source in sources if source.state == "failed"]:
            return ItemStanding(item, "failed", reason=f"{failed[0].name} has failed, which it fuses")
        stopped = [source for source in sources if source.state in ("cancelled", "interrupted")]
        return ItemStanding(item, stopped[0].state if stopped else "waiting")

    def _fused_run(self, item: FusedItem, sources: Sequence[ItemStanding], runs: Path) -> str | None:
        """A fused run is known by the sources that it names."""
        if any(source.state != "finished" for source in sources):
            return None
        known = self._fused.get(item.key)
        if known is None or not (runs / known / SPEC).is_file():
            names = [source.run for source in sources]
            for path in runs.glob(f"fused-{item.rule}_seed{item.first.seed}_*/{SPEC}"):
                if _sources(path) == names:
                    self._fused[item.key] = path.parent.name
                    return path.parent.name
            return None
        return known


def _is_malformed(folder: RunFolder) -> bool:
    try:
        folder.facts()
        folder.status()
        folder.metrics()
        folder.provenance()
    except ValueError:
        return True
    return False


def _sources(spec: Path) -> object:
    """Of a fused run; None where the file tells none."""
    try:
        content = read_json(spec)
    except ValueError:
        log.warning("%s is passed over", spec.parent, exc_info=True)
        return None
    return content.get("sources") if isinstance(content, dict) else None


def _fit_seconds(status: RunStatus, trees: int) -> float | None:
    """What a random forest or boosting took, or will by its trees so far, reading and features included."""
    if status.started is None or not status.epoch:
        return None
    if status.state == "finished":
        return None if status.finished is None else (status.finished - status.started).total_seconds()
    if status.state != "running":
        return None
    return (status.updated - status.started).total_seconds() * trees / status.epoch
