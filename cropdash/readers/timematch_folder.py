"""One tile and year of TimeMatch: its metadata, its parcels' arrays, and the classes of its crop codes.

The folder is ``<country>/<tile>/<year>`` with ``meta/metadata.pkl`` and ``data/<index>.zarr``, as
``preprocessing/prepare_pixels.py`` of github.com/jnyborg/timematch writes it and ``PixelSetData`` (``dataset.py``) reads it.
The pickle is interpreted by :mod:`cropdash.restricted_pickle` and never run.
"""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cropdash.json_file import read_json
from cropdash.nomenclature import Nomenclature
from cropdash.packaged import packaged_file
from cropdash.readers.class_lists import class_list, readable
from cropdash.readers.reference_series import parse_dates
from cropdash.restricted_pickle import load_restricted

#: Channels of the arrays: the 10 m bands, then the 20 m bands (``S2Image`` of ``preprocessing/downloader.py``).
FILE_BANDS = ("B2", "B3", "B4", "B8", "B5", "B6", "B7", "B8A", "B11", "B12")
_UNKNOWN = 0


@dataclass(frozen=True)
class TimeMatchParcel:
    """What the metadata says of one parcel.

    Attributes:
        block: its spatial block in the tile.
        crop: the country's crop code as text.
        features: perimeter, area and their ratio, or None.
    """

    index: int
    block: int
    crop: str
    features: tuple[float, float, float] | None


@dataclass(frozen=True)
class TimeMatchFolder:
    """One tile and year. Made by :meth:`open`.

    Attributes:
        dates: ``(dates,)`` datetime64[D] of every array, not-a-time for what is none.
    """

    path: Path
    country: str
    tile: str
    year: str
    dates: np.ndarray
    parcels: tuple[TimeMatchParcel, ...]

    @classmethod
    def open(cls, path: Path) -> TimeMatchFolder:
        """Read the metadata.

        Raises:
            ValueError: it is no plain data or not of the format; the message names file and field.
        """
        file = path / "meta" / "metadata.pkl"
        content = load_restricted(file)
        if not isinstance(content, dict) or not isinstance(content.get("parcels"), list):
            raise ValueError(f"{file}: must be a dict with a list 'parcels'")
        dates = content.get("dates")
        if not isinstance(dates, list) or not dates:
            raise ValueError(f"{file}: dates must be a list like [20170103, ...]")
        parcels = tuple(_parcel(file, i, entry) for i, entry in enumerate(content["parcels"]))
        country, tile, year = path.resolve().parts[-3:]
        plain = [int(date) if isinstance(date, numbers.Integral) else date for date in dates]
        return cls(path, country, tile, year, parse_dates(plain), parcels)

    def array(self, parcel: TimeMatchParcel) -> Path:
        return self.path / "data" / f"{parcel.index}.zarr"


def find_folders(source: Path) -> list[Path]:
    """The folders of tiles and years at or below a folder, at most three levels down.

    Raises:
        FileNotFoundError: there is none.
    """
    for below in (".", "*", "*/*", "*/*/*"):
        found = sorted(path.parent.parent for path in source.glob(f"{below}/meta/metadata.pkl"))
        if found:
            return found
    raise FileNotFoundError(
        f"{source} holds no TimeMatch data: it needs <country>/<tile>/<year>/meta/metadata.pkl"
    )


def timematch_classes() -> Nomenclature:
    """TimeMatch's classes; the crops that it knows no class for are its mixed class ``unknown``."""
    content = _class_file()
    return class_list(
        {code: readable(name) for code, name in enumerate(content["classes"])},
        name="timematch",
        title="TimeMatch",
        source=content["source"],
        mixed={_UNKNOWN},
    )


def class_codes(country: str) -> dict[str, int]:
    """Class code by crop code of a country.

    Raises:
        ValueError: no such country.
    """
    content = _class_file()
    if country not in content["countries"]:
        known = ", ".join(content["countries"])
        raise ValueError(f"TimeMatch has no classes for the country {country!r}; it has them for {known}")
    number = {name: code for code, name in enumerate(content["classes"])}
    return {crop: number[name] for name, crops in content["countries"][country].items() for crop in crops}


def _class_file() -> dict[str, Any]:
    content: dict[str, Any] = read_json(packaged_file("nomenclatures/timematch.json"))
    return content


def _parcel(file: Path, index: int, entry: Any) -> TimeMatchParcel:
    where = f"{file}: parcels[{index}]"
    if not isinstance(entry, dict):
        raise ValueError(f"{where} must be a dict")
    block, label = entry.get("block"), entry.get("label")
    if isinstance(block, bool) or not isinstance(block, numbers.Integral) or block < 0:
        raise ValueError(f"{where}: block must be a number from 0, not {block!r}")
    if isinstance(label, bool) or not isinstance(label, str | numbers.Real):
        raise ValueError(f"{where}: label must be a crop code, not {label!r}")
    features = entry.get("geometric_features")
    shape = None
    if isinstance(features, list | tuple) and len(features) == 4:
        three = features[:3]
        if all(isinstance(number, numbers.Real) for number in three) and np.isfinite(three).all():
            shape = (float(three[0]), float(three[1]), float(three[2]))
    return TimeMatchParcel(index, int(block), _crop(label), shape)


def _crop(label: str | numbers.Real) -> str:
    """``BTH`` as it is, 252 also where the file holds 252.0 or "252.0"."""
    try:
        number = float(label)
    except (TypeError, ValueError):
        return str(label).strip()
    return str(int(number)) if number.is_integer() else str(label)
