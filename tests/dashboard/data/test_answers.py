"""What the Data page says of a data set."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from cropdash.dashboard.data.answers import answer, class_counts, faults, sensor_table
from cropdash.datasets.inspection import Inspection, inspect_store
from tests.datasets.random_store import random_store


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    """Six parcels in each of two regions, of maize, wheat and barley in turn; one a region lacks Sentinel-1."""
    path = tmp_path_factory.mktemp("data") / "fields"
    return inspect_store(random_store(path, 7, ("r1", "r2"), classes=(1, 2, 3), missing={"S1": 1}))


def test_the_answer_counts_parcels_classes_and_regions_and_tells_how_uneven_they_are(
    fields: Inspection,
) -> None:
    assert answer(fields, "Fields") == (
        "Fields holds 14 parcels of 3 classes in 2 regions, seen by Sentinel-1 (radar) and Sentinel-2 (optical). "
        f"The commonest class is {_name(fields, 1)} (42.9 %), the rarest {_name(fields, 3)} (4 parcels)."
    )


def test_the_answer_follows_the_region_and_an_unknown_one_means_all(fields: Inspection) -> None:
    assert answer(fields, "Fields", "r2").startswith("Fields holds 7 parcels of 3 classes in r2, ")
    assert answer(fields, "Fields", "r9") == answer(fields, "Fields")


def test_a_single_class_is_neither_commonest_nor_rarest(fields: Inspection) -> None:
    one = replace(fields, classes=fields.classes[:1])
    assert "of 1 class in 2 regions" in answer(one, "Fields")
    assert "commonest" not in answer(one, "Fields")


def test_a_data_set_without_parcels_is_answered_too(fields: Inspection) -> None:
    empty = replace(fields, parcels=0, regions={}, classes=[])
    assert answer(empty, "Fields").startswith("Fields holds 0 parcels of 0 classes in 0 regions")
    assert class_counts(empty).empty


def test_parcels_of_which_nobody_knows_the_crop_are_said_to_be_there_for_prediction(
    fields: Inspection,
) -> None:
    said = answer(replace(fields, classes=[]), "Fields")
    assert said.startswith("Fields holds 14 parcels in 2 regions, seen by Sentinel-1 (radar)")
    assert "None of them has a label" in said and "cropdash predict" in said


def test_classes_stand_by_their_parcels_in_the_chosen_region(fields: Inspection) -> None:
    table = class_counts(fields)
    assert list(table["parcels"]) == [6, 4, 4]
    assert (table["r1"] + table["r2"] == table["parcels"]).all()
    assert list(class_counts(fields, "r1")["parcels"]) == [3, 2, 2]


def test_a_sensor_that_nobody_was_seen_by_has_blank_counts(fields: Inspection) -> None:
    unseen = replace(fields.sensors["S1"], dates=None, pixels=None, parcels=0, without=14)
    table = sensor_table(replace(fields, sensors={**fields.sensors, "S1": unseen}))
    blank = table[table["sensor"] == unseen.label]
    assert all(math.isnan(value) for value in blank[["minimum", "median", "maximum"]].to_numpy().ravel())
    assert table[table["sensor"] != unseen.label]["median"].notna().all()


def test_parcels_without_a_sensor_are_told_and_nothing_else_where_all_is_well(fields: Inspection) -> None:
    told = faults(replace(fields, missing={}))
    assert told == [
        "2 parcels have no date of Sentinel-1 (radar); early and pixel-set fusion cannot answer them."
    ]
    lacking = faults(replace(fields, sensors={}, missing={"outline": 1, "label": 3, "geometry features": 0}))
    assert lacking == ["1 parcel lacks an outline.", "3 parcels lack a label."]


def _name(fields: Inspection, code: int) -> str:
    return next(one.name for one in fields.classes if one.code == code)
