"""Importing the reference layout in all its shapes: values arrive unchanged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas
import numpy as np
import pytest

from cropdash.datasets.calendar import season_start
from cropdash.datasets.import_report import ImportReport, Reason
from cropdash.datasets.store import ParcelStore
from cropdash.readers.reference_layout import import_reference
from tests.readers.reference_tree import DATES, edit_array, only_problem, write_meta


@pytest.fixture(scope="module")
def flanders(shared, tmp_path_factory) -> tuple[ImportReport, ParcelStore, Path]:
    root = shared / "data" / "flanders"
    out = tmp_path_factory.mktemp("flanders") / "store"
    report = import_reference(root / "pixelset", out, parcels=root / "parcels.gpkg", season_origin="08-01")
    return report, ParcelStore.open(out), root


def ids(store: ParcelStore) -> list[str]:
    return store.parcels["parcel_id"].tolist()


class TestWholeFolder:
    def test_values_dates_labels_and_features_arrive_unchanged(self, reference_root, run_import):
        report, store = run_import()
        assert report.imported == 6
        assert not report.counts
        assert ids(store) == ["11", "12", "13", "21", "22", "23"]
        assert store.regions == ("ra", "rb")
        for row, parcel in store.parcels.iterrows():
            for sensor, folder in (("S1", "s1_data"), ("S2", "s2_data")):
                source = np.load(
                    reference_root / folder / parcel["region"] / "DATA" / f"{parcel['parcel_id']}.npy"
                )
                values, days = store.raw(row, sensor)
                assert values.dtype == source.dtype
                np.testing.assert_array_equal(values, source.transpose(0, 2, 1))
                dates = [int(str(day).replace("-", "")) for day in days.astype("datetime64[D]")]
                assert dates == DATES[folder]
            assert parcel["CODE_GROUP"] == 1 + (row % 3) % 2
            assert parcel["area"] == 600

    def test_s2_integers_are_reflectance_x_10000(self, run_import):
        _, store = run_import()
        assert store.info.sensors["S2"].scale == 1e-4
        assert store.info.sensors["S1"].scale == 1
        np.testing.assert_allclose(store.series(0, "S2").values, store.raw(0, "S2")[0] / 10_000, rtol=1e-6)

    def test_scales_can_be_given(self, run_import):
        _, store = run_import(scales={"S2": 0.5, "S1": 1e-4})
        assert (store.info.sensors["S1"].scale, store.info.sensors["S2"].scale) == (1e-4, 0.5)

    def test_name_and_origin_can_be_given(self, run_import):
        _, store = run_import(name="Brest", season_origin="08-01")
        assert (store.info.name, store.info.season_origin) == ("Brest", "08-01")

    def test_they_default_to_the_folders_name_and_october(self, run_import):
        _, store = run_import()
        assert (store.info.name, store.info.season_origin) == ("set", "10-01")

    def test_progress_ends_with_all_parcels(self, run_import):
        seen = []
        run_import(progress=lambda done, total: seen.append((done, total)))
        assert seen[0] == (1, 6)
        assert seen[-1] == (6, 6)

    def test_the_report_is_kept_in_the_store(self, reference_root, run_import):
        (reference_root / "s1_data" / "ra" / "DATA" / "11.npy").unlink()
        report, store = run_import()
        assert ImportReport.read(store.path / "import_report.json") == report

    def test_an_existing_store_is_not_overwritten_unless_asked(self, run_import):
        run_import()
        with pytest.raises(FileExistsError):
            run_import()
        run_import(overwrite=True)


class TestOtherShapesOfTheLayout:
    def test_one_date_list_for_all_by_position(self, reference_root, run_import):
        for region in ("ra", "rb"):
            positions = {str(i): date for i, date in enumerate(DATES["s2_data"])}
            write_meta(reference_root / "s2_data" / region, "dates", positions)
            write_meta(reference_root / "s1_data" / region, "dates", DATES["s1_data"])
        report, store = run_import()
        assert report.imported == 6
        assert not report.counts
        assert store.series(4, "S2").dates.astype(str).tolist() == ["2018-10-09", "2018-11-01", "2019-02-15"]

    def test_ten_or_more_positions_are_in_numeric_order(self, reference_root, run_import):
        place = reference_root / "s2_data" / "ra"
        for parcel_id in ("11", "12", "13"):
            edit_array(place, parcel_id, lambda a: np.repeat(a, 4, axis=0))
        write_meta(place, "dates", {str(i): 20190101 + i for i in range(12)})
        report, store = run_import()
        assert not report.counts
        assert len(store.series(0, "S2").dates) == 12

    def test_pse_tae_folder_of_one_sensor(self, reference_root, tmp_path):
        """DATA and META in the reference_root, several nomenclatures, one list of dates: PSE-TAE's own data sets."""
        place = Path(shutil.copytree(reference_root / "s2_data" / "ra", tmp_path / "S2-T31TFM"))
        write_meta(place, "dates", {str(i): date for i, date in enumerate(DATES["s2_data"])})
        write_meta(
            place, "labels", {"label_19class": {"11": 1, "12": 2, "13": 2}, "label_44class": {"11": 5}}
        )
        with pytest.raises(ValueError, match="label_19class, label_44class; say which one to learn"):
            import_reference(place, tmp_path / "store")
        report = import_reference(place, tmp_path / "store", label_field="label_19class")
        store = ParcelStore.open(tmp_path / "store")
        assert report.imported == 3
        assert store.sensors == ("S2",)
        assert store.regions == ("all",)
        assert store.parcels["label_44class"].tolist() == [5, -1, -1]
        assert store.info.label_field == "label_19class"

    def test_one_sensor_folder_alone_misses_nothing(self, reference_root, run_import):
        shutil.rmtree(reference_root / "s2_data")
        report, store = run_import()
        assert store.sensors == ("S1",)
        assert not report.counts

    def test_sensor_folders_without_regions(self, reference_root, tmp_path, run_import):
        for folder in ("s1_data", "s2_data"):
            shutil.rmtree(reference_root / folder / "rb")
            for part in ("DATA", "META"):
                shutil.move(reference_root / folder / "ra" / part, reference_root / folder / part)
        report, store = run_import()
        assert not report.counts
        assert store.regions == ("all",)

    def test_meta_without_features_is_fine(self, reference_root, run_import):
        for path in reference_root.glob("*/*/META/geomfeat.json"):
            path.unlink()
        report, store = run_import()
        assert not report.counts
        assert "area" not in store.parcels

    def test_a_folder_of_something_else_is_refused(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="not in the reference layout"):
            import_reference(tmp_path, tmp_path / "store")


class TestDataTypes:
    def test_float64_is_stored_as_float32_with_a_note(self, reference_root, run_import):
        for path in reference_root.glob("s1_data/*/DATA/*.npy"):
            np.save(path, np.load(path).astype(np.float64))
        report, store = run_import()
        assert store.info.sensors["S1"].dtype == "float32"
        assert "S1: float64 values stored as float32" in report.notes
        assert not report.counts

    def test_big_endian_values_are_read_right(self, reference_root, run_import):
        place = reference_root / "s1_data" / "ra"
        source = np.load(place / "DATA" / "11.npy")
        edit_array(place, "11", lambda a: a.astype(">f4"))
        report, store = run_import()
        assert not report.counts
        np.testing.assert_array_equal(store.raw(0, "S1")[0], source.transpose(0, 2, 1))

    def test_a_float_among_integers_is_left_out(self, reference_root, run_import):
        edit_array(reference_root / "s2_data" / "ra", "12", lambda a: a.astype(np.float32) / 10_000)
        report, store = run_import()
        problem = only_problem(report, Reason.WRONG_TYPE)
        assert (problem.sensor, problem.parcel_id) == ("S2", "12")
        assert store.series(1, "S2") is None
        assert store.series(1, "S1") is not None

    def test_integers_that_do_not_fit_are_left_out(self, reference_root, run_import):
        edit_array(reference_root / "s2_data" / "ra", "12", lambda a: a.astype(np.int64) + 70_000)
        report, _ = run_import()
        assert "do not fit the sensor's uint16" in only_problem(report, Reason.WRONG_TYPE).detail

    def test_floating_point_reflectance_x_10000_is_pointed_out(self, reference_root, run_import):
        for path in reference_root.glob("s2_data/*/DATA/*.npy"):
            np.save(path, np.load(path).astype(np.float32))
        report, store = run_import()
        assert store.info.sensors["S2"].scale == 1
        assert any("give S2 the scale 0.0001" in note for note in report.notes)
        report, _ = run_import(scales={"S2": 1e-4}, overwrite=True)
        assert not report.notes


class TestFlanders:
    def test_all_211_parcels_arrive_with_all_their_values(self, flanders):
        report, store, root = flanders
        assert report.imported == len(store) == 211
        assert not report.counts
        assert {region: len(store.rows([region])) for region in store.regions} == {
            "r1": 71,
            "r2": 64,
            "r3": 33,
            "r4": 43,
        }
        for region in store.regions:
            for sensor, folder in (("S1", "s1_data"), ("S2", "s2_data")):
                place = root / "pixelset" / folder / region
                dates = json.loads((place / "META" / "dates.json").read_text())
                labels = json.loads((place / "META" / "labels.json").read_text())["CODE_GROUP"]
                for row in store.rows([region]):
                    parcel_id = store.parcels.loc[row, "parcel_id"]
                    source = np.load(place / "DATA" / f"{parcel_id}.npy")
                    values, days = store.raw(row, sensor)
                    assert values.dtype == source.dtype
                    np.testing.assert_array_equal(values, source.transpose(0, 2, 1))
                    text = [str(day).replace("-", "") for day in days.astype("datetime64[D]")]
                    assert text == [str(date) for date in dates[parcel_id]]
                    assert store.parcels.loc[row, "CODE_GROUP"] == labels[parcel_id]

    def test_outlines_are_those_of_the_parcel_file(self, flanders):
        _, store, root = flanders
        source = geopandas.read_file(root / "parcels.gpkg").set_index("ID_PARCEL").geometry
        outlines = store.geometry()
        assert outlines.crs == source.crs
        assert outlines.geom_equals(source.loc[store.parcels["parcel_id"]].reset_index(drop=True)).all()

    def test_both_years_start_their_season_on_1_august(self, flanders):
        _, store, _ = flanders
        starts = season_start(store.first_acquisition, "08-01")
        assert set(starts.astype(str)) == {"2017-08-01", "2018-08-01"}
