"""The reference folder layout: its sensors and regions, and its parcels one by one.

The layout is ``s1_data/<region>`` and ``s2_data/<region>``, each with ``DATA/<id>.npy`` (dates x channels
x pixels) and ``META/{labels,dates,geomfeat}.json``. Also read: sensor folders without regions, and one
sensor's ``DATA`` and ``META`` directly in the root, as PSE-TAE's own data sets have them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cropdash.datasets.import_report import ImportReport, Reason
from cropdash.datasets.labels import NO_LABEL
from cropdash.nomenclature import SENSORS
from cropdash.readers.reference_metadata import RegionFiles, array_paths, features_of, labels_of, read_labels
from cropdash.readers.reference_series import read_series

#: The region of a folder that is not divided into regions.
ONLY_REGION = "all"

#: Array headers read to learn a sensor's data type before its arrays are.
_HEADERS_READ = 101


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
        sensor_roots: by sensor, the folder above its regions; also of a sensor that turned out to have none.
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
    def open(cls, root: str | Path, sensor: str | None = None) -> ReferenceFolder:
        """Find sensors and regions.

        Args:
            sensor: whose series lie directly in the root, if they do; told by their channels if None.

        Raises:
            FileNotFoundError: nothing of the layout is there.
            ValueError: the sensor of the series cannot be told, or is named and not asked for.
        """
        root = Path(root)
        if sensor is not None and sensor not in SENSORS:
            raise ValueError(f"sensor must be {' or '.join(SENSORS)}, not {sensor!r}")
        if sensor is not None and not (root / "DATA").is_dir():
            raise ValueError(f"{root}: a sensor can be named only for a folder with DATA and META of its own")
        if (root / "DATA").is_dir():
            roots = {sensor or _sensor_of(root): root}
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
        """The nomenclatures of all ``labels.json``, in the order they are met; none where there is no such file.

        Raises:
            ValueError: a file is malformed.
        """
        fields: dict[str, None] = {}
        for folders in self.sensors.values():
            for folder in folders.values():
                fields |= dict.fromkeys(read_labels(folder))
        return tuple(fields)

    def common_type(self, sensor: str) -> np.dtype | None:
        """The most frequent data type among a sensor's arrays, from a sample; None where none can be read."""
        paths = [path for folder in self.sensors[sensor].values() for path in array_paths(folder).values()]
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
                    *(array_paths(folders[region]) for folders in self.sensors.values() if region in folders)
                )
            )
            for region in self.regions
        )

    def parcels(
        self, report: ImportReport, label_field: str, *, keep_unlabelled: bool = False
    ) -> Iterator[ReferenceParcel]:
        """Read the parcels in order of region and id; what cannot be used goes into the report.

        Args:
            label_field: a parcel without this label is reported; without any label it is left out.
            keep_unlabelled: read those too, and report none for want of a label.

        Raises:
            ValueError: a META file is malformed; the message names it.
        """
        report.notes += [
            f"{path.name} holds no region, so {name} is not read"
            for name, path in self.sensor_roots.items()
            if name not in self.sensors
        ]
        seen: dict[str, str] = {}
        for region in self.regions:
            folders = {name: regions[region] for name, regions in self.sensors.items() if region in regions}
            content = {name: RegionFiles.read(folder) for name, folder in folders.items()}
            ids = set().union(*(part.arrays.keys() | part.labelled for part in content.values()))
            for parcel_id in sorted(ids):
                add = partial(report.add, region=region, parcel_id=parcel_id)
                wanted = None if keep_unlabelled else label_field
                parcel = self._parcel(region, parcel_id, content, add, wanted, seen)
                if parcel is not None:
                    seen[parcel_id] = region
                    yield parcel

    def _parcel(
        self,
        region: str,
        parcel_id: str,
        content: Mapping[str, RegionFiles],
        add: Callable[..., None],
        label_field: str | None,
        seen: Mapping[str, str],
    ) -> ReferenceParcel | None:
        with_array = [name for name, part in content.items() if parcel_id in part.arrays]
        if not with_array:
            add(Reason.LABEL_WITHOUT_ARRAY, "not imported")
            return None
        if parcel_id in seen:
            add(Reason.REPEATED_ID, f"already read in region {seen[parcel_id]}; not imported again")
            return None
        labels = labels_of(parcel_id, content, add)
        if label_field is not None and not labels:
            add(Reason.ARRAY_WITHOUT_LABEL, "no label of any kind; not imported", field=label_field)
            return None
        if label_field is not None and label_field not in labels:
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
        return ReferenceParcel(region, parcel_id, labels, series, features_of(parcel_id, content, add))


def _sensor_of(root: Path) -> str:
    """Which sensor a folder without ``s1_data`` and ``s2_data`` holds, told by its channels."""
    for path in array_paths(root).values():
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
    return {
        folder.name: folder
        for folder in sorted(sensor_root.iterdir())
        if (folder / "DATA").is_dir() or (folder / "META").is_dir()
    }
