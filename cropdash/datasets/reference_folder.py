"""Reading the reference folder layout, parcel by parcel, with every check that its files need.

The layout is ``s1_data/<region>`` and ``s2_data/<region>``, each with ``DATA/<id>.npy`` (dates x channels
x pixels) and ``META/{labels,dates,geomfeat}.json``. Also read: sensor folders without regions, and one
sensor's ``DATA`` and ``META`` directly in the root, as PSE-TAE's own data sets have them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cropdash.datasets.import_report import ImportReport, Reason
from cropdash.datasets.labels import NO_LABEL
from cropdash.datasets.store import FEATURES
from cropdash.nomenclature import SENSORS

#: The region of a folder that is not divided into regions.
ONLY_REGION = "all"

#: Array headers read to learn a sensor's data type before its arrays are.
_HEADERS_READ = 101

Report = Callable[[Reason, str], None]


@dataclass(frozen=True)
class ReferenceParcel:
    """One parcel as it was read.

    Attributes:
        labels: code by label field, where it has one.
        series: by sensor, values ``(dates, pixels, channels)`` in the file's data type, all finite, and
            datetime64[D] dates, ascending and distinct. At least one sensor is there.
        features: the four geometry features, or None.
    """

    region: str
    parcel_id: str
    labels: dict[str, int]
    series: dict[str, tuple[np.ndarray, np.ndarray]]
    features: np.ndarray | None


class ReferenceFolder:
    """A folder in the reference layout. Made by :meth:`open`.

    Attributes:
        root: the folder.
        sensors: by sensor, its region folders by name; S1 before S2.
        sensor_roots: by sensor, the folder above its regions.
        regions: names, sorted.
    """

    def __init__(
        self, root: Path, sensor_roots: dict[str, Path], sensors: dict[str, dict[str, Path]]
    ) -> None:
        self.root = root
        self.sensor_roots = sensor_roots
        self.sensors = sensors
        self.regions = tuple(sorted({region for regions in sensors.values() for region in regions}))

    @classmethod
    def open(cls, root: str | Path) -> ReferenceFolder:
        """Find sensors and regions.

        Raises:
            FileNotFoundError: nothing of the layout is there.
        """
        root = Path(root)
        if (root / "DATA").is_dir():
            roots = {_sensor_of(root): root}
        else:
            roots = {name: root / f"{name.lower()}_data" for name in SENSORS}
            roots = {name: path for name, path in roots.items() if path.is_dir()}
        sensors = {name: _regions_of(path) for name, path in roots.items()}
        if not any(sensors.values()):
            raise FileNotFoundError(
                f"{root} is not in the reference layout: it needs s1_data/<region>/DATA or s2_data/<region>/DATA, "
                "or a DATA folder of its own, with .npy files"
            )
        return cls(root, roots, {name: regions for name, regions in sensors.items() if regions})

    def label_fields(self) -> tuple[str, ...]:
        """The nomenclatures of all ``labels.json``, in the order they are met.

        Raises:
            ValueError: a file is malformed, or there is no label at all.
        """
        fields: dict[str, None] = {}
        for folders in self.sensors.values():
            for folder in folders.values():
                fields |= dict.fromkeys(_read_labels(folder))
        if not fields:
            raise ValueError(f"{self.root}: no META/labels.json in any region, so no parcel has a label")
        return tuple(fields)

    def common_type(self, sensor: str) -> np.dtype | None:
        """The most frequent data type among a sensor's arrays, from a sample; None where none can be read."""
        paths = [path for folder in self.sensors[sensor].values() for path in _array_paths(folder).values()]
        types: Counter[np.dtype] = Counter()
        for path in paths[:: max(1, len(paths) // _HEADERS_READ)]:
            try:
                header = np.load(path, mmap_mode="r", allow_pickle=False)
            except (ValueError, EOFError, OSError):
                continue  # reported when its turn comes to be read
            if isinstance(header, np.ndarray) and header.dtype.kind in "uif":
                types[header.dtype] += 1
        return types.most_common(1)[0][0] if types else None

    def count(self) -> int:
        """Parcels with an array in any sensor, counted region by region."""
        return sum(
            len(
                set().union(
                    *(_array_paths(folders[region]) for folders in self.sensors.values() if region in folders)
                )
            )
            for region in self.regions
        )

    def parcels(self, report: ImportReport, label_field: str) -> Iterator[ReferenceParcel]:
        """Read the parcels in order of region and id; what cannot be used goes into the report.

        Args:
            label_field: a parcel without this label is reported; without any label it is left out.

        Raises:
            ValueError: a META file is malformed; the message names it.
        """
        seen: dict[str, str] = {}
        for region in self.regions:
            folders = {name: regions[region] for name, regions in self.sensors.items() if region in regions}
            content = {name: _RegionFolder.read(folder) for name, folder in folders.items()}
            ids = set().union(*(part.arrays.keys() | part.labelled for part in content.values()))
            for parcel_id in sorted(ids):
                add = partial(report.add, region=region, parcel_id=parcel_id)
                parcel = self._parcel(region, parcel_id, content, add, label_field, seen)
                if parcel is not None:
                    seen[parcel_id] = region
                    yield parcel

    def _parcel(
        self,
        region: str,
        parcel_id: str,
        content: Mapping[str, _RegionFolder],
        add: Callable[..., None],
        label_field: str,
        seen: Mapping[str, str],
    ) -> ReferenceParcel | None:
        with_array = [name for name, part in content.items() if parcel_id in part.arrays]
        if not with_array:
            add(Reason.LABEL_WITHOUT_ARRAY, "not imported")
            return None
        if parcel_id in seen:
            add(Reason.REPEATED_ID, f"already read in region {seen[parcel_id]}; not imported again")
            return None
        labels = _labels_of(parcel_id, content, add)
        if not labels:
            add(Reason.ARRAY_WITHOUT_LABEL, "no label of any kind; not imported", field=label_field)
            return None
        if label_field not in labels:
            add(
                Reason.ARRAY_WITHOUT_LABEL,
                f"imported with label {NO_LABEL}, since others are there",
                field=label_field,
            )
        series = {}
        for name in self.sensors:
            if name not in with_array:
                add(Reason.SENSOR_MISSING, f"no array of {name}; imported without a date of it", sensor=name)
                continue
            part = content[name]
            read = read_series(
                part.arrays[parcel_id],
                part.dates_of(parcel_id),
                channels=len(SENSORS[name].bands),
                report=partial(add, sensor=name),
            )
            if read is not None:
                series[name] = read
        if not series:
            add(Reason.NO_SERIES, "not imported")
            return None
        return ReferenceParcel(region, parcel_id, labels, series, _features_of(parcel_id, content, add))


def read_series(
    path: Path, dates: list[Any] | None, *, channels: int, report: Report
) -> tuple[np.ndarray, np.ndarray] | None:
    """Read one array and its dates.

    Dates that are invalid, repeat an earlier one or hold a value that is not finite are dropped with
    their values; dates out of order are put in order, with their values. All of it is reported.

    Args:
        dates: the dates as in ``dates.json``: numbers or strings like 20181001.
        channels: how many the sensor has.

    Returns:
        Values ``(dates, pixels, channels)`` and datetime64[D] dates, or None where nothing can be used.
    """
    array = _read_array(path, channels, report)
    if array is None:
        return None
    if dates is None:
        report(Reason.ARRAY_WITHOUT_DATES, "its series is left out")
        return None
    if len(dates) != len(array):
        report(Reason.DATE_COUNT, f"{len(dates)} dates for an array of {len(array)}; its series is left out")
        return None
    days = parse_dates(dates)
    usable = ~np.isnat(days)
    if not usable.all():
        wrong = [str(dates[i]) for i in np.flatnonzero(~usable)]
        report(
            Reason.INVALID_DATE,
            f"{len(wrong)} of {len(days)} dates are no dates and dropped: {_listed(wrong)}",
        )
    if array.dtype.kind == "f":
        finite = np.isfinite(array).all(axis=(1, 2))
        if not finite.all():
            report(Reason.NOT_FINITE, f"{int((~finite).sum())} of {len(days)} dates dropped")
            usable &= finite
    kept = np.flatnonzero(usable)
    if (np.diff(days[kept]) < np.timedelta64(0, "D")).any():
        report(Reason.UNSORTED_DATES, "put in order, with their values")
        kept = kept[np.argsort(days[kept], kind="stable")]
    first = np.ones(len(kept), dtype=bool)
    first[1:] = days[kept][1:] != days[kept][:-1]
    if not first.all():
        wrong = [str(day) for day in days[kept][~first]]
        report(Reason.REPEATED_DATE, f"the first of each day kept, {len(wrong)} dropped: {_listed(wrong)}")
        kept = kept[first]
    if not len(kept):
        report(Reason.NO_DATE_LEFT, "its series is left out")
        return None
    return array.transpose(0, 2, 1)[kept], days[kept]


def parse_dates(dates: list[Any]) -> np.ndarray:
    """Dates like ``20181001`` (number or string) or ``"2018-10-01"`` as datetime64[D].

    Not-a-time for what is none.
    """
    if all(type(date) is int for date in dates):
        numbers = np.array([date if 0 <= date <= 99_999_999 else 0 for date in dates], dtype=np.int64)
    else:
        numbers = np.array([_date_number(date) for date in dates], dtype=np.int64)
    year, month, day = numbers // 10_000, numbers // 100 % 100, numbers % 100
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1).astype(
        "timedelta64[M]"
    )
    parsed = months.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    real = (
        (year >= 1900)
        & (month >= 1)
        & (month <= 12)
        & (day >= 1)
        & (parsed.astype("datetime64[M]") == months)
    )
    return np.where(real, parsed, np.datetime64("NaT", "D"))


def _date_number(date: Any) -> int:
    text = str(date).replace("-", "")
    return int(text) if len(text) == 8 and text.isascii() and text.isdigit() else 0


def _read_array(path: Path, channels: int, report: Report) -> np.ndarray | None:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        report(Reason.UNREADABLE_ARRAY, f"{path.name}: {error}; its series is left out")
        return None
    if not isinstance(array, np.ndarray):
        report(Reason.UNREADABLE_ARRAY, f"{path.name}: an archive, not one array; its series is left out")
    elif array.dtype.kind not in "uif":
        report(Reason.WRONG_TYPE, f"{array.dtype} is no number; its series is left out")
    elif array.ndim != 3:
        report(
            Reason.WRONG_DIMENSIONS,
            f"shape {array.shape}, not dates x channels x pixels; its series is left out",
        )
    elif array.shape[1] != channels:
        report(
            Reason.WRONG_CHANNELS, f"{array.shape[1]} channels instead of {channels}; its series is left out"
        )
    elif not array.shape[0]:
        report(Reason.NO_ACQUISITION, "its series is left out")
    elif not array.shape[2]:
        report(Reason.EMPTY_PIXEL_SET, f"{array.shape[0]} dates of no pixel; its series is left out")
    else:
        return array
    return None


@dataclass(frozen=True)
class _RegionFolder:
    """One sensor's files of one region: array paths by parcel id, and the content of META."""

    arrays: dict[str, Path]
    labels: dict[str, dict[str, Any]]
    dates: dict[str, list[Any]] | list[Any]
    features: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> _RegionFolder:
        return cls(_array_paths(folder), _read_labels(folder), _read_dates(folder), _read_features(folder))

    @property
    def labelled(self) -> set[str]:
        return set().union(*self.labels.values())

    def dates_of(self, parcel_id: str) -> list[Any] | None:
        return self.dates if isinstance(self.dates, list) else self.dates.get(parcel_id)


def _labels_of(
    parcel_id: str, content: Mapping[str, _RegionFolder], add: Callable[..., None]
) -> dict[str, int]:
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
                f"{wrong} is no code (an integer from 0); taken as no label",
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
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, int | float) and value == value // 1 and value >= 0:
        return int(value)
    return None


def _features_of(
    parcel_id: str, content: Mapping[str, _RegionFolder], add: Callable[..., None]
) -> np.ndarray | None:
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


def _sensor_of(root: Path) -> str:
    """Which sensor a folder without ``s1_data`` and ``s2_data`` holds, told by its channels."""
    for path in _array_paths(root).values():
        try:
            shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
        except (ValueError, EOFError, OSError, AttributeError):
            continue  # reported when its turn comes to be read
        for name, sensor in SENSORS.items():
            if len(shape) == 3 and shape[1] == len(sensor.bands):
                return name
    wanted = ", ".join(f"{len(sensor.bands)} ({name})" for name, sensor in SENSORS.items())
    raise ValueError(f"{root / 'DATA'}: no array has the number of channels of a sensor, {wanted}")


def _regions_of(sensor_root: Path) -> dict[str, Path]:
    if (sensor_root / "DATA").is_dir():
        return {ONLY_REGION: sensor_root}
    return {folder.name: folder for folder in sorted(sensor_root.iterdir()) if (folder / "DATA").is_dir()}


def _array_paths(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted((folder / "DATA").iterdir()) if path.suffix == ".npy"}


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not valid JSON ({error})") from None


def _read_labels(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / "META" / "labels.json"
    content = _read_json(path) if path.is_file() else {}
    if not isinstance(content, dict) or not all(isinstance(labels, dict) for labels in content.values()):
        raise ValueError(
            f'{path}: must be an object of nomenclatures like {{"CODE_GROUP": {{"<parcel id>": <code>}}}}'
        )
    return content


def _read_dates(folder: Path) -> dict[str, list[Any]] | list[Any]:
    """Dates by parcel id, or one list for all: a list, or an object of dates by position."""
    path = folder / "META" / "dates.json"
    content = _read_json(path) if path.is_file() else {}
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
    content = _read_json(path) if path.is_file() else {}
    if not isinstance(content, dict):
        raise ValueError(f"{path}: must be an object of geometry features by parcel id")
    return content


def _listed(items: list[str], most: int = 5) -> str:
    return ", ".join(items[:most]) + (", ..." if len(items) > most else "")
