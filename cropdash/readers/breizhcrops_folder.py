"""The BreizhCrops folder: which files of it are there, and what its tables say.

``<root>/classmapping.csv`` and ``codes.csv``, and for each year, level and region
``<root>/<year>/<level>/<region>.csv`` (the index) and ``<region>.h5`` (the series), as the ``BreizhCrops`` class of
github.com/dl4sits/BreizhCrops downloads and reads them. Its archives unpack the series into a longer path of
their own, which is looked for too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

#: Columns of the series by level (``SELECTED_BANDS`` of ``breizhcrops/datasets/breizhcrops.py``).
COLUMNS = {
    "L1C": (
        *("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12"),
        *("QA10", "QA20", "QA60", "doa"),
    ),
    "L2A": (
        *("doa", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12"),
        *("CLD", "EDG", "SAT"),
    ),
}


@dataclass(frozen=True)
class BreizhCropsFolder:
    """One year and level of a BreizhCrops folder. Made by :meth:`open`.

    Attributes:
        regions: by region, its index and its series.
        without_series: regions whose index lies there without series.
    """

    root: Path
    year: int
    level: str
    regions: dict[str, tuple[Path, Path]]
    without_series: tuple[str, ...]

    @classmethod
    def open(cls, root: str | Path, year: int = 2017, level: str | None = None) -> BreizhCropsFolder:
        """Find the regions of a year and level.

        Raises:
            FileNotFoundError: there is none.
            ValueError: no such level, or several and none is named.
        """
        root = Path(root)
        if level is not None and level not in COLUMNS:
            raise ValueError(f"level must be {' or '.join(COLUMNS)}, not {level!r}")
        found = [name for name in COLUMNS if (root / str(year) / name).is_dir() and level in (None, name)]
        if len(found) > 1:
            raise ValueError(f"{root}: has {' and '.join(found)} of {year}; say which level to read")
        regions, without = {}, []
        for index in sorted((root / str(year) / found[0]).glob("*.csv")) if found else ():
            places = (
                index.with_suffix(".h5"),
                index.parent / f"data/BreizhCrops/{found[0]}_img/data/{year}/{found[0]}/{index.stem}.h5",
            )
            series = next((path for path in places if path.is_file()), None)
            if series is None:
                without.append(index.stem)
            else:
                regions[index.stem] = (index, series)
        if not regions:
            raise FileNotFoundError(
                f"{root} holds no BreizhCrops data: it needs {year}/{level or 'L1C or L2A'}/<region>.csv with <region>.h5"
            )
        return cls(root, year, found[0], regions, tuple(without))

    def read_index(self, region: str) -> pd.DataFrame:
        """The parcels of a region: ``parcel_id``, ``code`` (the register's crop code) and ``path`` in the series file.

        Raises:
            ValueError: not such a table; the message names the file.
        """
        path = self.regions[region][0]
        table = _read_table(path, ("CODE_CULTU", "path"))
        if "id" not in table:
            table["id"] = [Path(place).stem for place in table["path"]]
        return table.rename(columns={"id": "parcel_id", "CODE_CULTU": "code"})[["parcel_id", "code", "path"]]

    def read_classes(self) -> tuple[dict[str, int], dict[int, str]]:
        """Class id by crop code, and class name by class id, from ``classmapping.csv``.

        Raises:
            FileNotFoundError: the file is missing.
            ValueError: not such a table.
        """
        path = self.root / "classmapping.csv"
        table = _read_table(path, ("id", "classname", "code"))
        ids = _whole_numbers(path, table, "id")
        names = dict(zip(ids, table["classname"], strict=True))
        return dict(zip(table["code"], ids, strict=True)), {i: names[i] for i in sorted(names)}

    def read_groups(self) -> dict[str, int]:
        """RPG crop group by crop code, from ``codes.csv``.

        Raises:
            FileNotFoundError: the file is missing.
            ValueError: not such a table.
        """
        path = self.root / "codes.csv"
        table = _read_table(path, ("Code Culture", "Code Groupe Culture"), separator=";")
        return dict(
            zip(table["Code Culture"], _whole_numbers(path, table, "Code Groupe Culture"), strict=True)
        )


def _read_table(path: Path, columns: Sequence[str], separator: str = ",") -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: missing; it comes with BreizhCrops")
    try:
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8")
    except (ValueError, OSError) as error:  # pandas' parser and decoding errors are ValueErrors
        raise ValueError(f"{path}: not a readable table ({error})") from None
    if lacking := [name for name in columns if name not in table]:
        raise ValueError(
            f"{path}: has no column {', '.join(lacking)}; it has {', '.join(map(str, table.columns))}"
        )
    return table


def _whole_numbers(path: Path, table: pd.DataFrame, column: str) -> list[int]:
    wrong = table.loc[~table[column].str.fullmatch("[0-9]{1,9}"), column]
    if len(wrong):
        raise ValueError(f"{path}: column {column} must hold whole numbers, not {wrong.iloc[0]!r}")
    return [int(text) for text in table[column]]
