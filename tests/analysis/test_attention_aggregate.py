"""Aggregated attention is the mean that a loop over parcels would find, in memory that stays flat."""

from __future__ import annotations

import tracemalloc
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from cropdash.analysis.attention_aggregate import by_class_and_date
from cropdash.runs.attention_store import AttentionTable, AttentionWriter
from cropdash.runs.reference_results import study_classes

CLASSES = study_classes()[:3]
HEADS = 2


def write(
    path: Path,
    parcels: int,
    *,
    seed: int = 0,
    row_group: int = 50,
    sensors: tuple[str, ...] = ("S1", "S2"),
) -> Path:
    rng = np.random.default_rng(seed)
    calendar = np.datetime64("2018-10-01") + np.sort(rng.choice(450, 40, replace=False))
    with AttentionWriter(path, row_group=row_group) as writer:
        for at in range(0, parcels, 32):
            n = min(32, parcels - at)
            for sensor in sensors:
                mask = rng.random((n, len(calendar))) < 0.5
                mask[::7] = False  # some parcels have no date of the sensor
                weights = rng.random((n, HEADS, len(calendar))) * mask[:, None, :]
                weights /= np.maximum(weights.sum(axis=2, keepdims=True), 1e-9)
                writer.add(
                    sensor,
                    parcel_id=[f"p{at + i:06d}" for i in range(n)],
                    region=[("east", "west")[(at // 32) % 2]] * n,
                    truth=rng.integers(-1, 3, n),
                    predicted=rng.integers(0, 3, n),
                    dates=np.where(mask, calendar, np.datetime64("NaT")),
                    mask=mask,
                    weights=weights,
                    season_start=np.datetime64("2018-10-01") - 365 * rng.integers(0, 2, n),
                )
    return path


def slowly(table: AttentionTable, sensor: str, by: str, regions: list[str] | None) -> dict:
    found = defaultdict(list)
    for batch in table.batches(sensor):
        for row in batch.to_pylist():
            if row[by] < 0 or (regions is not None and row["region"] not in regions):
                continue
            weights = np.reshape(row["weights"], (row["heads"], -1))
            for i, date in enumerate(row["dates"]):
                found[row[by], np.datetime64(date)].append(weights[:, i])
    return found


@pytest.mark.parametrize("by", ["truth", "predicted"])
@pytest.mark.parametrize("regions", [None, ["west"]])
def test_means_are_those_of_a_loop_over_parcels(tmp_path: Path, by: str, regions: list[str] | None) -> None:
    table = AttentionTable(write(tmp_path / "a.parquet", 200))
    result = by_class_and_date(table, "S2", CLASSES, by=by, regions=regions)
    expected = slowly(table, "S2", by, regions)
    assert result.mean.shape == (3, HEADS, len(result.dates))
    assert (np.diff(result.dates.astype(int)) > 0).all()
    for k in range(3):
        for d, date in enumerate(result.dates):
            weights = expected.get((k, date), [])
            assert result.parcels[k, d] == len(weights)
            if weights:
                np.testing.assert_allclose(result.mean[k, :, d], np.mean(weights, axis=0), rtol=1e-6)
            else:
                assert np.isnan(result.mean[k, :, d]).all()
    assert sum(map(len, expected.values())) == result.parcels.sum()


def test_relative_weights_do_not_depend_on_how_many_dates_a_parcel_has(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path / "a.parquet") as writer:
        dates = np.broadcast_to(np.datetime64("2019-01-01") + np.arange(4), (2, 4))
        mask = np.array([[True, True, True, True], [True, True, False, False]])
        even = np.broadcast_to((mask / mask.sum(axis=1, keepdims=True))[:, None, :], (2, HEADS, 4))
        same = np.zeros(2, int)
        writer.add(
            "S1",
            parcel_id=["a", "b"],
            region=["east", "east"],
            truth=same,
            predicted=same,
            dates=dates,
            mask=mask,
            weights=even,
        )
    table = AttentionTable(tmp_path / "a.parquet")
    relative = by_class_and_date(table, "S1", CLASSES, relative=True)
    assert relative.relative
    np.testing.assert_allclose(relative.mean[0], 1)
    plain = by_class_and_date(table, "S1", CLASSES)
    np.testing.assert_allclose(plain.mean[0], [[0.375, 0.375, 0.25, 0.25]] * HEADS)


def test_dates_are_real_dates(tmp_path: Path) -> None:
    table = AttentionTable(write(tmp_path / "a.parquet", 60))
    dates = by_class_and_date(table, "S1", CLASSES).dates
    assert dates.dtype == np.dtype("datetime64[D]")
    assert dates[0] >= np.datetime64("2018-10-01")


def test_totals_count_each_parcel_once(tmp_path: Path) -> None:
    result = by_class_and_date(
        AttentionTable(write(tmp_path / "a.parquet", 200)), "S1", CLASSES, by="predicted"
    )
    assert result.total.sum() == 200 - sum(-(-min(32, 200 - at) // 7) for at in range(0, 200, 32))


def test_means_over_heads_and_classes(tmp_path: Path) -> None:
    result = by_class_and_date(AttentionTable(write(tmp_path / "a.parquet", 200)), "S1", CLASSES)
    np.testing.assert_allclose(result.over_heads, (result.mean[:, 0] + result.mean[:, 1]) / 2)
    sums = np.nan_to_num(result.mean) * result.parcels[:, None, :]
    np.testing.assert_allclose(result.over_classes, sums.sum(0) / result.parcels.sum(0))


def test_the_long_table_holds_every_mean_once(tmp_path: Path) -> None:
    result = by_class_and_date(AttentionTable(write(tmp_path / "a.parquet", 40)), "S1", CLASSES)
    frame = result.to_frame()
    assert len(frame) == HEADS * (result.parcels > 0).sum()
    row = frame.iloc[len(frame) // 2]
    k = [c.code for c in CLASSES].index(row["code"])
    d = int(np.flatnonzero(result.dates == row["date"].to_datetime64().astype("datetime64[D]"))[0])
    assert row["weight"] == result.mean[k, row["head"] - 1, d]
    assert row["parcels"] == result.parcels[k, d]


def test_memory_does_not_grow_with_the_parcels(tmp_path: Path) -> None:
    peaks = []
    for parcels in (6_000, 30_000):
        table = AttentionTable(
            write(tmp_path / f"{parcels}.parquet", parcels, row_group=500, sensors=("S1",))
        )
        by_class_and_date(table, "S1", CLASSES)
        tracemalloc.start()
        result = by_class_and_date(table, "S1", CLASSES)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert result.total.sum() > parcels / 2
    assert peaks[1] < 1.5 * peaks[0]


def test_a_sensor_without_attention_is_refused(tmp_path: Path) -> None:
    table = AttentionTable(write(tmp_path / "a.parquet", 40, sensors=("S1",)))
    with pytest.raises(ValueError, match="has no attention over S2; it has S1"):
        by_class_and_date(table, "S2", CLASSES)


def test_a_class_index_beyond_the_classes_is_refused(tmp_path: Path) -> None:
    table = AttentionTable(write(tmp_path / "a.parquet", 40))
    with pytest.raises(ValueError, match=r"truth: class indices must be -1 to 1, not 2"):
        by_class_and_date(table, "S1", CLASSES[:2])


def test_a_region_without_parcels_has_no_dates(tmp_path: Path) -> None:
    table = AttentionTable(write(tmp_path / "a.parquet", 40))
    result = by_class_and_date(table, "S1", CLASSES, regions=["north"])
    assert result.mean.shape == (3, HEADS, 0)
    assert result.to_frame().empty
