"""The Sentinel-2 dates that a sparse experiment drew, as its run's folder tells them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cropdash.training.drawn_dates import read_drawn_dates, write_drawn_dates
from cropdash.training.grid.definition import shipped_grids
from cropdash.training.setup import Setup, unscaled
from tests.datasets.random_store import random_store
from tests.training.small_experiment import SMALL, small_spec


def drawn(data: Path, folder: Path, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    setup = Setup.of(small_spec(data, **changes))
    assert write_drawn_dates(setup, folder) is not None
    return setup, read_drawn_dates(folder)


def test_the_table_tells_the_dates_that_the_network_is_shown(data: Path, tmp_path: Path) -> None:
    setup, table = drawn(data, tmp_path, sampling={"s2_share": 0.4, "s2_dates": None})
    assert table["split"].value_counts().to_dict() == {"train": 28, "validation": 14, "test": 14}
    batches = setup.batches("test", setup.fit_normalisation())
    checked = 0
    for batch in batches.epoch(1):
        for place, row in enumerate(batch.rows.tolist()):
            seen = batch.sensors["S2"].days[place][batch.sensors["S2"].date_mask[place]].numpy()
            dates = table.loc[setup.store.parcels["parcel_id"].iloc[row], "dates"]
            days = (np.array(dates, "datetime64[D]") - np.datetime64("2018-10-01")).astype(int)
            assert seen.tolist() == days.tolist()
            checked += len(days)
    assert checked > 20


def test_the_share_is_of_what_each_parcel_has_and_each_seed_draws_anew(data: Path, tmp_path: Path) -> None:
    sampling = {"s2_share": 0.4, "days": 300}
    _, one = drawn(data, tmp_path / "1", sampling=sampling, seed=1)
    _, again = drawn(data, tmp_path / "again", sampling=sampling, seed=1)
    _, other = drawn(data, tmp_path / "2", sampling=sampling, seed=2)
    kept = one["dates"].map(len)
    expected = np.minimum(one["acquired"], np.maximum(1, np.rint(0.4 * one["acquired"])))
    assert (kept == expected).all()
    assert all(
        (np.array(dates, "datetime64[D]") < np.datetime64("2018-10-01") + 300).all() for dates in one["dates"]
    )
    assert [list(dates) for dates in one["dates"]] == [list(dates) for dates in again["dates"]]
    assert [list(dates) for dates in one["dates"]] != [list(dates) for dates in other["dates"]]


def test_the_sparse_grid_leaves_5_11_16_22_and_27_dates_in_training_and_in_evaluation(tmp_path: Path) -> None:
    store = random_store(tmp_path / "store", 6, dates={"S2": (30, 50)}).path
    sparse = shipped_grids()["sparse"].changed({"seed": [1]})
    sparse = sparse.model_copy(update={"base": {**SMALL, "sampling": {**SMALL["sampling"], "s2_dates": 27}}})
    of_s2 = [item.spec for item in sparse.plan(store).trained if item.spec.sensors == ("S2",)]
    assert len(of_s2) == 5
    for spec, left in zip(of_s2, (5, 11, 16, 22, 27), strict=True):
        setup = Setup.of(spec)
        assert write_drawn_dates(setup, tmp_path) is not None
        table = read_drawn_dates(tmp_path)
        assert table["acquired"].min() >= 30
        assert set(table["dates"].map(len)) == {left}
        for training in (True, False):
            for batch in setup.batches("train", unscaled(setup.store), training=training).epoch(1):
                assert set(batch.sensors["S2"].date_mask.sum(dim=1).tolist()) == {left}


def test_an_experiment_that_draws_nothing_leaves_no_table(data: Path, tmp_path: Path) -> None:
    assert write_drawn_dates(Setup.of(small_spec(data)), tmp_path) is None
    assert (
        write_drawn_dates(Setup.of(small_spec(data, sensors=["S1"], sampling={"s2_share": 0.5})), tmp_path)
        is None
    )
    with pytest.raises(FileNotFoundError, match=r"only runs with sampling\.s2_pool or sampling\.s2_share"):
        read_drawn_dates(tmp_path)
