"""The data behind a report, read back."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest

from cropdash.dashboard.report.subject import Subject
from cropdash.dashboard.report.tables import write_tables, zipped_tables
from cropdash.datasets.store import ParcelStore
from cropdash.runs.run import Run
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, ParcelStore]:
    folder = tmp_path_factory.mktemp("tables")
    store = random_store(folder / "fields", 20)
    return example_run(folder / "runs", folder / "fields", "early (nn)"), store


def test_scores_and_confusions_are_those_of_the_run(made: tuple[Run, ParcelStore], tmp_path: Path) -> None:
    run, _ = made
    written = write_tables(Subject.of([run]), tmp_path / "out")
    name = f"1_{run.id}"
    assert written == [
        "attention.csv", "calibration.csv", "classes.csv", f"confusion_{name}.csv", "reliability.csv", "runs.csv",
        "scores.csv", "season.csv", "training.csv",
    ]  # fmt: skip
    matrix = run.confusion()
    assert matrix is not None
    confusion = pd.read_csv(tmp_path / "out" / f"confusion_{name}.csv", index_col="truly")
    assert (confusion[list(matrix.class_names)].to_numpy() == matrix.counts).all()
    assert confusion["no prediction"].sum() == matrix.no_prediction == 2
    scores = pd.read_csv(tmp_path / "out" / "scores.csv")
    macro = scores[(scores["metric"] == "macro_f1") & (scores["run"] == run.id)]["value"].item()
    assert macro == pytest.approx(matrix.macro_f1)
    assert bool(pd.read_csv(tmp_path / "out" / "runs.csv")["simulated"].item())


@pytest.mark.parametrize("ending", ["gpkg", "parquet"])
def test_test_parcels_carry_outline_truth_prediction_and_probabilities(
    made: tuple[Run, ParcelStore], tmp_path: Path, ending: str
) -> None:
    run, store = made
    write_tables(Subject.of([run], {run.id: store}), tmp_path / "out")
    path = tmp_path / "out" / f"parcels_1_{run.id}.{ending}"
    parcels = geopandas.read_file(path) if ending == "gpkg" else geopandas.read_parquet(path)
    predictions = run.predictions()
    assert predictions is not None
    assert parcels.crs.to_epsg() == 32631
    assert parcels["parcel_id"].tolist() == predictions["parcel_id"].tolist()
    outlines = store.geometry()
    assert outlines is not None
    for parcel_id, outline in zip(parcels["parcel_id"], parcels.geometry, strict=True):
        assert outline.equals(outlines[store.row_of(parcel_id)])
    codes = np.array([*run.codes, -1])
    assert (parcels["truth_code"] == codes[predictions["truth"]]).all()
    assert (parcels["prediction_code"] == codes[predictions["predicted"]]).all()
    assert (parcels["result"] == "right").sum() == (predictions["truth"] == predictions["predicted"]).sum()
    column = f"probability_{run.codes[0]}"
    np.testing.assert_allclose(parcels[column].astype(float), predictions[column], rtol=1e-6)


def test_a_folder_that_exists_is_left_alone_and_a_failure_leaves_none(
    made: tuple[Run, ParcelStore], tmp_path: Path
) -> None:
    run, store = made
    (tmp_path / "mine").mkdir()
    with pytest.raises(FileExistsError, match="mine exists already"):
        write_tables(Subject.of([run]), tmp_path / "mine")
    broken = example_run(tmp_path / "runs", store.path, "S1")
    path = broken.folder.file("predictions.parquet")
    pd.read_parquet(path).assign(truth=99).to_parquet(path)
    with pytest.raises(ValueError, match=r"predictions\.parquet"):
        write_tables(Subject.of([run, broken]), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "runs"]


def test_the_files_of_a_run_stay_in_the_folder_whatever_it_is_called(tmp_path: Path) -> None:
    run = example_run(tmp_path / "runs")
    run.id = "../../elsewhere/a:b"
    written = write_tables(Subject.of([run]), tmp_path / "out")
    assert "confusion_1_-elsewhere-a-b.csv" in written
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(written)


def test_every_figure_has_its_data(made: tuple[Run, ParcelStore], tmp_path: Path) -> None:
    run, store = made
    other = example_run(tmp_path / "runs", store.path, "S2", accuracy=0.4)
    subject = Subject.of([run, other], {run.id: store, other.id: store})
    write_tables(subject, tmp_path / "out")

    def read(name: str) -> pd.DataFrame:
        return pd.read_csv(tmp_path / "out" / name)

    classes = read("classes.csv")
    assert set(classes["run"]) == {run.id, other.id} and (classes["low"] <= classes["value"]).all()
    pairs = read("paired_tests.csv")
    assert set(pairs["metric"]) == {"macro_f1", "accuracy"}
    assert (pairs["p_holm"] >= pairs["p"]).all()
    attention = read("attention.csv")
    assert set(attention["sensor"]) == {"S1+S2", "S2"} and attention["weight"].between(0, 1).all()
    areas = read("areas.csv")
    mapped = areas[areas["run"] == run.id]
    outlines = store.geometry(run.regions())
    predictions = run.predictions()
    assert outlines is not None and predictions is not None
    answered = predictions.loc[predictions["predicted"] >= 0, "parcel_id"].map(store.row_of)
    assert mapped["mapped"].sum() == pytest.approx(outlines[answered].area.sum() / 10_000)
    training = read("training.csv")
    assert len(training) == 24 and {"run", "epoch", "train_loss", "val_miou"} <= set(training)


def test_the_tables_as_an_archive_hold_the_same_files(made: tuple[Run, ParcelStore], tmp_path: Path) -> None:
    run, store = made
    subject = Subject.of([run], {run.id: store})
    written = write_tables(subject, tmp_path / "out")
    with zipfile.ZipFile(io.BytesIO(zipped_tables(subject))) as archive:
        assert archive.namelist() == written
        assert archive.read("classes.csv") == (tmp_path / "out" / "classes.csv").read_bytes()
