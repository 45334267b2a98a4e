"""Preparing the real patches by the rules they were cut by gives what was cut from them, pixel for pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cropdash.datasets.store import ParcelStore
from cropdash.preparation.prepare import prepare
from cropdash.preparation.recipe import Recipe
from cropdash.readers.reference_layout import import_reference
from tests.preparation.catalogue_server import CatalogueServer
from tests.preparation.recipes import catalogue_recipe, raster_recipe


@pytest.fixture(scope="module")
def cut(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> ParcelStore:
    """The pieces as they were cut, read by the reader of their layout."""
    out = tmp_path_factory.mktemp("cut") / "store"
    flanders = shared / "data/flanders"
    import_reference(flanders / "pixelset", out, parcels=flanders / "parcels.gpkg", id_field="ID_PARCEL")
    return ParcelStore.open(out)


def assert_same(prepared: ParcelStore, cut: ParcelStore) -> None:
    assert prepared.parcels["parcel_id"].tolist() == cut.parcels["parcel_id"].tolist()
    assert prepared.parcels["region"].tolist() == cut.parcels["region"].tolist()
    assert prepared.parcels["CODE_GROUP"].tolist() == cut.parcels["CODE_GROUP"].tolist()
    for row in range(len(cut)):
        parcel = cut.parcels["parcel_id"].iloc[row]
        for sensor in ("S1", "S2"):
            values, days = prepared.raw(row, sensor)
            expected, expected_days = cut.raw(row, sensor)
            np.testing.assert_array_equal(days, expected_days, err_msg=f"dates of {parcel}, {sensor}")
            if sensor == "S2":
                np.testing.assert_array_equal(values, expected, err_msg=f"{parcel}, S2")
            else:
                np.testing.assert_allclose(values, expected, rtol=1e-6, atol=0, err_msg=f"{parcel}, S1")
    features = ["perimeter", "area", "perimeter_area_ratio", "size"]
    np.testing.assert_allclose(prepared.parcels[features], cut.parcels[features], rtol=1e-12)


def test_cogs_of_a_catalogue_served_over_http_give_the_pieces_that_were_cut(
    whole_catalogue: CatalogueServer, shared: Path, cut: ParcelStore, tmp_path: Path
) -> None:
    recipe = catalogue_recipe(shared, f"{whole_catalogue.url}/api")
    report = prepare(Recipe.model_validate(recipe), tmp_path / "store")
    assert report.prepared == 211
    assert report.totals("S2")["kept"] == sum(cut.arrays["S2"].date_counts)
    assert_same(ParcelStore.open(tmp_path / "store"), cut)
    assert not (tmp_path / ".store.preparing").exists()


def test_netcdf_stacks_give_the_pieces_that_were_cut(shared: Path, cut: ParcelStore, tmp_path: Path) -> None:
    prepare(Recipe.model_validate(raster_recipe(shared)), tmp_path / "store")
    assert_same(ParcelStore.open(tmp_path / "store"), cut)
