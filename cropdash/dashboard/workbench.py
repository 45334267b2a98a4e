"""What the sessions of one server share: data sets, runs, published figures and the engine.

Read-only for the pages, except that it can launch and cancel. Everything is opened on first use and
found by name among the configured folders. No choice of a user lives here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropdash.dashboard.pages import PAGES, PageEntry
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import MAXIMUM_RUNS
from cropdash.datasets.info import DatasetInfo

if TYPE_CHECKING:
    from cropdash.dashboard.launch.grid_room import GridRoom
    from cropdash.dashboard.run_watch import RunWatch
    from cropdash.datasets.inspection import Inspection
    from cropdash.datasets.store import ParcelStore
    from cropdash.engine import Engine
    from cropdash.runs.library import RunLibrary
    from cropdash.runs.results import Result
    from cropdash.runs.run import Run
    from cropdash.training.demo import Demo
    from cropdash.training.experiment import ExperimentSpec
    from cropdash.training.grid.definition import Grid

log = logging.getLogger(__name__)

#: One look at the folders of data and runs serves all that is asked for a page.
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class DatasetEntry:
    """One store found in the data folders; ``error`` says why it cannot be read, if so."""

    name: str
    path: Path
    info: DatasetInfo | None
    error: str = ""

    @property
    def title(self) -> str:
        return (self.info.title if self.info else "") or self.name


class Workbench:
    """The rooms below the dashboard, opened once per server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.RLock()
        self._stores: dict[tuple[Path, int], ParcelStore] = {}
        self._infos: dict[tuple[Path, int], DatasetEntry] = {}
        self._inspections: dict[tuple[Path, int], Inspection] = {}
        self._parcels: dict[tuple[Path, int], dict[str, int]] = {}
        self._engine: Engine | None = None
        self._looked = -_LOOK_SECONDS
        self._found: dict[str, Path] = {}
        self._made_from: dict[str, str] = {}

    @classmethod
    def shared(cls, settings: Settings | None = None) -> Workbench:
        """The one workbench of these settings in this process; opens the demo where it is shown."""
        return _workbench(settings or Settings.read())

    @property
    def pages(self) -> dict[str, PageEntry]:
        """The pages that visitors may open, by slug, in the order of the navigation."""
        return {slug: entry for slug, entry in PAGES.items() if not (self.settings.read_only and entry.acts)}

    def _check_may_act(self) -> None:
        if self.settings.read_only:
            raise PermissionError(
                "this dashboard is for looking only; nothing can be started or stopped on it"
            )

    # --- data sets -------------------------------------------------------------------------------

    def datasets(self) -> dict[str, DatasetEntry]:
        """Every store in the data folders by name; unreadable ones carry their error."""
        from cropdash.datasets.store import ParcelStore

        entries: dict[str, DatasetEntry] = {}
        for name, path in self._stores_found().items():
            key = _dated(path)
            if key not in self._infos:
                try:
                    entry = DatasetEntry(name, path, ParcelStore.open(path).info)
                except (ValueError, OSError) as error:
                    log.warning("the data set %s cannot be read: %s", name, error)
                    entry = DatasetEntry(name, path, None, self.settings.without_folders(str(error)))
                self._infos[key] = entry
            entries[name] = self._infos[key]
        return entries

    def store(self, name: str) -> ParcelStore:
        """An opened store by its name.

        Raises:
            KeyError: no data folder holds a store of that name.
            ValueError: the store cannot be read; the message names file and field.
        """
        from cropdash.datasets.store import ParcelStore

        path = self._path(name)
        with self._lock:
            key = _dated(path)
            if key not in self._stores:
                self._stores[key] = ParcelStore.open(path)
            return self._stores[key]

    def inspection(self, name: str) -> Inspection:
        """What ``inspect`` tells of a store; counted once, which takes a moment on a large one."""
        from cropdash.datasets.inspection import inspect_store

        store = self.store(name)
        key = _dated(store.path)
        with self._lock:
            if key not in self._inspections:
                self._inspections[key] = inspect_store(store)
            return self._inspections[key]

    def parcels_by_region(self) -> dict[str, dict[str, int]]:
        """Parcels of every readable data set by region, by its path as runs name it."""
        found = {}
        for name, entry in self.datasets().items():
            if entry.info is not None:
                store = self.store(name)
                key = _dated(store.path)
                if key not in self._parcels:
                    counts = store.parcels["region"].value_counts()
                    self._parcels[key] = {str(region): int(number) for region, number in counts.items()}
                found[str(entry.path)] = self._parcels[key]
        return found

    def data_fingerprint(self, path: str) -> str:
        """Of the values of a data set, by its path as the launch form names it; empty where it is not readable."""
        infos = (entry.info for entry in self.datasets().values() if str(entry.path) == path)
        return next((info.fingerprint for info in infos if info is not None), "")

    def _path(self, name: str) -> Path:
        stores = self._stores_found()
        if name not in stores:
            raise KeyError(f"no data folder holds a data set called {name!r}")
        return stores[name]

    def _stores_found(self) -> dict[str, Path]:
        """The stores by name, as the last look at the data folders found them."""
        with self._lock:
            if time.monotonic() - self._looked >= _LOOK_SECONDS:
                self._found, self._made_from = self.settings.stores(), {}
                self._looked = time.monotonic()
            return self._found

    # --- results ---------------------------------------------------------------------------------

    @cached_property
    def library(self) -> RunLibrary:
        from cropdash.runs.library import RunLibrary

        return RunLibrary(self.settings.runs, reuse=_LOOK_SECONDS)

    @cached_property
    def demo(self) -> Demo | None:
        """The packaged demo, where it is shown."""
        if not self.settings.demo:
            return None
        from cropdash.training.demo import Demo

        return Demo.read()

    @cached_property
    def demo_runs(self) -> list[Result]:
        """The runs that ship with the demo; none where it is not shown."""
        if self.demo is None:
            return []
        from cropdash.packaged import packaged_file
        from cropdash.runs.library import RunLibrary
        from cropdash.training.demo import RUNS

        return RunLibrary(packaged_file(RUNS)).results()

    def open_demo(self) -> None:
        """Simulate the demo's parcels if they never were; without room for them its runs have no map."""
        if self.demo is None:
            return
        try:
            self.demo.store()
        except OSError as error:
            log.warning("the demo's parcels cannot be simulated, so its runs have no map: %s", error)

    @cached_property
    def watch(self) -> RunWatch:
        """Tells the sessions when the library has changed."""
        from cropdash.dashboard.run_watch import RunWatch

        return RunWatch(self.library)

    @cached_property
    def published(self) -> list[Result]:
        """The study's published figures."""
        from cropdash.runs.published import published

        return list(published())

    def results(self, dataset: str = "") -> list[Result]:
        """Own runs first, then those of the demo, reference folders, and published figures.

        With a data set, runs that are known to come from another one are left out.
        """
        rank = {"run": 0, "reference": 1, "published": 2}
        found = [*self.library.results(), *self.demo_runs, *self.published]
        found.sort(key=lambda result: rank[result.kind])
        if not dataset:
            return found
        return [result for result in found if self.dataset_of(result) in (dataset, "")]

    def result(self, result_id: str) -> Result | None:
        """A result by id, or None where there is none (removed, or mistyped in an address)."""
        return next((result for result in self.results() if result.id == result_id), None)

    def dataset_of(self, result: Result) -> str:
        """Name of the data set that a run was made from; empty where it is not among the data folders."""
        data = getattr(result, "data", None)
        if not data:
            return ""
        if self.demo is not None and data == self.demo.name:
            return data if data in self._stores_found() else ""
        stores = self._stores_found()
        if data not in self._made_from:
            made_from = Path(data).resolve()
            self._made_from[data] = next((name for name, store in stores.items() if store == made_from), "")
        return self._made_from[data]

    def default_runs(self, dataset: str = "") -> list[str]:
        """What is compared before anybody has chosen: own finished runs, as :func:`first_choice` picks them,
        else those of one seed of the demo, else the published ones."""
        from cropdash.dashboard.first_choice import first_choice
        from cropdash.runs.run import Run

        results = self.results(dataset)
        finished = [result for result in results if isinstance(result, Run) and result.status == "finished"]
        own = [result for result in finished if result not in self.demo_runs]
        # Runs of parcels that are in no data set say nothing of the chosen one.
        own_of_it = [result for result in own if dataset and self.dataset_of(result) == dataset]
        chosen = first_choice(own_of_it or own)
        demo = [r.id for r in finished if self.demo is not None and r.seed == self.demo.attention_seed]
        return (
            chosen
            or demo[:MAXIMUM_RUNS]
            or [result.id for result in results if result.kind == "published" and _is_main(result)]
        )

    def class_name(self, code: int, dataset: str = "") -> str:
        """Name of a class code, as the data set calls it, else as a result does; else the code itself."""
        entry = self.datasets().get(dataset)
        if entry and entry.info and code in entry.info.nomenclature.by_code:
            return entry.info.nomenclature.by_code[code].name
        for result in self.results(dataset):
            for crop in result.classes:
                if crop.code == code:
                    return crop.name
        return str(code)

    def test_regions(self, results: list[Result]) -> list[str]:
        """Regions that any of the results was tested in, sorted."""
        return sorted({region for result in results for region in result.regions()})

    # --- the engine ------------------------------------------------------------------------------

    @property
    def engine_started(self) -> bool:
        return self._engine is not None

    def existing_run(self, spec: ExperimentSpec) -> Run | None:
        """The run that has these settings and these data already, however it is named and its data's path is written."""
        from cropdash.training.existing_runs import existing_among

        return existing_among(spec, self.results(), self.data_fingerprint(spec.data))

    def launch(self, spec: ExperimentSpec) -> str:
        """Queue a run; the first one starts the engine.

        Returns:
            The id of the run.

        Raises:
            RunExists: it is finished, perhaps on the same data under another path; or queued or at work already.
            PermissionError: the data set lies outside the data folders, or visitors may only look.
        """
        from cropdash.training.existing_runs import RunExists

        existing = self.existing_run(spec)
        # Of one whose data are named alike, the launch itself knows better.
        if existing is not None and existing.status == "finished" and existing.data != spec.data:
            raise RunExists(f"{existing.folder.path} is finished, with exactly these settings and data")
        return self._queue(spec)

    def _queue(self, spec: ExperimentSpec) -> str:
        from cropdash.training.launch import launch

        self._check_may_act()
        if not self.settings.holds_data(spec.data):
            raise PermissionError(f"{spec.data} lies outside the data folders of this dashboard")
        run_id = launch(self._own_engine(), spec, self.settings.runs)
        self.library.look_again()
        return run_id

    def resume(self, run_id: str) -> str:
        """Go on with a cancelled, failed or interrupted run from its last whole epoch.

        Raises:
            KeyError: there is no such run.
            ValueError: its folder has been renamed, so that training would begin another one.
            PermissionError: its data set lies outside the data folders.
        """
        from cropdash.runs.run import Run
        from cropdash.training.experiment import ExperimentSpec

        run = self.result(run_id)
        if not isinstance(run, Run):
            raise KeyError(f"there is no run {run_id!r} to resume")
        spec = ExperimentSpec.model_validate(run.folder.spec())
        if spec.run_id != run_id:
            raise ValueError(
                f"the folder of run {run_id} has been renamed from {spec.run_id}; rename it back"
            )
        return self._queue(spec)

    def cancel(self, run_id: str) -> None:
        """Stop a queued or running run that this server started.

        Raises:
            RuntimeError: it did not.
            PermissionError: visitors may only look.
        """
        from cropdash.training.launch import cancel

        self._check_may_act()
        if self._engine is None:
            raise RuntimeError(f"run {run_id} was not started by this server, which has launched nothing yet")
        cancel(self._engine, run_id)
        self.library.look_again()

    def start_evidence(self, run_id: str) -> None:
        """Compute whether the dates that a run attends to matter, as a task of the engine.

        Raises:
            KeyError: there is no such run.
            ValueError: it cannot be asked, its data set is not here, or it is being asked already.
            PermissionError: visitors may only look.
        """
        from cropdash.runs.run import Run
        from cropdash.training.evidence_task import start_evidence

        self._check_may_act()
        run = self.result(run_id)
        if not isinstance(run, Run):
            raise KeyError(f"there is no run {run_id!r} to ask")
        dataset = self.dataset_of(run)
        if not dataset:
            raise ValueError("The data set of this run is not among the data folders.")
        start_evidence(self._own_engine(), run, self._path(dataset))

    def cancel_evidence(self, run_id: str) -> None:
        """Stop what :meth:`start_evidence` of this server started.

        Raises:
            KeyError: it did not, or there is no such run.
            PermissionError: visitors may only look.
        """
        from cropdash.runs.run import Run
        from cropdash.training.evidence_task import cancel_evidence

        self._check_may_act()
        run = self.result(run_id)
        if not isinstance(run, Run) or self._engine is None:
            raise KeyError("this server has started nothing for this run")
        cancel_evidence(self._engine, run)

    # --- grids -----------------------------------------------------------------------------------

    @cached_property
    def grids(self) -> GridRoom:
        """The grids that can be chosen, and those begun in the folder of runs."""
        from cropdash.dashboard.launch.grid_room import GridRoom

        return GridRoom(self.settings.runs, self.settings.grids, self._own_engine)

    @property
    def runs_at_once(self) -> int:
        """How many runs the engine trains beside each other."""
        return self._own_engine().workers

    @property
    def threads_of_a_run(self) -> int:
        """CPU threads that a run of the engine computes with, unless its specification says otherwise."""
        return self._own_engine().threads

    def start_grid(self, name: str, dataset: str, changes: Mapping[str, Any]) -> str:
        """Begin a grid that can be chosen, on a data set of the data folders; returns its id.

        Raises:
            KeyError: there is no such grid or data set.
            ValueError: the grid does not fit the data set.
            PermissionError: visitors may only look.
        """
        self._check_may_act()
        return self.grids.start(name, self._path(dataset), changes)

    def start_own_grid(self, grid: Grid, dataset: str) -> str:
        """Begin a grid that was made on the page, on a data set of the data folders; returns its id.

        Raises:
            KeyError: there is no such data set.
            ValueError: the grid does not fit the data set.
            PermissionError: visitors may only look.
        """
        self._check_may_act()
        return self.grids.start_own(grid, self._path(dataset))

    def resume_grid(self, id: str, retry_failed: bool = False) -> str:
        """Go on with a grid that was begun in the folder of runs.

        Raises:
            LookupError: there is none of that id.
            PermissionError: its data set lies outside the data folders, or visitors may only look.
        """
        self._check_may_act()
        data = self.grids.data_of(id)
        if not self.settings.holds_data(data):
            raise PermissionError(f"{data} lies outside the data folders of this dashboard")
        return self.grids.resume(id, retry_failed=retry_failed)

    def cancel_grid(self, id: str) -> None:
        """Stop a grid, whoever works on it.

        Raises:
            LookupError: there is none of that id.
            PermissionError: visitors may only look.
        """
        self._check_may_act()
        self.grids.cancel(id)

    def _own_engine(self) -> Engine:
        """The engine, made but not yet started."""
        from cropdash.engine import Engine

        with self._lock:
            if self._engine is None:
                self._engine = Engine()
            return self._engine

    def close(self) -> None:
        """Stop the engine, if it ever started."""
        if "grids" in self.__dict__:
            self.grids.close()
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None


def _is_main(result: Result) -> bool:
    """Whether a published experiment is one of the study's seven, without its variants."""
    return "textural" not in result.experiment and result.interpolation != "linear"


@cache
def _workbench(settings: Settings) -> Workbench:
    workbench = Workbench(settings)
    workbench.open_demo()
    return workbench


def _dated(path: Path) -> tuple[Path, int]:
    """A key that changes when a store is written anew under the same name."""
    return path, (path / "dataset.json").stat().st_mtime_ns
