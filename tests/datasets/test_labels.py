"""Codes become classes: merged, dropped and counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cropdash.datasets.label_options import LabelOptions
from cropdash.datasets.labels import class_index, prepare_labels
from cropdash.nomenclature import CropClass, Nomenclature

RPG = Nomenclature.rpg_groups()


def table(codes: list[int], field: str = "CODE_GROUP") -> pd.DataFrame:
    return pd.DataFrame({"parcel_id": [str(i) for i in range(len(codes))], field: codes})


def prepare(codes: list[int], rows=None, nomenclature: Nomenclature = RPG, **options):
    options = {"minimum_share": 0.0} | options
    rows = None if rows is None else np.array(rows)
    return prepare_labels(
        table(codes), nomenclature, LabelOptions(**options), rows=rows, default_field="CODE_GROUP"
    )


def codes_of(labels) -> list[int]:
    return [crop.code for crop in labels.classes]


def reasons(labels) -> dict[int, str]:
    return {drop.code: drop.reason for drop in labels.dropped}


def test_classes_stand_in_the_nomenclatures_order():
    labels = prepare([25, 1, 2, 25])
    assert codes_of(labels) == [1, 2, 25]
    assert labels.index.tolist() == [2, 0, 1, 2]
    assert labels.index.dtype == np.int64
    assert labels.dropped == []


def test_the_nomenclatures_merge_applies_by_default():
    labels = prepare([18, 19, 1])
    assert codes_of(labels) == [1, 18]
    assert labels.index.tolist() == [1, 1, 0]
    assert labels.merge == {19: 18}


def test_an_empty_merge_keeps_classes_apart():
    assert codes_of(prepare([18, 19, 1], merge_classes={})) == [1, 18, 19]


def test_mixed_classes_are_dropped_unless_asked():
    assert reasons(prepare([1, 2, 28])) == {28: "mixes crops"}
    assert prepare([1, 2, 28]).index.tolist() == [0, 1, -1]
    assert codes_of(prepare([1, 2, 28], drop_mixed=False)) == [1, 2, 28]


def test_other_cereals_hold_buckwheat_and_stay():
    assert 4 in codes_of(prepare([1, 4]))


def test_classes_not_kept_are_dropped():
    labels = prepare([1, 2, 3, 3], keep_classes=(1, 2))
    assert codes_of(labels) == [1, 2]
    assert [(drop.code, drop.name, drop.parcels) for drop in labels.dropped] == [(3, "barley", 2)]


def test_a_kept_class_without_parcels_is_told():
    assert reasons(prepare([1, 2], keep_classes=(1, 2, 3))) == {3: "no parcel"}


def test_small_shares_are_dropped_by_the_experiments_own_parcels():
    codes = [1] * 50 + [2] * 49 + [3] + [3] * 100
    whole = prepare(codes, minimum_share=0.02)
    part = prepare(codes, rows=range(100), minimum_share=0.02)
    assert codes_of(whole) == [1, 2, 3]
    assert codes_of(part) == [1, 2]
    assert reasons(part) == {3: "under 2.0000% of 100 parcels"}
    assert (part.index[100:] == -1).all()


def test_a_share_exactly_at_the_minimum_is_kept():
    assert codes_of(prepare([1] * 98 + [2] * 2, minimum_share=0.02)) == [1, 2]


def test_parcels_without_label_count_in_no_share():
    labels = prepare([1, 1, 2, -1, -1, -1, -1], minimum_share=0.3)
    assert codes_of(labels) == [1, 2]
    assert reasons(labels) == {-1: "no label"}


def test_codes_that_the_nomenclature_lacks_are_dropped_by_name():
    labels = prepare([1, 2, 999])
    assert reasons(labels) == {999: "not in the nomenclature rpg_groups"}


def test_another_nomenclature_can_take_its_place():
    crops = tuple(
        CropClass(code=code, name=name, colour="#000000") for code, name in ((7, "teff"), (3, "millet"))
    )
    own = Nomenclature(name="own", title="", source="", classes=crops)
    labels = prepare([3, 7], nomenclature=own)
    assert [crop.name for crop in labels.classes] == ["teff", "millet"]
    assert labels.index.tolist() == [1, 0]


def test_another_label_field_can_be_learnt():
    parcels = table([1, 2]).assign(OTHER=[3, 1])
    labels = prepare_labels(parcels, RPG, LabelOptions(label_field="OTHER"), default_field="CODE_GROUP")
    assert labels.field == "OTHER"
    assert codes_of(labels) == [1, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_field": "CROP"}, "no label 'CROP'"),
        ({"merge_classes": {999: 1}}, "merge_classes: .* no code 999"),
        ({"merge_classes": {19: 18, 18: 17}}, "18 is merged into another code and receives one"),
        ({"keep_classes": (1, 999)}, "keep_classes: .* no code 999"),
        ({"keep_classes": (1, 19)}, "19 is merged into another code; keep that one"),
        ({"keep_classes": (5, 6)}, "two classes, 0 left"),
    ],
)
def test_options_that_cannot_work_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        prepare([1, 2, 18], **options)


def test_class_index_of_other_parcels_uses_the_same_classes():
    classes = prepare([18, 1]).classes
    assert class_index(np.array([19, 1, 2, -1]), classes, {19: 18}).tolist() == [1, 0, -1, -1]
