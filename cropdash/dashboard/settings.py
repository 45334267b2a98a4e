"""Where the dashboard looks for data sets and runs.

The environment speaks first (``CROPDASH_DATA``, ``CROPDASH_RUNS``, ``CROPDASH_READ_ONLY``,
``CROPDASH_GRIDS``), then ``cropdash.toml`` in the working folder, then the defaults: the packaged demo
and ``./runs``. Whatever a browser asks for is looked up by name among what lies in these folders, and
never joined into a path.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

from cropdash.training.demo import Demo

SETTINGS_FILE = "cropdash.toml"


@dataclass(frozen=True)
class Settings:
    """Folders of the dashboard.

    Attributes:
        data: folders that are stores, or that hold stores one level down.
        runs: folder that holds the run folders; made by the first run.
        read_only: whether visitors can only look: nothing is launched, resumed or cancelled.
        grids: folders whose YAML files can be started as grids, beside those that ship.
        tiles: address of the tiles of a basemap, with {x}, {y} and {z} in it; empty where there is none.
        tiles_credit: whom to name on the map for them.
        demo: whether the packaged demo is shown beside them: where nobody has named a data folder.
    """

    data: tuple[Path, ...]
    runs: Path
    read_only: bool = False
    demo: bool = False
    tiles: str = ""
    tiles_credit: str = ""
    grids: tuple[Path, ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, folder: str | Path = ".") -> Settings:
        """Settings from the environment, else from ``cropdash.toml`` in ``folder``, else the defaults.

        Raises:
            ValueError: the file is no TOML or names something unknown; the message names file and field.
        """
        environment = os.environ if environment is None else environment
        folder = Path(folder).resolve()
        written = _read_file(folder / SETTINGS_FILE)
        if environment.get("CROPDASH_DATA"):
            data = [Path(part) for part in environment["CROPDASH_DATA"].split(os.pathsep) if part]
        else:
            data = written.get("data", [])
        runs = (
            Path(environment["CROPDASH_RUNS"])
            if environment.get("CROPDASH_RUNS")
            else written.get("runs", Path("runs"))
        )
        settings = cls.of(data or [Demo.read().data_folder], runs, relative_to=folder)
        read_only = written.get("read_only", False)
        if environment.get("CROPDASH_READ_ONLY"):
            read_only = environment["CROPDASH_READ_ONLY"] != "0"
        tiles = environment.get("CROPDASH_TILES") or written.get("tiles", "")
        _check_tiles("CROPDASH_TILES" if environment.get("CROPDASH_TILES") else SETTINGS_FILE, tiles)
        credit = environment.get("CROPDASH_TILES_CREDIT") or written.get("tiles_credit", "")
        if environment.get("CROPDASH_GRIDS"):
            grids = [Path(part) for part in environment["CROPDASH_GRIDS"].split(os.pathsep) if part]
        else:
            grids = written.get("grids", [])
        return replace(
            settings,
            demo=not data,
            read_only=bool(read_only),
            tiles=tiles,
            tiles_credit=credit,
            grids=tuple((folder / path.expanduser()).resolve() for path in grids),
        )

    @classmethod
    def of(cls, data: Sequence[str | Path], runs: str | Path, relative_to: str | Path = ".") -> Settings:
        """Settings from folders as a person writes them: relative ones count from ``relative_to``."""
        base = Path(relative_to).resolve()
        return cls(
            data=tuple(dict.fromkeys((base / Path(folder).expanduser()).resolve() for folder in data)),
            runs=(base / Path(runs).expanduser()).resolve(),
        )

    def without_folders(self, text: str) -> str:
        """A text for visitors: paths in the configured folders as they stand within these, the folders themselves by name.

        Where the folders of a server lie is no visitor's business.
        """
        folders = {
            folder for given in (*self.data, self.runs, *self.grids) for folder in (given, given.resolve())
        }
        # The longest first: one may lie in another.
        for folder in sorted(folders, key=lambda one: -len(str(one))):
            if folder != Path(folder.anchor):
                text = text.replace(f"{folder}{os.sep}", "")
                text = re.sub(
                    rf"{re.escape(str(folder))}(?![\w.-]*\w)", folder.name.replace("\\", r"\\"), text
                )
        return text

    def holds_data(self, path: str | Path) -> bool:
        """Whether a path, links followed, lies in one of the data folders."""
        real = Path(path).resolve()
        return any(real == folder or folder in real.parents for folder in self.data)

    def stores(self) -> dict[str, Path]:
        """Every store in the data folders, by the name that the page and the address use for it.

        The name is the folder's own; of two folders of one name the later is told by its parent too.
        A link that leads out of the data folders is left out.
        """
        found: dict[str, Path] = {}
        for folder in self.data:
            for path in (folder, *sorted(_subfolders(folder))):
                if not (path / "dataset.json").is_file() or not self.holds_data(path):
                    continue
                name = path.name if path.name not in found else f"{path.parent.name}/{path.name}"
                found.setdefault(name, path)
        return found


class _Written(TypedDict, total=False):
    """The fields of ``cropdash.toml``."""

    data: list[Path]
    runs: Path
    read_only: bool
    tiles: str
    tiles_credit: str
    grids: list[Path]


def _check_tiles(where: str, tiles: str) -> None:
    parts = urlsplit(tiles)
    placed = all(place in tiles.lower() for place in ("{x}", "{y}", "{z}"))
    if tiles and not (parts.scheme in ("http", "https") and parts.netloc and placed):
        raise ValueError(
            f"{where}: tiles must be an http or https address with {{z}}, {{x}} and {{y}} in it, not {tiles!r}"
        )


def _subfolders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _read_file(path: Path) -> _Written:
    """What the file says; empty where there is none."""
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: not valid TOML ({error})") from None
    table = content.pop("cropdash", {})
    if content:
        raise ValueError(f"{path}: {min(content)} stands outside of [cropdash]; write that line above it")
    if not isinstance(table, dict):
        raise ValueError(f"{path}: cropdash must be a table: [cropdash] with data and runs below it")
    unknown = sorted(set(table) - _Written.__annotations__.keys())
    if unknown:
        raise ValueError(
            f"{path}: cropdash.{unknown[0]} is unknown; allowed are {', '.join(_Written.__annotations__)}"
        )
    written = _Written()
    if "read_only" in table:
        if not isinstance(table["read_only"], bool):
            raise ValueError(f"{path}: cropdash.read_only must be true or false")
        written["read_only"] = table.pop("read_only")
    for text in ("tiles", "tiles_credit"):
        if text in table:
            if not isinstance(table[text], str):
                raise ValueError(f"{path}: cropdash.{text} must be a text")
            written[text] = table.pop(text)
    for field, value in table.items():
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not values or not all(isinstance(v, str) and v for v in values):
            raise ValueError(
                f"{path}: cropdash.{field} must be a folder, or for data and grids a list of folders"
            )
        if field == "runs" and len(values) != 1:
            raise ValueError(f"{path}: cropdash.runs must be one folder")
        if field == "runs":
            written["runs"] = Path(values[0])
        elif field == "grids":
            written["grids"] = [Path(v) for v in values]
        else:
            written["data"] = [Path(v) for v in values]
    return written
