"""What inspect tells of a reference folder, and that it takes a store in every form."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.datasets.store import ParcelStore
from cropdash.readers.inspection import inspect
from cropdash.readers.reference_layout import import_reference
from tests.readers.reference_tree import edit_array, edit_meta


def test_a_reference_folder_tells_the_same_as_its_import(reference_root, tmp_path):
    (reference_root / "s1_data" / "ra" / "DATA" / "12.npy").unlink()
    edit_array(reference_root / "s1_data" / "rb", "21", lambda a: np.where(a == a[1], np.nan, a))
    import_reference(reference_root, tmp_path / "store")
    before, after = inspect(reference_root), inspect(tmp_path / "store")
    assert (before.kind, after.kind) == ("reference layout", "store")
    for part in ("parcels", "regions", "classes", "sensors", "label_fields", "label_field"):
        assert getattr(before, part) == getattr(after, part), part
    assert before.problems.counts == after.problems.counts
    assert "parcel missing in one sensor" in before.text()
    assert before.to_dict()["problems"]["counts"] == {
        "parcel missing in one sensor": 1,
        "dates with NaN or infinite values": 1,
    }


def test_a_code_without_name_is_told(reference_root):
    for folder in ("s1_data", "s2_data"):
        edit_meta(reference_root / folder / "ra", "labels", lambda c: c["CODE_GROUP"].update({"11": 77}))
    crop = inspect(reference_root).classes[-1]
    assert (crop.code, crop.name) == (77, "not in the nomenclature")


def test_a_store_and_its_folder_tell_the_same(reference_root, tmp_path):
    import_reference(reference_root, tmp_path / "store")
    assert inspect(ParcelStore.open(tmp_path / "store")) == inspect(tmp_path / "store")


def test_a_folder_of_neither_kind_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="not in the reference layout"):
        inspect(tmp_path)
