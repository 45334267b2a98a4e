"""BreizhCrops folders: values, classes, levels and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import geopandas
import h5py
import numpy as np
import pytest
from shapely.geometry import box

from cropdash.datasets.import_report import Reason
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import SENSORS
from cropdash.readers import extras
from cropdash.readers.breizhcrops import import_breizhcrops
from tests.readers.breizhcrops_archive import COLUMNS, DAYS, archive, place, table


@pytest.fixture
def root(tmp_path) -> Path:
    return archive(tmp_path / "breizhcrops")


@pytest.fixture
def run_import(root, tmp_path):
    def run_import(**options):
        report = import_breizhcrops(root, tmp_path / "store", **options)
        return report, ParcelStore.open(tmp_path / "store")

    return run_import


def replace(root: Path, parcel_id: str, data: object, region: str = "frh01", **options: object) -> None:
    with h5py.File(root / "2017" / "L1C" / f"{region}.h5", "a") as file:
        del file[place(region, parcel_id)]
        if data is not None:
            file.create_dataset(place(region, parcel_id), data=data, **options)


class TestWholeFolder:
    @pytest.mark.parametrize("level", ["L1C", "L2A"])
    def test_values_dates_and_regions_arrive(self, tmp_path, level):
        root = archive(tmp_path / "set", level)
        report = import_breizhcrops(root, tmp_path / "store")
        store = ParcelStore.open(tmp_path / "store")
        assert (report.imported, dict(report.counts)) == (4, {Reason.UNMAPPED_CODE: 1})
        assert store.regions == ("frh01", "frh02")
        assert store.info.sensors["S2"].bands == SENSORS["S2"].bands
        columns = [COLUMNS[level].index(band) for band in SENSORS["S2"].bands]
        for row, parcel in store.parcels.iterrows():
            found = store.series(row, "S2")
            np.testing.assert_array_equal(found.dates, DAYS)
            np.testing.assert_allclose(
                found.values[:, 0], table(level, parcel["parcel_id"])[:, columns] / 10_000, rtol=1e-6
            )

    def test_all_thirteen_bands_can_be_kept(self, run_import):
        _, store = run_import(all_bands=True)
        assert store.info.sensors["S2"].bands == tuple(COLUMNS["L1C"][:13])

    def test_classes_are_those_of_the_class_mapping(self, run_import):
        _, store = run_import()
        names = store.info.nomenclature.by_code
        assert [names[code].name for code in store.parcels["classid"]] == [
            "wheat",
            "permanent meadows",
            "corn",
            "wheat",
        ]

    def test_or_the_crop_groups_of_the_register(self, run_import):
        _, store = run_import(labels="groups")
        assert store.parcels["CODE_GROUP"].tolist() == [1, 18, 2, 1]
        assert store.info.nomenclature.name == "rpg_groups"

    def test_a_crop_of_no_class_is_left_out_as_upstream_does(self, run_import):
        report, store = run_import()
        (problem,) = report.problems
        assert (problem.reason, problem.parcel_id) == (Reason.UNMAPPED_CODE, "202")
        assert "'OTH'" in problem.detail
        assert "202" not in set(store.parcels["parcel_id"])

    def test_series_unpacked_into_the_path_of_the_archive_are_found(self, root, run_import):
        folder = root / "2017" / "L1C"
        deep = folder / "data/BreizhCrops/L1C_img/data/2017/L1C"
        deep.mkdir(parents=True)
        (folder / "frh01.h5").rename(deep / "frh01.h5")
        report, _ = run_import()
        assert report.imported == 4

    def test_a_region_without_series_is_noted(self, root, run_import):
        (root / "2017" / "L1C" / "frh02.h5").unlink()
        report, store = run_import()
        assert store.regions == ("frh01",)
        assert "frh02.csv has no frh02.h5, so the region is not read" in report.notes

    def test_outlines_join_by_id(self, root, run_import, tmp_path):
        shapes = geopandas.GeoDataFrame(
            {"ID": ["100", "101", "200", "9"]},
            geometry=[box(i, 0, i + 1, 1) for i in range(4)],
            crs="EPSG:2154",
        )
        shapes.to_file(tmp_path / "shapes.gpkg")
        report, store = run_import(parcels=tmp_path / "shapes.gpkg", id_field="ID")
        assert report.counts[Reason.PARCEL_WITHOUT_OUTLINE] == 1
        assert report.counts[Reason.OUTLINE_WITHOUT_PARCEL] == 1
        assert store.geometry().notna().sum() == 3

    def test_two_images_of_one_day_leave_the_first(self, root, run_import):
        twice = table("L1C", "100")[[0, 0, 1, 2, 3]]
        twice[1, COLUMNS["L1C"].index("doa")] += 10**9
        twice[1, 1] = 1
        replace(root, "100", twice)
        report, store = run_import()
        assert report.counts[Reason.REPEATED_DATE] == 1
        assert store.series(store.row_of("100"), "S2").values[0, 0, 0] > 0.05


BROKEN = {
    "missing": (None, Reason.LABEL_WITHOUT_ARRAY, "frh01.h5 has no 'csv/frh01/100.csv'"),
    "one dimension": (np.zeros(17), Reason.WRONG_DIMENSIONS, "shape (17,)"),
    "too few columns": (np.zeros((3, 14)), Reason.WRONG_CHANNELS, "14 columns instead of 17"),
    "no date": (np.zeros((0, 17)), Reason.NO_ACQUISITION, "left out"),
    "text": ([[b"x"] * 17], Reason.WRONG_TYPE, "is no number"),
    "endless": (np.zeros((20_001, 17), dtype=np.uint8), Reason.UNREADABLE_ARRAY, "20,001 rows are no series"),
}


class TestBrokenFiles:
    @pytest.mark.parametrize("fault", BROKEN)
    def test_a_faulty_series_is_told_and_left_out(self, root, run_import, fault):
        data, reason, sentence = BROKEN[fault]
        replace(root, "100", data)
        report, store = run_import()
        (problem,) = [problem for problem in report.problems if problem.reason is reason]
        assert sentence in problem.detail
        assert (problem.region, problem.parcel_id) == ("frh01", "100")
        assert report.counts[Reason.NO_SERIES] == 1
        assert len(store) == 3

    def test_dates_and_values_that_are_none_are_dropped(self, root, run_import):
        data = table("L1C", "100")
        data[0, COLUMNS["L1C"].index("doa")] = -1
        data[1, COLUMNS["L1C"].index("B4")] = np.nan
        replace(root, "100", data)
        report, store = run_import()
        assert (report.counts[Reason.INVALID_DATE], report.counts[Reason.NOT_FINITE]) == (1, 1)
        np.testing.assert_array_equal(store.series(store.row_of("100"), "S2").dates, DAYS[2:])

    def test_a_link_out_of_the_file_is_not_followed(self, root, run_import, tmp_path):
        with h5py.File(tmp_path / "other.h5", "w") as other:
            other.create_dataset("x", data=table("L1C", "100"))
        with h5py.File(root / "2017" / "L1C" / "frh01.h5", "a") as file:
            del file[place("frh01", "100")]
            file[place("frh01", "100")] = h5py.ExternalLink(str(tmp_path / "other.h5"), "x")
        report, store = run_import()
        assert report.counts[Reason.LABEL_WITHOUT_ARRAY] == 1
        assert "100" not in set(store.parcels["parcel_id"])

    def test_columns_in_alphabetical_order_are_refused(self, root, run_import):
        names = COLUMNS["L1C"]
        alphabetical = [names.index(name) for name in sorted(names[:13])] + list(range(13, 17))
        replace(root, "100", table("L1C", "100")[:, alphabetical])
        with pytest.raises(
            ValueError, match=r"frh01\.h5: .*column 10 should be B10 \(cirrus\), but is brighter"
        ):
            run_import()

    def test_a_truncated_series_file_is_refused(self, root, run_import, tmp_path):
        path = root / "2017" / "L1C" / "frh01.h5"
        path.write_bytes(path.read_bytes()[:500])
        with pytest.raises(ValueError, match=r"frh01\.h5: not a readable HDF5 file"):
            run_import()
        assert not (tmp_path / "store").exists()

    @pytest.mark.parametrize(
        ("name", "text", "sentence"),
        [
            ("classmapping.csv", "a,b\n1,2\n", "has no column id, classname, code; it has a, b"),
            (
                "classmapping.csv",
                "id,classname,code\nx,wheat,BTH\n",
                "column id must hold whole numbers, not 'x'",
            ),
            ("2017/L1C/frh01.csv", "idx,path\n0,x\n", "has no column CODE_CULTU; it has idx, path"),
            ("2017/L1C/frh01.csv", "", "not a readable table"),
        ],
    )
    def test_a_faulty_table_is_refused(self, root, run_import, name, text, sentence):
        (root / name).write_text(text)
        with pytest.raises(ValueError, match=f"{Path(name).name}: {sentence}"):
            run_import()

    def test_a_table_that_is_missing_is_told(self, root, run_import):
        (root / "codes.csv").unlink()
        with pytest.raises(FileNotFoundError, match=r"codes\.csv: missing; it comes with BreizhCrops"):
            run_import(labels="groups")


class TestWhichData:
    def test_two_levels_want_a_choice(self, root, run_import):
        archive(root, "L2A")
        with pytest.raises(ValueError, match="has L1C and L2A of 2017; say which level"):
            run_import()
        _, store = run_import(level="L2A")
        assert "bottom of atmosphere" in store.info.source

    def test_an_unknown_level_and_an_empty_folder_are_told(self, root, run_import, tmp_path):
        with pytest.raises(ValueError, match="level must be L1C or L2A, not 'L3'"):
            run_import(level="L3")
        with pytest.raises(FileNotFoundError, match=r"it needs 2018/L1C or L2A/<region>\.csv"):
            run_import(year=2018)

    def test_labels_of_another_kind_are_refused(self, run_import):
        with pytest.raises(ValueError, match="labels must be classes or groups, not 'crops'"):
            run_import(labels="crops")


def test_a_package_that_is_absent_is_asked_for():
    with pytest.raises(
        ModuleNotFoundError, match=r"needs the package no_such_package: pip install 'cropdash\[readers\]'"
    ):
        extras.needed("no_such_package")
