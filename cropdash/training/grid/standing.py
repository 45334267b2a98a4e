"""Where a grid stands: the state of each of its runs, read from their folders, and the time left.

Whoever has the shared folder can ask; the process that works on the grid need not be asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal, get_args

from cropdash.json_file import read_json
from cropdash.runs.run_folder import SPEC, STATUS, RunFolder
from cropdash.runs.status import RunStatus
from cropdash.training.existing_runs import existing_run, same_but_for_the_path
from cropdash.training.grid.plan import FusedItem, Item, TrainedItem, item_name
from cropdash.training.grid.record import GridRecord

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
        pace: seconds an epoch; None before the first has ended.
        status: as its folder says it; None without one.
    """

    item: Item
    state: ItemState
    run: str | None = None
    epoch: int = 0
    epochs: int = 0
    reason: str = ""
    pace: float | None = None
    status: RunStatus | None = None

    @property
    def name(self) -> str:
        return item_name(self.item)


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

        A fusion of finished runs takes a moment and counts for nothing. Neither does a random forest or boosting,
        whose trees tell no time of their own and are no epochs of a network; a grid of them alone tells no time left.

        Args:
            at_once: how many runs go on beside each other; those that are running if unset.

        Returns:
            Seconds until all that waits or runs has ended; None before any run has done an epoch.
        """
        paces: dict[str, list[float]] = {}
        for item in self.items:
            if item.pace is not None:
                paces.setdefault(item.item.experiment, []).append(item.pace)
        if not paces:
            return None
        usual = median(pace for known in paces.values() for pace in known)
        left = [
            (item.epochs - item.epoch) * (item.pace or median(paces.get(item.item.experiment, [usual])))
            for item in self.of_state("waiting", "running")
            if isinstance(item.item, TrainedItem) and item.item.spec.classifier == "network"
        ]
        if not left:
            return 0.0
        return max(max(left), sum(left) / max(at_once or self.counts["running"], 1))


class Observer:
    """Looks at a grid again and again, and reads only what has changed."""

    def __init__(self, record: GridRecord) -> None:
        self.record = record
        self._paces: dict[tuple[str, int], float | None] = {}
        self._folders: dict[str, RunFolder] = {}
        self._fused: dict[str, str] = {}
        self._looked_elsewhere: set[str] = set()

    def look(self, note: str = "") -> GridStanding:
        """The standing as of now.

        Raises:
            ValueError: a file of a run is malformed; the message names file and field.
        """
        runs = self.record.runs_folder
        trained = [self._trained(item, runs) for item in self.record.plan.trained]
        by_experiment = {
            one.item.spec.fingerprint: one for one in trained if isinstance(one.item, TrainedItem)
        }
        fused = [self._fusion(item, runs, by_experiment) for item in self.record.plan.fused]
        return GridStanding((*trained, *fused), self.record.is_cancelled, note)

    def _trained(self, item: TrainedItem, runs: Path) -> ItemStanding:
        epochs = item.spec.rounds
        folder = self._folder(item, runs)
        if folder is None:
            return ItemStanding(item, "waiting", epochs=epochs)
        status = folder.status()
        state: ItemState = "waiting" if status.state == "queued" else status.state
        return ItemStanding(
            item,
            state,
            folder.path.name,
            epoch=status.epoch,
            epochs=epochs,
            reason=(status.error or "") if state in ("failed", "interrupted") else "",
            pace=self._pace(folder, status.epoch),
            status=status,
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
                if read_json(path).get("sources") == names:
                    self._fused[item.key] = path.parent.name
                    return path.parent.name
            return None
        return known
