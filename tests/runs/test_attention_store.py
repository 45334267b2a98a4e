"""Attention comes back per parcel as it was added, and malformed tables are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cropdash.runs.attention_store import AttentionTable, AttentionWriter

DATES = np.datetime64("2019-03-01") + np.arange(5) * 6


def batch(n: int = 4, first: int = 0, heads: int = 3, seed: int = 0) -> dict:
    rng = np.random.default_rng(seed + first)
    mask = rng.random((n, len(DATES))) < 0.6
    mask[:, 0] = True
    weights = rng.random((n, heads, len(DATES))) * mask[:, None, :]
    return {
        "parcel_id": [f"p{first + i:04d}" for i in range(n)],
        "region": ["east"] * n,
        "truth": np.arange(n) % 2,
        "predicted": np.zeros(n, int),
        "dates": np.broadcast_to(DATES, mask.shape),
        "mask": mask,
        "weights": weights / weights.sum(axis=2, keepdims=True),
    }


def test_a_parcel_comes_back_with_its_own_dates_per_head(tmp_path: Path) -> None:
    added = {sensor: batch(40, seed=i) for i, sensor in enumerate(("S2", "S1"))}
    with AttentionWriter(tmp_path / "a.parquet", row_group=7) as writer:
        for at in range(0, 40, 5):
            for sensor, content in added.items():
                writer.add(sensor, **{name: column[at : at + 5] for name, column in content.items()})
    table = AttentionTable(tmp_path / "a.parquet")
    assert table.sensors == ("S1", "S2")
    assert table.heads == 3
    assert table.parcels("S1") == table.parcels("S2") == 40
    for sensor, content in added.items():
        for i in (0, 13, 39):
            dates, weights = table.parcel(content["parcel_id"][i], sensor)
            mask = content["mask"][i]
            assert dates.dtype == np.dtype("datetime64[D]")
            assert np.array_equal(dates, DATES[mask])
            np.testing.assert_allclose(weights, content["weights"][i][:, mask], rtol=1e-6)
    assert table.parcel("p9999", "S1") is None
    assert table.parcel("p0000", "S1+S2") is None


def test_a_row_group_holds_one_sensor_and_few_parcels(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path / "a.parquet", row_group=10) as writer:
        for first in range(0, 40, 4):
            writer.add("S1", **batch(first=first))
            writer.add("S2", **batch(first=first))
    file = pq.ParquetFile(tmp_path / "a.parquet")
    groups = [file.read_row_group(i) for i in range(file.num_row_groups)]
    assert all(len(set(group["sensor"].to_pylist())) == 1 for group in groups)
    assert max(len(group) for group in groups) <= 12
    ids = groups[0]["parcel_id"].to_pylist()
    assert ids == sorted(ids)


def test_parcels_without_a_date_get_no_row(tmp_path: Path) -> None:
    content = batch()
    content["mask"][2] = False
    with AttentionWriter(tmp_path / "a.parquet") as writer:
        writer.add("S1", **content)
    table = AttentionTable(tmp_path / "a.parquet")
    assert table.parcels("S1") == 3
    assert table.parcel("p0002", "S1") is None


def test_batches_are_restricted_to_regions_and_columns(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path / "a.parquet") as writer:
        writer.add("S1", **batch() | {"region": ["east", "west", "west", "east"]})
    table = AttentionTable(tmp_path / "a.parquet")
    read = pa.Table.from_batches(table.batches("S1", ["parcel_id"], ["west"]))
    assert read.to_pydict() == {"parcel_id": ["p0001", "p0002"]}


def test_reading_holds_one_row_group_at_a_time(tmp_path: Path) -> None:
    held = []
    for parcels in (1_000, 10_000):
        path = tmp_path / f"{parcels}.parquet"
        with AttentionWriter(path, row_group=250) as writer:
            for first in range(0, parcels, 250):
                writer.add("S1", **batch(250, first))
        before = pa.total_allocated_bytes()
        held.append(max(pa.total_allocated_bytes() - before for _ in AttentionTable(path).batches("S1")))
    # Ten times the parcels; a second row group may be on its way.
    assert held[1] < 3 * held[0]


def test_a_failed_evaluation_leaves_no_table(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), AttentionWriter(tmp_path / "a.parquet") as writer:
        writer.add("S1", **batch())
        raise RuntimeError("out of memory")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_table_has_no_sensors(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path / "a.parquet"):
        pass
    table = AttentionTable(tmp_path / "a.parquet")
    assert (table.sensors, table.heads, table.parcels("S1")) == ((), 0, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b["weights"] * 2, "parcel 'p0000' must be at least 0 and add up to 1"),
        (lambda b: b["weights"] * np.nan, "parcel 'p0000' must be"),
        (lambda b: np.where(b["mask"][:, None, :], 0.0, b["weights"]), "add up to 1"),
        (lambda b: b["weights"][:, :, 1:], "do not fit"),
        (lambda b: b["weights"][0], "do not fit"),
    ],
    ids=["twice one", "not a number", "on padding only", "a date short", "one parcel"],
)
def test_weights_that_are_no_attention_are_refused(tmp_path: Path, change: object, message: str) -> None:
    content = batch()
    with pytest.raises(ValueError, match=message), AttentionWriter(tmp_path / "a.parquet") as writer:
        writer.add("S1", **content | {"weights": change(content)})


def test_negative_weights_are_refused_though_they_add_up(tmp_path: Path) -> None:
    content = batch() | {"mask": np.ones((4, 5), bool)}
    content["weights"] = np.broadcast_to([-0.5, 1.5, 0, 0, 0], (4, 3, 5))
    with (
        pytest.raises(ValueError, match="must be at least 0"),
        AttentionWriter(tmp_path / "a.parquet") as writer,
    ):
        writer.add("S1", **content)


def test_columns_of_different_lengths_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="region has 3 entries for 4 parcels"),
        AttentionWriter(tmp_path / "a.parquet") as writer,
    ):
        writer.add("S1", **batch() | {"region": ["east"] * 3})


def test_a_table_without_a_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "attention.parquet"
    with AttentionWriter(path) as writer:
        writer.add("S1", **batch())
    pq.write_table(pq.read_table(path).drop_columns("weights"), path)
    with pytest.raises(ValueError, match=r"attention\.parquet: weights: the column is missing"):
        AttentionTable(path)


def test_a_column_of_another_type_is_named(tmp_path: Path) -> None:
    path = tmp_path / "attention.parquet"
    with AttentionWriter(path) as writer:
        writer.add("S1", **batch())
    table = pq.read_table(path)
    pq.write_table(table.set_column(8, "heads", table["heads"].cast(pa.string())), path)
    with pytest.raises(ValueError, match=r"attention\.parquet: heads: must be int16, not string"):
        AttentionTable(path)
