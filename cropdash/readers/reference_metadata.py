"""One sensor's files of one region in the reference layout: array paths, labels, dates, geometry features.

A ``META`` file that is not what the layout says is an error that names it; a single wrong entry in it is
reported and taken as absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cropdash.datasets.import_report import Reason
from cropdash.datasets.store import FEATURES
from cropdash.json_file import read_json

#: Codes are integers of 32 bits; the register's own have at most four digits.
_LARGEST_CODE = 2**31 - 1


@dataclass(frozen=True)
class RegionFiles:
    """One sensor's files of one region: array paths by parcel id, and the content of META."""

    arrays: dict[str, Path]
    labels: dict[str, dict[str, Any]]
    dates: dict[str, list[Any]] | list[Any]
    features: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> RegionFiles:
        """Read a region folder.

        Raises:
            ValueError: a META file is malformed; the message names it.
        """
        return cls(array_paths(folder), read_labels(folder), _read_dates(folder), _read_features(folder))

    @property
    def labelled(self) -> set[str]:
        return set().union(*self.labels.values())

    def dates_of(self, parcel_id: str) -> list[Any] | None:
        """A parcel's dates as they stand in ``dates.json``; None where it has none there."""
        return self.dates if isinstance(self.dates, list) else self.dates.get(parcel_id)


def labels_of(parcel_id: str, content: Mapping[str, RegionFiles], add: Callable[..., None]) -> dict[str, int]:
    """A parcel's code by label field, from the files of all sensors; fields without a usable one are left out."""
    given: dict[str, dict[str, Any]] = {}
    for name, part in content.items():
        for field, labels in part.labels.items():
            if parcel_id in labels:
                given.setdefault(field, {})[name] = labels[parcel_id]
    labels = {}
    for field, by_sensor in given.items():
        codes = {name: _code(value) for name, value in by_sensor.items()}
        if None in codes.values():
            wrong = ", ".join(f"{by_sensor[name]!r}" for name, code in codes.items() if code is None)
            add(
                Reason.INVALID_LABEL,
                f"{wrong[:100]} is no code (an integer from 0 to {_LARGEST_CODE}); taken as no label",
                field=field,
            )
        elif len(set(codes.values())) > 1:
            told = ", ".join(f"{code} in {name}" for name, code in codes.items())
            add(Reason.CONFLICTING_LABEL, f"{told}; taken as no label", field=field)
        else:
            labels[field] = next(code for code in codes.values() if code is not None)
    return labels


def _code(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value):
        value = int(value)
    if isinstance(value, int | float) and 0 <= value <= _LARGEST_CODE and value == value // 1:
        return int(value)
    return None


def features_of(
    parcel_id: str, content: Mapping[str, RegionFiles], add: Callable[..., None]
) -> np.ndarray | None:
    """A parcel's geometry features ``(4,)``, None where no sensor's files have usable ones."""
    found: list[np.ndarray] = []
    for name, part in content.items():
        if parcel_id not in part.features:
            continue
        try:
            numbers = np.asarray(part.features[parcel_id], dtype=np.float64)
        except (TypeError, ValueError):
            numbers = np.empty(0)
        if numbers.shape == (len(FEATURES),) and np.isfinite(numbers).all():
            found.append(numbers)
        else:
            wanted = ", ".join(FEATURES)
            add(Reason.INVALID_FEATURES, f"not the {len(FEATURES)} numbers {wanted}; left out", sensor=name)
    if len(found) > 1 and not np.array_equal(found[0], found[1]):
        add(Reason.CONFLICTING_FEATURES, "left out")
        return None
    return found[0] if found else None


def array_paths(folder: Path) -> dict[str, Path]:
    """The arrays of a region folder by parcel id, sorted; none where it lacks its ``DATA``."""
    if not (folder / "DATA").is_dir():
        return {}
    return {path.stem: path for path in sorted((folder / "DATA").iterdir()) if path.suffix == ".npy"}


def read_labels(folder: Path) -> dict[str, dict[str, Any]]:
    """The content of ``labels.json``: labels by field and parcel id; empty where there is no such file.

    Raises:
        ValueError: malformed; the message names the file.
    """
    path = folder / "META" / "labels.json"
    content = read_json(path, distinct=True) if path.is_file() else {}
    if not isinstance(content, dict) or not all(isinstance(labels, dict) for labels in content.values()):
        raise ValueError(
            f'{path}: must be an object of nomenclatures like {{"CODE_GROUP": {{"<parcel id>": <code>}}}}'
        )
    return content


def _read_dates(folder: Path) -> dict[str, list[Any]] | list[Any]:
    """Dates by parcel id, or one list for all: a list, or an object of dates by position."""
    path = folder / "META" / "dates.json"
    content = read_json(path, distinct=True) if path.is_file() else {}
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        if content and not any(isinstance(dates, list) for dates in content.values()):
            if sorted(content) != sorted(map(str, range(len(content)))):
                raise ValueError(
                    f"{path}: one list of dates for all must be keyed by position, 0 to {len(content) - 1}"
                )
            return [content[str(position)] for position in range(len(content))]
        if all(isinstance(dates, list) for dates in content.values()):
            return content
    raise ValueError(f"{path}: must hold a list of dates for each parcel id, or one list for all")


def _read_features(folder: Path) -> dict[str, Any]:
    path = folder / "META" / "geomfeat.json"
    content = read_json(path, distinct=True) if path.is_file() else {}
    if not isinstance(content, dict):
        raise ValueError(f"{path}: must be an object of geometry features by parcel id")
    return content
