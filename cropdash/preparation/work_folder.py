"""The work folder beside the store being made: the plan, and every finished block.

A block is a folder that appears whole or not at all, of NumPy arrays and one JSON file; nothing in it can
execute. So an interrupted preparation goes on with the blocks that are missing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from cropdash.atomic import atomic_path, write_json, write_text
from cropdash.json_file import read_json
from cropdash.preparation.blocks import Block
from cropdash.preparation.plan import Plan
from cropdash.preparation.scenes import Scene

_PLAN = "plan.json"
_FINGERPRINT = "fingerprint.json"
_BLOCK = "block.json"


@dataclass(frozen=True)
class FinishedSensor:
    """One sensor's part of a finished block.

    Attributes:
        pixels: flat, memory-mapped; parcel after parcel, ``(dates, pixels, channels)`` each.
        dates: flat int32, days since 1970-01-01.
        date_counts: ``(parcels,)``.
        scenes: ``(id, day)`` of each image, in the order of ``outcomes``.
        outcomes: ``(images, parcels)`` uint8 codes of what became of each image.
    """

    pixels: np.ndarray
    dates: np.ndarray
    date_counts: np.ndarray
    scenes: list[tuple[str, str]]
    outcomes: np.ndarray


@dataclass(frozen=True)
class FinishedBlock:
    """A finished block.

    Attributes:
        ids: its parcels.
        found: pixels of each.
        counts: the same, 0 where they are too few.
        sensors: by name; none where no parcel has enough pixels.
    """

    ids: list[str]
    found: list[int]
    counts: list[int]
    sensors: dict[str, FinishedSensor]


class BlockWriter:
    """Writes one block's folder; made by :meth:`WorkFolder.block_writer`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sensors: dict[str, list[tuple[str, str]]] = {}

    def outcomes(self, sensor: str, scenes: Sequence[Scene], outcomes: np.ndarray) -> None:
        """Keep what became of each image of each parcel."""
        np.save(self._folder / f"{sensor}_outcomes.npy", outcomes)
        self.sensors[sensor] = [(scene.id, str(scene.day)) for scene in scenes]

    @contextmanager
    def series(
        self, sensor: str, dtype: np.dtype, size: int, date_counts: np.ndarray
    ) -> Iterator[Callable[[np.ndarray, np.datetime64], None]]:
        """Yield what takes one date of one parcel after the other: values ``(pixels, channels)`` and day."""
        days: list[int] = []
        with (self._folder / f"{sensor}_pixels.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(
                file,
                {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (size,)},
            )

            def add(values: np.ndarray, day: np.datetime64) -> None:
                file.write(np.ascontiguousarray(values).data)
                days.append(int(day.astype("datetime64[D]").astype(np.int64)))

            yield add
        np.save(self._folder / f"{sensor}_dates.npy", np.array(days, dtype=np.int32))
        np.save(self._folder / f"{sensor}_date_counts.npy", date_counts.astype(np.int64))


class WorkFolder:
    """The unfinished work on one store."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, out: Path) -> WorkFolder:
        """The work folder of a store to be made at ``out``."""
        return cls(out.with_name(f".{out.name}.preparing"))

    def begin(self, fingerprint: str, *, restart: bool) -> Plan | None:
        """Take the folder up again, or make it.

        Returns:
            The plan that was left there, if any.

        Raises:
            FileExistsError: it holds the work of another recipe or other parcels.
        """
        path = self.path / _FINGERPRINT
        if path.is_file() and read_json(path) != fingerprint:
            finished = len(self.finished())
            if finished and not restart:
                raise FileExistsError(
                    f"{self.path} holds {finished} finished blocks of another recipe or other parcels; "
                    "delete it, or ask to start anew (--restart)"
                )
            restart = True
        if restart and self.path.exists():
            shutil.rmtree(self.path)
        if not path.is_file():
            self.path.mkdir(parents=True, exist_ok=True)
            write_json(path, fingerprint)
        (self.path / "blocks").mkdir(exist_ok=True)
        return self.plan() if (self.path / _PLAN).is_file() else None

    def write_plan(self, plan: Plan) -> None:
        write_text(self.path / _PLAN, json.dumps(plan.to_dict()))

    def plan(self) -> Plan:
        return _plan(self.path / _PLAN, (self.path / _PLAN).stat().st_mtime_ns)

    def finished(self) -> set[int]:
        """Numbers of the blocks that are done."""
        return {int(path.parent.name) for path in (self.path / "blocks").glob(f"[0-9]*/{_BLOCK}")}

    @contextmanager
    def block_writer(self, block: Block, found: np.ndarray, counts: np.ndarray) -> Iterator[BlockWriter]:
        """Write a block; its folder appears when the context ends without an error."""
        target = self._block(block.number)
        if target.exists():
            # A worker was lost after it had finished, or two have done the same.
            shutil.rmtree(target)
        with atomic_path(target) as folder:
            folder.mkdir()
            writer = BlockWriter(folder)
            yield writer
            content = {
                "ids": block.ids,
                "found": found.tolist(),
                "counts": counts.tolist(),
                "sensors": writer.sensors,
            }
            (folder / _BLOCK).write_text(json.dumps(content), encoding="utf-8")

    def read_block(self, number: int) -> FinishedBlock:
        """A finished block, its pixels memory-mapped.

        Raises:
            ValueError: one of its files is not what it should be.
        """
        folder = self._block(number)
        content = read_json(folder / _BLOCK)
        sensors = {}
        for name, scenes in content["sensors"].items():
            arrays = {
                what: _load(folder / f"{name}_{what}.npy", mapped=what == "pixels")
                for what in ("pixels", "dates", "date_counts", "outcomes")
            }
            sensors[name] = FinishedSensor(**arrays, scenes=[(scene, day) for scene, day in scenes])
        return FinishedBlock(content["ids"], content["found"], content["counts"], sensors)

    def remove(self) -> None:
        shutil.rmtree(self.path)

    def _block(self, number: int) -> Path:
        return self.path / "blocks" / f"{number:06d}"


@lru_cache(maxsize=4)
def _plan(path: Path, _written: int) -> Plan:
    return Plan.from_dict(read_json(path))


def _load(path: Path, *, mapped: bool) -> np.ndarray:
    try:
        # An empty file cannot be mapped.
        return np.load(
            path, mmap_mode="r" if mapped and path.stat().st_size > 256 else None, allow_pickle=False
        )
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"{path}: not a readable NumPy array ({error}); ask to start anew (--restart)"
        ) from None
