"""The data behind a report: every figure and table as CSV, parcels as GeoPackage and GeoParquet.

The folder is written whole or not at all.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cropdash.atomic import atomic_path, write_text
from cropdash.dashboard.map.answers import ParcelAnswers
from cropdash.dashboard.map.parcel_files import located_answers
from cropdash.dashboard.report.area_tables import areas_table
from cropdash.dashboard.report.attention_figures import attention_table, evidence_tables
from cropdash.dashboard.report.calibration_figures import calibration_table, reliability_rows
from cropdash.dashboard.report.drawings import class_rows_with_intervals, training_rows
from cropdash.dashboard.report.findings import mean_rows
from cropdash.dashboard.report.pair_tables import pairs_table, seed_tests_table
from cropdash.dashboard.report.season_figures import season_rows
from cropdash.dashboard.report.subject import Subject
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.results import Result

if TYPE_CHECKING:
    import geopandas

    from cropdash.datasets.store import ParcelStore

RUNS, SCORES = "runs.csv", "scores.csv"
#: Tables over all runs, written where they have a row: the dots of the class figure, the pairs of runs, the cells
#: of the heatmaps, hectares, the curves over the season and those of training.
_TABLES: dict[str, Callable[[Subject], pd.DataFrame | None]] = {
    "classes.csv": class_rows_with_intervals,
    "paired_tests.csv": pairs_table,
    "calibration.csv": calibration_table,
    "reliability.csv": reliability_rows,
    "attention.csv": attention_table,
    "areas.csv": areas_table,
    "season.csv": season_rows,
    "training.csv": training_rows,
    "means.csv": mean_rows,
    "tests_over_seeds.csv": seed_tests_table,
}


def write_tables(subject: Subject, folder: str | Path) -> list[str]:
    """Write the tables, whichever sections the report shows.

    ``runs.csv`` and ``scores.csv``, those over all runs, and by run ``confusion_*.csv`` and ``parcels_*.gpkg``
    and ``.parquet``. Files of a run begin with its number in the report. A run whose data set has no outlines has
    no parcel files.

    Returns:
        The names of the files.

    Raises:
        FileExistsError: there is a folder or file of that name.
        ValueError: a file of a run or of its data set is malformed; the message names it.
        OSError: the folder cannot be written.
    """
    folder = Path(folder)
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; choose a new folder for the tables")
    outlines: dict[Path, geopandas.GeoDataFrame | None] = {}
    with atomic_path(folder) as new:
        new.mkdir()
        _write(new / RUNS, _runs(subject))
        _write(new / SCORES, _scores(subject))
        for name, rows_of in _TABLES.items():
            rows = rows_of(subject)
            if rows is not None and len(rows):
                _write(new / name, rows)
        for name, rows in evidence_tables(subject).items():
            _write(new / f"{name}.csv", rows)
        for one in subject.each:
            run = one.result
            name = file_name(subject, run)
            matrix = run.confusion(subject.regions)
            if matrix is not None:
                _write(new / f"confusion_{name}.csv", confusion_frame(matrix))
            store = subject.stores.get(run.id)
            if store is None or "parcels" in run.missing:
                continue
            if store.path not in outlines:
                outlines[store.path] = _outlines(store)
            parcels = parcel_frame(run, outlines[store.path], subject.regions_of(run))
            if parcels is not None:
                parcels.to_file(new / f"parcels_{name}.gpkg", driver="GPKG", layer="parcels")
                parcels.to_parquet(new / f"parcels_{name}.parquet")
        return sorted(path.name for path in new.iterdir())


def zipped_tables(subject: Subject) -> bytes:
    """The same files as one zip archive.

    Raises:
        ValueError, OSError: as :func:`write_tables` does.
    """
    with tempfile.TemporaryDirectory() as folder:
        names = write_tables(subject, Path(folder) / "tables")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.write(Path(folder) / "tables" / name, name)
        return packed.getvalue()


def file_name(subject: Subject, run: Result) -> str:
    """``2_s1_seed1_9cabb67d``: unique in the report, and safe on any disk whatever the run is called."""
    return f"{subject.number(run.id)}_{re.sub(r'[^A-Za-z0-9_-]+', '-', run.id)[:80]}"


def confusion_frame(matrix: ConfusionMatrix) -> pd.DataFrame:
    """One row a true class: its name, parcels mapped as each class, and those without a prediction."""
    names = list(matrix.class_names)
    counts = pd.DataFrame(matrix.counts, columns=names)
    # A class may be called like a heading.
    counts.insert(0, "truly", names, allow_duplicates=True)
    counts.insert(len(names) + 1, "no prediction", matrix.unpredicted, allow_duplicates=True)
    return counts


def parcel_frame(run: Result, outlines: Any | None, regions: list[str]) -> geopandas.GeoDataFrame | None:
    """The run's test parcels with outline, truth, prediction and probabilities; None where no outline is known.

    Args:
        outlines: of the run's data set, indexed by parcel id.

    Returns:
        As :func:`~cropdash.dashboard.map.parcel_files.located_answers` has it.
    """
    predictions = run.predictions(regions)
    if outlines is None or predictions is None:
        return None
    answers = ParcelAnswers.from_frame(predictions, run.classes)
    geometry = outlines.geometry.reindex(answers.parcel_id)
    if geometry.isna().all():
        return None
    return located_answers(answers, geometry.to_numpy(), outlines.crs)


def _outlines(store: ParcelStore) -> geopandas.GeoDataFrame | None:
    import geopandas

    geometry = store.geometry()
    if geometry is None:
        return None
    ids = store.parcels["parcel_id"].astype(str).to_numpy()[geometry.index]
    return geopandas.GeoDataFrame(geometry=geometry.to_numpy(), index=ids, crs=geometry.crs)


def _runs(subject: Subject) -> pd.DataFrame:
    rows: list[Mapping[str, Any]] = [
        {
            "number": subject.number(run.id),
            "id": run.id,
            "name": subject.name_of(run),
            "mean_over": "+".join(one.id for one in (run, *subject.other_seeds.get(run.id, ()))),
            "kind": run.kind,
            "state": run.status,
            "sensors": "+".join(run.sensors),
            "fusion": "" if run.fusion is None else str(run.fusion),
            "interpolation": run.interpolation or "",
            "seed": run.seed,
            "simulated": run.simulated,
            "region": subject.region or "all test regions",
        }
        for run in subject.in_order
    ]
    return pd.DataFrame(rows).astype({"seed": "Int64"})


def _scores(subject: Subject) -> pd.DataFrame:
    tables = [one.scores.table().assign(run=one.result.id) for one in subject.each]
    columns = ["run", "level", "code", "class", "metric", "value"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _write(path: Path, table: pd.DataFrame) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
