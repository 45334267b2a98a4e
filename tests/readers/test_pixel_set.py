"""The Pixel-Set layout of PSE-TAE: one date list, its own classes, and folds where there are no regions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cropdash.datasets.import_report import Reason
from cropdash.datasets.normalisation import Normalisation
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import SENSORS
from cropdash.readers.pixel_set import import_pixel_set
from tests.readers.pixel_set_archive import DATES, LABELS, archive, pixels
from tests.readers.reference_tree import only_problem


@pytest.fixture
def root(tmp_path) -> Path:
    return archive(tmp_path / "PixelSet-S2-2017-T31TFM")


@pytest.fixture
def run_import(root, tmp_path):
    def run_import(**options):
        return import_pixel_set(root, tmp_path / "store", **options), ParcelStore.open(tmp_path / "store")

    return run_import


def edit(root: Path, name: str, change) -> None:
    path = root / "META" / f"{name}.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


class TestWholeFolder:
    def test_values_and_the_one_date_list_arrive(self, run_import):
        report, store = run_import()
        assert (report.imported, dict(report.counts)) == (6, {})
        assert (store.sensors, store.regions) == (("S2",), ("all",))
        assert store.info.sensors["S2"].bands == SENSORS["S2"].bands
        for parcel_id in LABELS:
            values, days = store.raw(store.row_of(parcel_id), "S2")
            np.testing.assert_array_equal(values, pixels(parcel_id).transpose(0, 2, 1))
            assert [int(str(day).replace("-", "")) for day in days.astype("datetime64[D]")] == DATES
        assert store.info.sensors["S2"].scale == 1e-4
        assert store.info.season_origin == "01-01"

    def test_the_finest_labels_are_learnt_under_their_names(self, run_import):
        _, store = run_import()
        assert store.info.label_field == "label_44class"
        names = store.info.nomenclature.by_code
        assert [
            names[store.parcels.loc[store.row_of(i), "label_44class"]].name for i in ("1", "5", "12")
        ] == [
            "meadow",
            "winter durum wheat",
            "winter rapeseed",
        ]

    def test_other_labels_are_told_by_their_numbers(self, run_import):
        _, store = run_import(label_field="label_19class")
        assert [crop.name for crop in store.info.nomenclature.classes] == [
            "class 0",
            "class 1",
            "class 7",
            "class 15",
        ]

    def test_register_groups_are_the_registers(self, root, run_import):
        edit(root, "labels", lambda c: (c.clear(), c.update(CODE_GROUP=LABELS)))
        _, store = run_import()
        assert (store.info.label_field, store.info.nomenclature.name) == ("CODE_GROUP", "rpg_groups")

    def test_ones_own_nomenclature_is_taken(self, run_import, tmp_path):
        mine = tmp_path / "mine.json"
        crops = [{"code": code, "name": f"crop {code}", "colour": "#112233"} for code in range(44)]
        mine.write_text(json.dumps({"name": "mine", "title": "", "source": "", "classes": crops}))
        _, store = run_import(nomenclature=mine)
        assert store.info.nomenclature.name == "mine"

    def test_the_normalisation_that_lies_beside_is_kept(self, run_import):
        _, store = run_import()
        kept = Normalisation.read(store.path / "reference_normalisation.json")
        assert kept.sensors["S2"].centre == pytest.approx([0.2] * 10)


class TestSensor:
    def test_it_can_be_the_radar(self, root, run_import):
        for parcel_id in LABELS:
            values = pixels(parcel_id, channels=2).astype(np.float32) / -500
            np.save(root / "DATA" / f"{parcel_id}.npy", values)
        _, store = run_import(sensor="S1")
        assert store.sensors == ("S1",)

    def test_arrays_of_another_sensor_are_told(self, root, run_import):
        np.save(root / "DATA" / "5.npy", pixels("5", channels=2))
        report, _ = run_import()
        assert report.counts[Reason.WRONG_CHANNELS] == 1

    def test_an_unknown_sensor_is_refused(self, run_import):
        with pytest.raises(ValueError, match="sensor must be S1 or S2, not 'S3'"):
            run_import(sensor="S3")


class TestFolds:
    def test_folds_become_regions_and_the_report_says_what_they_are_worth(self, run_import):
        report, store = run_import(folds=3)
        assert store.regions == ("fold1", "fold2", "fold3")
        assert "figures are too good" in report.notes[0]

    def test_a_parcel_stays_in_its_fold_whatever_else_is_there(self, root, run_import, tmp_path):
        _, store = run_import(folds=3)
        before = dict(zip(store.parcels["parcel_id"], store.parcels["region"], strict=True))
        (root / "DATA" / "1.npy").unlink()
        import_pixel_set(root, tmp_path / "fewer", folds=3)
        fewer = ParcelStore.open(tmp_path / "fewer")
        assert len(fewer) == 5
        assert all(
            before[parcel] == region
            for parcel, region in zip(fewer.parcels["parcel_id"], fewer.parcels["region"], strict=True)
        )

    def test_one_fold_is_none(self, run_import):
        with pytest.raises(ValueError, match="folds divide a folder without regions into 2 or more"):
            run_import(folds=1)


class TestBrokenFiles:
    def test_a_date_list_of_another_length_leaves_nothing(self, root, run_import):
        edit(root, "dates", lambda c: c.pop(str(len(DATES) - 1)))
        with pytest.raises(ValueError, match=r"no parcel can be imported.(?s:.*)4 dates for an array of 5"):
            run_import()

    def test_a_gap_in_the_positions_is_refused(self, root, run_import):
        edit(root, "dates", lambda c: c.pop("1"))
        with pytest.raises(
            ValueError, match=r"dates\.json: one list of dates for all must be keyed by position, 0 to 3"
        ):
            run_import()

    def test_a_truncated_array_is_told(self, root, run_import):
        path = root / "DATA" / "5.npy"
        path.write_bytes(path.read_bytes()[:-40])
        report, _ = run_import()
        assert report.counts[Reason.UNREADABLE_ARRAY] == 1
        assert report.imported == 5

    def test_an_array_of_objects_is_told_and_not_unpickled(self, root, run_import, tmp_path):
        class Dangerous:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "ran",))

        np.save(root / "DATA" / "5.npy", np.array([Dangerous()]))
        report, _ = run_import()
        assert report.counts[Reason.UNREADABLE_ARRAY] == 1
        assert not (tmp_path / "ran").exists()

    def test_a_parcel_without_label_is_told(self, root, run_import):
        edit(root, "labels", lambda c: [labels.pop("5") for labels in c.values()])
        report, _ = run_import()
        assert only_problem(report, Reason.ARRAY_WITHOUT_LABEL).parcel_id == "5"

    def test_a_folder_without_labels_is_imported_for_prediction_where_that_is_asked_for(self, root, tmp_path):
        (root / "META" / "labels.json").unlink()
        with pytest.raises(ValueError, match="--keep-unlabelled"):
            import_pixel_set(root, tmp_path / "refused")
        assert import_pixel_set(root, tmp_path / "kept", keep_unlabelled=True).imported == 6

    def test_a_folder_of_another_layout_is_told(self, tmp_path):
        with pytest.raises(
            FileNotFoundError, match="is not in the Pixel-Set layout: it holds no folder DATA"
        ):
            import_pixel_set(tmp_path, tmp_path / "store")
