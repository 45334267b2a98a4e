"""The packaged demo: what it consists of, its simulated parcels, and how its runs are made.

The results of the runs ship with cropdash. The parcels do not: they are simulated on this machine when
they are first wanted, which takes seconds, and kept in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import chdir
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cropdash.atomic import atomic_path, write_json
from cropdash.datasets.store import ParcelStore
from cropdash.json_file import read_json
from cropdash.packaged import packaged_file
from cropdash.runs import run_folder
from cropdash.runs.evidence import EVIDENCE
from cropdash.runs.library import RunLibrary
from cropdash.training.experiment import ExperimentSpec, explain

DEFINITION = "demo/demo.yaml"
RUNS = "demo/runs"
#: Files of a run that ship with the demo; its weights and the rest are made anew by ``cropdash demo``.
_SHIPPED = (
    run_folder.SPEC,
    run_folder.METRICS,
    run_folder.NORMALISATION,
    run_folder.PREDICTIONS,
    run_folder.SUMMARY,
)
#: And of the runs that keep their attention.
_WITH_ATTENTION = (run_folder.ATTENTION, EVIDENCE)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DemoSimulation(_Part):
    """Settings of the simulated Finistère; see :class:`cropdash.simulation.parcels.Simulation`."""

    parcels: int = Field(ge=1)
    seed: int = Field(ge=0)
    imbalance: Literal["study", "softened"]
    pixels: int | None = Field(None, ge=1)


class Demo(_Part):
    """The demo's definition.

    Attributes:
        name: of the data set, and of its folder.
        simulation: what its parcels are made from.
        seeds: every experiment is trained with each of them.
        attention_seed: the seed whose runs keep their attention, with the evidence for it.
        experiments: what tells the experiments apart, as fields of the specification.
        spec: fields that all of them share.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    simulation: DemoSimulation
    seeds: tuple[int, ...] = Field(min_length=1)
    attention_seed: int
    experiments: tuple[dict[str, Any], ...] = Field(min_length=1)
    spec: dict[str, Any]

    @model_validator(mode="after")
    def _makes_specs(self) -> Self:
        self.specs()
        return self

    @classmethod
    def read(cls, path: str | Path | None = None) -> Self:
        """Read a definition; the packaged one if no path is given.

        Raises:
            ValueError: the file breaks the schema; the message names file and field.
        """
        path = Path(path) if path is not None else packaged_file(DEFINITION)
        try:
            return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except yaml.YAMLError as error:
            raise ValueError(f"{path}: not valid YAML ({error})") from None
        except ValidationError as error:
            raise ValueError(f"{path}: {explain(error)}") from None

    def specs(self) -> list[ExperimentSpec]:
        """Every experiment with every seed; their ``data`` is the data set's name."""
        return [
            ExperimentSpec.model_validate({"data": self.name, **self.spec, **experiment, "seed": seed})
            for seed in self.seeds
            for experiment in self.experiments
        ]

    @property
    def data_folder(self) -> Path:
        """The folder, in the user's cache, that holds the data set of this definition and this simulation."""
        from platformdirs import user_cache_path

        return user_cache_path("cropdash", appauthor=False) / f"demo-{self._fingerprint()}"

    def store(self, progress: Callable[[int, int], None] | None = None) -> Path:
        """The data set's store, simulated now if it has not been yet.

        Args:
            progress: called with the parcels simulated so far and their number.

        Raises:
            OSError: the cache folder cannot be written, or its disk is full.
        """
        path = self.data_folder / self.name
        if (path / "dataset.json").is_file():
            return path
        from cropdash.simulation.finistere import simulate_finistere

        self.data_folder.mkdir(parents=True, exist_ok=True)
        try:
            simulate_finistere(path, **self.simulation.model_dump(), progress=progress)
        except OSError:
            # Another process may have been quicker: the store is then the same.
            if not (path / "dataset.json").is_file():
                raise
        return path

    def _fingerprint(self) -> str:
        """Eight digits over what the parcels depend on: settings and simulation, code included."""
        content = hashlib.sha256(json.dumps(self.simulation.model_dump(), sort_keys=True).encode())
        for path in _simulation_files():
            content.update(path.read_bytes())
        return content.hexdigest()[:8]


def _simulation_files() -> Iterator[Path]:
    import cropdash.simulation

    yield from sorted(Path(cropdash.simulation.__path__[0]).glob("*.py"))
    # What is said about the files makes no other parcels.
    yield from sorted(
        path for path in packaged_file("simulation").rglob("*") if path.is_file() and path.suffix != ".md"
    )


def demo_runs() -> RunLibrary:
    """The packaged results of the demo, as a library of runs. Simulated: no evidence about the world."""
    return RunLibrary(packaged_file(RUNS))


def demo_store() -> ParcelStore:
    """The demo's parcels, simulated into the user's cache folder when first asked for (seconds).

    Raises:
        OSError: the cache folder cannot be written, or its disk is full.
    """
    return ParcelStore.open(Demo.read().store())


def train_demo(
    demo: Demo, out: str | Path, *, workers: int = 2, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Train the demo's runs and put what ships of them at ``out``, in place of what was there.

    Args:
        out: the folder of the runs; replaced as a whole when all are trained.
        workers: how many are trained at once, one thread each.
        progress: called with the runs trained so far and their number.

    Returns:
        The runs' folders.

    Raises:
        FileExistsError: ``out`` holds something else than runs.
        OSError: there is no room for parcels or runs.
    """
    out = Path(out)
    if out.exists() and (strangers := [path for path in out.iterdir() if not _is_run(path)]):
        raise FileExistsError(f"{strangers[0]} is no run; choose a folder of the demo's runs or an empty one")
    store = demo.store()
    specs = demo.specs()
    with tempfile.TemporaryDirectory(prefix="cropdash-demo-") as trained:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            train_one = partial(_train_one, store.parent, Path(trained), demo.attention_seed)
            tasks = {pool.submit(train_one, spec.model_dump(mode="json")): spec for spec in specs}
            for done, task in enumerate(as_completed(tasks), start=1):
                task.result()
                if progress is not None:
                    progress(done, len(specs))
        with atomic_path(out) as folder:
            for spec in specs:
                _ship(
                    Path(trained) / spec.run_id,
                    folder / spec.run_id,
                    attention=spec.seed == demo.attention_seed,
                )
            if out.exists():
                shutil.rmtree(out)
    return [out / spec.run_id for spec in specs]


def _is_run(path: Path) -> bool:
    return (path / run_folder.SPEC).is_file()


def _train_one(data: Path, runs: Path, attention_seed: int, values: dict[str, Any]) -> None:
    from cropdash.training.attention_evidence import attention_evidence
    from cropdash.training.train import train

    spec = ExperimentSpec.model_validate(values)
    # The specification names the data set, not a place on this machine.
    with chdir(data):
        run = train(spec, runs)
        if spec.seed == attention_seed:
            evidence = attention_evidence(run)
            assert evidence is not None, "nobody stops it"
            evidence.write(run.folder.path)


def _ship(trained: Path, shipped: Path, *, attention: bool) -> None:
    shipped.mkdir(parents=True)
    for name in (*_SHIPPED, *_WITH_ATTENTION) if attention else _SHIPPED:
        shutil.copyfile(trained / name, shipped / name)
    # Which machine and process trained it is of no use elsewhere.
    status = read_json(trained / run_folder.STATUS)
    write_json(shipped / run_folder.STATUS, status | {"host": None, "pid": None})
    provenance = read_json(trained / run_folder.PROVENANCE)
    del provenance["platform"]
    write_json(shipped / run_folder.PROVENANCE, provenance)
