"""Wide prediction: real runs, a real store, files that others can open."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest

from cropdash.datasets.store import PARCELS_FILE, ParcelStore
from cropdash.datasets.store_writer import StoreWriter
from cropdash.datasets.usable_dates import UsableDates
from cropdash.readers.inspection import inspect
from cropdash.runs.predictions import probability_columns
from cropdash.runs.run import Run
from cropdash.training.predict import predict
from cropdash.training.train import train
from cropdash.training.wide_prediction.predict_wide import WidePredictionError, predict_wide
from cropdash.training.wide_prediction.simulated_source import SimulatedSource
from cropdash.training.wide_prediction.sources import Partition, StoreSource
from cropdash.training.wide_prediction.work_folder import PredictionFolder
from tests.datasets.random_store import random_store
from tests.training.small_experiment import small_spec

QUICK = {"optimisation": {"epochs": 1}}


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One run of each: both sensors fused late, and Sentinel-2 alone."""
    folder = tmp_path_factory.mktemp("wide")
    specs = {
        "both": small_spec(data, **QUICK),
        "S2": small_spec(data, sensors=["S2"], fusion="none", **QUICK),
    }
    return {name: train(spec, folder).folder.path for name, spec in specs.items()}


@pytest.fixture(scope="module")
def written(runs: dict[str, Path], data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wide") / "out"
    predict_wide([runs["both"]], StoreSource(str(data), size=10), out)
    return out


def test_partitions_give_the_same_probabilities_as_one_prediction_of_all(
    written: Path, runs: dict[str, Path], data: Path
) -> None:
    table = geopandas.read_parquet(written / "parcels.parquet")
    whole = predict(runs["both"], data)
    assert list(table["parcel_id"]) == list(whole["parcel_id"]) and len(table) == 56
    columns = probability_columns(Run(runs["both"]).codes)
    np.testing.assert_allclose(table[columns], whole[columns], atol=1e-6)
    codes = np.array(Run(runs["both"]).codes)
    assert (table["predicted_code"] == codes[whole["predicted"]]).all()
    assert (
        np.allclose(table["confidence"], table[columns].max(axis=1)) and table["entropy"].between(0, 1).all()
    )


def test_geoparquet_and_geopackage_hold_the_outlines_of_the_store(written: Path, data: Path) -> None:
    outlines = ParcelStore.open(data).geometry()
    assert outlines is not None
    for table in (
        geopandas.read_parquet(written / "parcels.parquet"),
        pyogrio.read_dataframe(written / "parcels.gpkg", layer="parcels"),
    ):
        assert table.crs == outlines.crs
        assert table.geometry.geom_equals(outlines, align=False).all()
    assert pyogrio.read_info(written / "parcels.gpkg")["geometry_type"] == "Polygon"
    assert set(table["sensors"]) == {"S1", "S2", "S1+S2"}
    assert not (written / "partitions").exists()


def test_the_style_gives_each_class_the_colour_of_the_nomenclature(
    written: Path, runs: dict[str, Path]
) -> None:
    style = ElementTree.parse(written / "parcels.qml").getroot()
    renderer = style.find("renderer-v2")
    assert renderer is not None and renderer.get("attr") == "predicted_code"
    drawn = {}
    for category in renderer.iter("category"):
        symbol = renderer.find(f"symbols/symbol[@name='{category.get('symbol')}']")
        assert symbol is not None
        colour = symbol.find("layer/Option/Option[@name='color']")
        assert colour is not None
        drawn[category.get("value")] = (category.get("label"), colour.get("value"))
    for crop in Run(runs["both"]).classes:
        rgb = ",".join(str(int(crop.colour[i : i + 2], 16)) for i in (1, 3, 5))
        assert drawn.pop(str(crop.code)) == (crop.name, f"{rgb},255")
    assert list(drawn) == [""]


def test_parcels_without_labels_are_predicted_and_those_without_dates_say_why(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    store = unlabelled(tmp_path / "store", missing={"S2": 2})
    assert "no label" in inspect(store).text()
    written = predict_wide([runs["S2"]], store, tmp_path / "out", regions=["r2"])
    table = geopandas.read_parquet(tmp_path / "out" / "parcels.parquet")
    assert list(table["region"].unique()) == ["r2"]
    assert list(table["reason"].iloc[:2]) == ["no date of S2"] * 2 and table["reason"].iloc[2:].isna().all()
    assert table["predicted_code"].isna().sum() == table["predicted"].isna().sum() == 2
    assert table.filter(like="probability_").iloc[:2].isna().all(axis=None)
    assert (written.parcels, written.predicted, written.reasons) == (6, 4, {"no date of S2": 2})


def test_several_runs_are_averaged_over_those_that_can_answer(
    runs: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    predict_wide([runs["both"], runs["S2"]], data, tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out" / "parcels.parquet")
    columns = probability_columns(Run(runs["both"]).codes)
    one, other = (predict(runs[name], data)[columns].to_numpy() for name in ("both", "S2"))
    alone = np.isnan(other[:, 0])
    assert list(table["answered_by"]) == list(np.where(alone, 1, 2)) and alone.sum() == 4
    expected = np.where(alone[:, None], one, (one + np.nan_to_num(other)) / 2)
    np.testing.assert_allclose(table[columns], expected, atol=1e-6)


def test_runs_of_other_classes_are_not_averaged(runs: dict[str, Path], data: Path, tmp_path: Path) -> None:
    fewer = train(small_spec(data, labels={"keep_classes": [1, 2, 18]}, **QUICK), tmp_path)
    with pytest.raises(
        ValueError, match=r"cannot be averaged, their classes differ: codes 1, 2, 18, 25 and 1, 2, 18"
    ):
        predict_wide([runs["both"], fewer.folder.path], data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@dataclass(frozen=True)
class BreakingSource(StoreSource):
    """A store whose partitions from the third on cannot be read."""

    def partition(self, number: int) -> Partition:
        if number > 1:
            raise OSError(f"partition {number} is behind a broken wire")
        return super().partition(number)


def test_a_second_start_does_only_what_is_missing(
    runs: dict[str, Path], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with pytest.raises(WidePredictionError, match=r"broken wire\n2 of 6 partitions are finished"):
        predict_wide([runs["both"]], BreakingSource(str(data), size=10), out)
    assert sorted(path.name for path in (out / "partitions").iterdir()) == [
        "000000.parquet",
        "000001.parquet",
    ]
    read: list[int] = []
    partition = StoreSource.partition
    monkeypatch.setattr(
        StoreSource, "partition", lambda self, number: (read.append(number), partition(self, number))[1]
    )
    told: list[tuple[int, int]] = []
    source = StoreSource(str(data), size=10)
    predict_wide([runs["both"]], source, out, progress=lambda done, total: told.append((done, total)))
    assert read == [2, 3, 4, 5]
    assert told == [(20, 56), (30, 56), (40, 56), (50, 56), (56, 56)]
    again = predict_wide([runs["both"]], source, out)
    assert read == [2, 3, 4, 5] and again.parcels == 56


@pytest.mark.parametrize(
    "gone",
    [("parcels.gpkg",), ("parcels.qml", "parcels.gpkg"), ("parcels.parquet",)],
    ids=["package", "map", "table"],
)
@pytest.mark.parametrize("parts_there", [True, False], ids=["partitions", "none"])
def test_deleted_files_of_a_finished_prediction_are_written_again(
    written: Path,
    runs: dict[str, Path],
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gone: tuple[str, ...],
    parts_there: bool,
) -> None:
    out = tmp_path / "out"
    source = StoreSource(str(data), size=10)
    if parts_there:  # as where the call ended before it removed them
        with monkeypatch.context() as patched:
            patched.setattr(PredictionFolder, "remove_parts", lambda _: None)
            predict_wide([runs["both"]], source, out)
    else:
        shutil.copytree(written, out)
    before = json.loads((out / "prediction.json").read_text())["result"]
    for name in gone:
        (out / name).unlink()
    predicted: list[int] = []
    partition = StoreSource.partition
    monkeypatch.setattr(
        StoreSource, "partition", lambda self, number: (predicted.append(number), partition(self, number))[1]
    )
    told = predict_wide([runs["both"]], source, out)
    assert sorted(path.name for path in out.iterdir()) == sorted([*told.files, "prediction.json"])
    assert json.loads((out / "prediction.json").read_text())["result"] == before
    needs_all = gone == ("parcels.parquet",) and not parts_there
    assert predicted == (list(range(6)) if needs_all else [])
    for name in ("parcels.parquet", "parcels.gpkg"):
        read = geopandas.read_parquet if name.endswith("parquet") else pyogrio.read_dataframe
        assert read(out / name).equals(read(written / name))
    assert (out / "parcels.qml").read_text() == (written / "parcels.qml").read_text()


@pytest.mark.parametrize("sampling", [{}, {"s2_pool": 6, "s2_share": 0.5}], ids=["all dates", "a share"])
def test_the_work_of_all_partitions_is_that_of_the_parcels_once(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampling: dict[str, float]
) -> None:
    """Whatever is done for each partition is done on its own rows: twice the partitions, the same work."""
    run = train(small_spec(data, sampling=sampling, **QUICK), tmp_path / "runs")
    store = tmp_path / "store"
    shutil.copytree(data, store)
    pq.write_table(pq.read_table(store / PARCELS_FILE), store / PARCELS_FILE, row_group_size=8)
    counted: Counter[str] = Counter()
    dates, read = UsableDates.of, pq.ParquetFile.read_row_group

    def counting_dates(whole: ParcelStore, *args: object, **options: object) -> UsableDates:
        counted["dates"] += len(whole)
        return dates(whole, *args, **options)  # type: ignore[arg-type]

    def counting_outlines(file: pq.ParquetFile, number: int, **options: object) -> object:
        counted["outlines"] += file.metadata.row_group(number).num_rows
        return read(file, number, **options)

    monkeypatch.setattr(UsableDates, "of", counting_dates)
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counting_outlines)
    parcels, work = len(ParcelStore.open(store)), []
    for size in (14, 7, 2):
        counted.clear()
        os.utime(store / PARCELS_FILE, ns=(size, size))  # so that nothing is known of it from before
        os.utime(store / "dataset.json", ns=(size, size))
        predict_wide([run.folder.path], StoreSource(str(store), size=size), tmp_path / f"out{size}")
        work.append(dict(counted))
    assert work[0] == work[1] == work[2]
    assert work[0]["outlines"] == parcels
    # Two sensors, for the batches and for the column of sensors; lots are drawn for all once.
    assert work[0]["dates"] == 4 * parcels + (parcels if sampling else 0)
    whole = predict(run, store)
    table = pd.read_parquet(tmp_path / "out7" / "parcels.parquet")
    columns = probability_columns(run.codes)
    np.testing.assert_allclose(table[columns], whole[columns], atol=1e-6)


def test_other_runs_or_data_are_not_mixed_into_a_prediction(
    written: Path, runs: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    source = StoreSource(str(data), size=10)
    with pytest.raises(FileExistsError, match=r"the runs have changed since; .* \(--restart\)"):
        predict_wide([runs["S2"]], source, written)
    with pytest.raises(FileExistsError, match=r"the data set, its regions or .* have changed"):
        predict_wide([runs["both"]], StoreSource(str(data), ("r1",), size=10), written)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Dear")
    with pytest.raises(FileExistsError, match="is no prediction; choose another folder"):
        predict_wide([runs["both"]], source, tmp_path / "letters")
    before = json.loads((written / "prediction.json").read_text())
    assert before["result"]["parcels"] == 56


def test_worker_processes_give_the_same_files(
    written: Path, runs: dict[str, Path], data: Path, tmp_path: Path
) -> None:
    predict_wide([runs["both"]], StoreSource(str(data.resolve()), size=30), tmp_path / "out", workers=2)
    here, there = (pd.read_parquet(path / "parcels.parquet") for path in (written, tmp_path / "out"))
    pd.testing.assert_frame_equal(here, there, atol=1e-6)


def test_a_store_without_outlines_gives_a_table_and_no_map(runs: dict[str, Path], tmp_path: Path) -> None:
    store = random_store(tmp_path / "store", outlines=False)
    result = predict_wide([runs["both"]], store.path, tmp_path / "out")
    assert result.files == ("parcels.parquet",)
    assert len(pd.read_parquet(tmp_path / "out" / "parcels.parquet")) == 24


def test_a_data_set_without_the_runs_sensor_is_refused_before_anything_is_written(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    store = random_store(tmp_path / "store", sensors=("S1",))
    with pytest.raises(ValueError, match=r"the run needs S2; .* holds S1 only"):
        predict_wide([runs["S2"]], store.path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_simulated_parcels_are_predicted_without_a_store_as_they_would_be_from_one(tmp_path: Path) -> None:
    from cropdash.simulation.finistere import simulate_finistere

    simulate_finistere(tmp_path / "store", parcels=240, seed=3, pixels=4)
    regions = {"train": ["Chateaulin", "Quimper"], "validation": ["Morlaix"], "test": ["Brest"]}
    run = train(small_spec(tmp_path / "store", regions=regions, **QUICK), tmp_path / "runs")
    source = SimulatedSource(240, seed=3, pixels=4, size=50)
    assert sum(source.counts) == 240 and len(source.counts) > 1
    predict_wide([run.folder.path], source, tmp_path / "stream")
    predict_wide([run.folder.path], tmp_path / "store", tmp_path / "stored")
    streamed, stored = (
        geopandas.read_parquet(tmp_path / name / "parcels.parquet").sort_values(
            "parcel_id", ignore_index=True
        )
        for name in ("stream", "stored")
    )
    pd.testing.assert_frame_equal(
        pd.DataFrame(streamed.drop(columns="geometry")),
        pd.DataFrame(stored.drop(columns="geometry")),
        atol=1e-5,
    )
    assert streamed.geometry.geom_equals(stored.geometry).all()


def unlabelled(path: Path, **options: object) -> Path:
    """A random store written anew without a single label."""
    labelled = random_store(path.with_name("labelled"), **options)  # type: ignore[arg-type]
    with StoreWriter(
        path,
        name="unlabelled",
        sensors=list(labelled.info.sensors.values()),
        label_fields=["CODE_GROUP"],
        nomenclature=labelled.info.nomenclature,
        crs=labelled.info.crs,
    ) as writer:
        outlines = geopandas.read_parquet(labelled.path / PARCELS_FILE).geometry
        for row, outline in enumerate(outlines):
            writer.add(
                region=labelled.parcels["region"][row],
                parcel_id=labelled.parcels["parcel_id"][row],
                labels={},
                series=dict(_series(labelled, row)),
                geometry=outline,
            )
    return path


def _series(store: ParcelStore, row: int) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    for sensor in store.sensors:
        values, days = store.raw(row, sensor)
        if len(days):
            yield sensor, (np.array(values), days.astype("datetime64[D]"))
