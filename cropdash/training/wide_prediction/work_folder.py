"""The folder of a wide prediction: what is being predicted, its finished partitions, and in the end its files.

A partition is a Parquet file that appears whole or not at all, so that an interrupted prediction goes on with
those that are missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cropdash.atomic import atomic_path, write_json
from cropdash.json_file import read_json

DESCRIPTION = "prediction.json"
_PARTS = "partitions"

#: The facts that a prediction under way must share with the call that takes it up, in words.
_DECIDING = {
    "runs": "the runs",
    "data": "the data set, its regions or the size of its partitions",
    "options": "the options",
}


class PredictionFolder:
    """The files of one wide prediction."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def begin(self, description: Mapping[str, Any], *, restart: bool) -> dict[str, Any]:
        """Take the folder up again, or make it.

        Args:
            description: what is predicted; its ``runs``, ``data`` and ``options`` decide the result.
            restart: throw away what is there of another prediction.

        Returns:
            The description as it is on disk, perhaps of a finished prediction.

        Raises:
            FileExistsError: the folder holds something else, or a prediction by other runs, of other data or
                with other options; the message says which.
        """
        path = self.path / DESCRIPTION
        if not path.is_file():
            if self.path.exists() and any(self.path.iterdir()):
                raise FileExistsError(f"{self.path} exists and is no prediction; choose another folder")
        elif restart:
            shutil.rmtree(self.path)
        else:
            found: dict[str, Any] = read_json(path)
            changed = [words for key, words in _DECIDING.items() if found.get(key) != description[key]]
            if changed:
                raise FileExistsError(
                    f"{self.path} holds a prediction, and {' and '.join(changed)} have changed since; "
                    "choose another folder, or ask to start anew (--restart)"
                )
            return found
        (self.path / _PARTS).mkdir(parents=True, exist_ok=True)
        self.describe(description)
        return dict(description)

    def describe(self, description: Mapping[str, Any]) -> None:
        write_json(self.path / DESCRIPTION, dict(description))

    def finished(self) -> set[int]:
        """Numbers of the partitions that are done."""
        return {int(path.stem) for path in (self.path / _PARTS).glob("[0-9]*.parquet")}

    def part(self, number: int) -> Path:
        return self.path / _PARTS / f"{number:06d}.parquet"

    def write_part(self, number: int, table: pa.Table) -> None:
        (self.path / _PARTS).mkdir(exist_ok=True)  # gone where files of a finished prediction are made again
        with atomic_path(self.part(number)) as temporary:
            pq.write_table(table, temporary, compression="zstd")

    def read_part(self, number: int) -> pa.Table:
        """A finished partition.

        Raises:
            ValueError: it is damaged; the message names the file.
        """
        path = self.part(number)
        try:
            return pq.read_table(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(
                f"{path}: damaged ({error}); delete it, and the same command makes it anew"
            ) from None

    def remove_parts(self) -> None:
        if (self.path / _PARTS).exists():
            shutil.rmtree(self.path / _PARTS)
