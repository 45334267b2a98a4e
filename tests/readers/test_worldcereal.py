"""WorldCereal extractions: values, gaps, classes and what is wrong with a file."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cropdash.datasets.import_report import Reason
from cropdash.datasets.store import ParcelStore
from cropdash.readers.worldcereal import import_worldcereal
from cropdash.readers.worldcereal_classes import WorldCerealClasses
from tests.readers.reference_tree import only_problem
from tests.readers.worldcereal_extraction import (
    DATES,
    MAIZE,
    NO_DATA,
    OPTICAL,
    RADAR,
    WHEAT,
    extraction,
    write,
)


@pytest.fixture
def run_import(tmp_path):
    def run_import(table: pd.DataFrame, **options):
        source = write(table, tmp_path / "x.geoparquet")
        return import_worldcereal(source, tmp_path / "store", **options), ParcelStore.open(tmp_path / "store")

    return run_import


def of(table: pd.DataFrame, sample: str) -> pd.DataFrame:
    return table[table["sample_id"] == sample].sort_values("timestamp")


class TestWholeFile:
    def test_values_dates_regions_and_codes_arrive(self, run_import):
        table = extraction()
        report, store = run_import(table)
        assert report.imported == 6
        assert not report.counts
        assert store.regions == ("30TYP", "30UYU")
        for row, parcel in store.parcels.iterrows():
            source = of(table, parcel["parcel_id"])
            assert parcel["region"] == source["tile"].iloc[0]
            assert parcel["ewoc_code"] == source["ewoc_code"].iloc[0]
            optical, radar = store.series(row, "S2"), store.series(row, "S1")
            np.testing.assert_allclose(optical.values[:, 0], source[OPTICAL] / 10_000, rtol=1e-6)
            decibels = 20 * np.log10(source[["S1-SIGMA0-VV", "S1-SIGMA0-VH"]].astype(float)) - 83
            np.testing.assert_allclose(radar.values[:, 0], decibels, rtol=1e-5)
            for series in (optical, radar):
                np.testing.assert_array_equal(series.dates, DATES.to_numpy().astype("datetime64[D]"))

    def test_a_band_without_any_value_is_no_band_of_the_store(self, run_import):
        report, store = run_import(extraction())
        assert store.info.sensors["S2"].bands == ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B11", "B12")
        assert report.notes == ["S2: no value of B8A; stored with 9 bands"]

    def test_classes_are_those_of_the_mapping_and_the_codes_stay(self, run_import):
        _, store = run_import(extraction(), classes="CROPTYPE_INSEASON_FRANCE")
        assert store.info.label_fields == ("CROPTYPE_INSEASON_FRANCE", "ewoc_code")
        names = store.info.nomenclature.by_code
        assert {names[code].name for code in store.parcels["CROPTYPE_INSEASON_FRANCE"]} == {
            "wheat",
            "maize",
            "grasslands",
        }
        assert names[MAIZE].name == f"ewoc {MAIZE} (maize)"

    def test_class_codes_do_not_depend_on_the_data(self, run_import, tmp_path):
        _, few = run_import(extraction(1))
        (label,) = few.parcels["CROPTYPE28"]
        assert few.info.nomenclature.by_code[label].name == "wheat"
        assert WorldCerealClasses.read().codes[WHEAT] == label

    def test_several_files_make_one_store(self, tmp_path):
        folder = tmp_path / "files"
        folder.mkdir()
        write(extraction(2), folder / "a.geoparquet")
        write(extraction(4).query("sample_id in ('s2', 's3')"), folder / "b.parquet")
        report = import_worldcereal(folder, tmp_path / "store")
        assert report.imported == 4

    def test_a_sample_of_two_files_comes_in_once(self, tmp_path):
        folder = tmp_path / "files"
        folder.mkdir()
        write(extraction(2), folder / "a.parquet")
        write(extraction(3), folder / "b.parquet")
        report = import_worldcereal(folder, tmp_path / "store")
        assert (report.imported, report.counts[Reason.REPEATED_ID]) == (3, 2)

    def test_regions_can_be_another_column(self, run_import):
        _, store = run_import(
            extraction().assign(h3=lambda t: "h" + t["sample_id"].str[1:]), region_field="h3"
        )
        assert store.regions == ("h0", "h1", "h2", "h3", "h4", "h5")

    def test_progress_ends_with_all_samples(self, run_import):
        seen = []
        run_import(extraction(), progress=lambda done, total: seen.append((done, total)))
        assert (seen[0], seen[-1]) == ((1, 6), (6, 6))


class TestGaps:
    def test_a_date_without_data_is_no_date_of_that_sensor(self, run_import):
        table = extraction()
        gap = (table["sample_id"] == "s0") & (table["timestamp"] == DATES[2])
        table.loc[gap, OPTICAL] = NO_DATA
        report, store = run_import(table)
        row = store.row_of("s0")
        kept = DATES.delete(2).to_numpy().astype("datetime64[D]")
        np.testing.assert_array_equal(store.series(row, "S2").dates, kept)
        assert len(store.series(row, "S1").dates) == 6
        assert not report.counts
        assert "S2: 1 of 36 dates have no data and are gaps" in report.notes

    def test_a_date_with_one_band_missing_is_dropped_and_told(self, run_import):
        table = extraction()
        gap = (table["sample_id"] == "s0") & (table["timestamp"] == DATES[0])
        table.loc[gap, "S1-SIGMA0-VH"] = NO_DATA
        report, store = run_import(table)
        problem = only_problem(report, Reason.PARTLY_MISSING)
        assert (problem.sensor, problem.parcel_id) == ("S1", "s0")
        assert len(store.series(store.row_of("s0"), "S1").dates) == 5

    def test_a_sample_may_have_no_date_of_a_sensor(self, run_import):
        table = extraction()
        table.loc[table["sample_id"] == "s3", OPTICAL] = NO_DATA
        report, store = run_import(table)
        assert only_problem(report, Reason.SENSOR_MISSING).parcel_id == "s3"
        assert store.series(store.row_of("s3"), "S2") is None
        assert report.imported == 6

    def test_a_sample_without_any_data_is_left_out(self, run_import):
        table = extraction()
        table.loc[table["sample_id"] == "s3", OPTICAL + RADAR] = NO_DATA
        report, _ = run_import(table)
        assert only_problem(report, Reason.NO_SERIES).parcel_id == "s3"
        assert report.imported == 5

    def test_an_amplitude_of_0_has_no_decibels(self, run_import):
        table = extraction()
        table.loc[(table["sample_id"] == "s0") & (table["timestamp"] == DATES[0]), "S1-SIGMA0-VV"] = 0
        report, store = run_import(table)
        assert only_problem(report, Reason.NOT_FINITE).sensor == "S1"
        assert len(store.series(store.row_of("s0"), "S1").dates) == 5

    def test_rows_out_of_order_and_days_twice_are_put_right(self, run_import):
        table = extraction(1)
        table = pd.concat([table.iloc[::-1], table.iloc[[0]]])
        report, store = run_import(table)
        assert set(report.counts) == {Reason.UNSORTED_DATES, Reason.REPEATED_DATE}
        np.testing.assert_array_equal(store.series(0, "S1").dates, DATES.to_numpy().astype("datetime64[D]"))


class TestLabels:
    def test_a_code_of_no_class_keeps_its_code_and_is_told(self, run_import):
        table = extraction()
        table.loc[table["sample_id"] == "s1", "ewoc_code"] = 42
        report, store = run_import(table)
        assert only_problem(report, Reason.UNMAPPED_CODE).field == "ewoc_code"
        parcel = store.parcels.iloc[store.row_of("s1")]
        assert (parcel["ewoc_code"], parcel["CROPTYPE28"]) == (42, -1)

    def test_rows_that_disagree_about_the_code_are_not_imported(self, run_import):
        table = extraction()
        table.loc[(table["sample_id"] == "s1") & (table["timestamp"] == DATES[0]), "ewoc_code"] = WHEAT
        report, _ = run_import(table)
        assert only_problem(report, Reason.INVALID_LABEL).parcel_id == "s1"

    def test_codes_that_a_mapping_ignores_are_of_no_class(self, tmp_path):
        path = tmp_path / "m.json"
        path.write_text(json.dumps({"MINE": {"1": "ignore", "2": "wheat"}}))
        assert WorldCerealClasses.read(path, "MINE").codes == {2: 1}

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ({"OTHER": {}}, "has no mapping 'MINE'; it has OTHER"),
            ([1], "must be an object of mappings"),
            ({"MINE": {"x": "wheat"}}, "'x' must be a code of digits"),
            ({"MINE": {"1": 5}}, "'1' must be a code of digits with a class name"),
        ],
    )
    def test_a_faulty_mapping_is_refused(self, tmp_path, content, sentence):
        path = tmp_path / "m.json"
        path.write_text(json.dumps(content))
        with pytest.raises(ValueError, match=f"m.json: .*{sentence}"):
            WorldCerealClasses.read(path, "MINE")


class TestBrokenFiles:
    @pytest.mark.parametrize("column", ["sample_id", "timestamp", "ewoc_code", "tile"])
    def test_a_missing_column_is_named(self, run_import, column):
        with pytest.raises(ValueError, match=rf"x\.geoparquet: has no column {column}"):
            run_import(extraction().drop(columns=column))

    def test_a_file_without_bands_is_refused(self, run_import):
        with pytest.raises(ValueError, match="no band of any sensor holds a value; looked for S1-SIGMA0-VV"):
            run_import(extraction().drop(columns=[*OPTICAL, *RADAR]))

    def test_a_band_of_words_is_refused(self, run_import):
        with pytest.raises(ValueError, match="column S2-L2A-B02 must hold numbers"):
            run_import(extraction().assign(**{"S2-L2A-B02": "much"}))

    @pytest.mark.parametrize("value", [-1, 70_000, 0.5])
    def test_numbers_that_the_format_cannot_hold_are_refused(self, run_import, value):
        with pytest.raises(
            ValueError, match=rf"S2-L2A-B02 holds {value}; it must hold integers from 0 to 65535"
        ):
            run_import(extraction().assign(**{"S2-L2A-B02": value}))

    def test_a_truncated_file_is_refused(self, tmp_path):
        path = write(extraction(), tmp_path / "x.parquet")
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(ValueError, match=r"x\.parquet: not a readable Parquet file"):
            import_worldcereal(path, tmp_path / "store")
        assert not (tmp_path / "store").exists()

    def test_dates_that_are_none_are_told(self, run_import):
        table = extraction(1)
        table["timestamp"] = table["timestamp"].astype(str)
        table.loc[0, "timestamp"] = "soon"
        report, store = run_import(table)
        assert report.counts[Reason.INVALID_DATE] == 2
        assert len(store.series(0, "S1").dates) == 5

    def test_a_folder_without_extraction_is_told(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="holds no WorldCereal extraction"):
            import_worldcereal(tmp_path, tmp_path / "store")


@pytest.fixture(scope="module")
def france(shared, tmp_path_factory):
    source = shared / "data/worldcereal_france/2023_FRA_LPIS_POLY_110.geoparquet"
    out = tmp_path_factory.mktemp("france") / "store"
    report = import_worldcereal(source, out, classes="CROPTYPE_INSEASON_FRANCE")
    return report, ParcelStore.open(out), shared / "data/worldcereal_france"


class TestFrance2023:
    def test_all_points_come_in_with_their_gaps(self, france):
        report, store, _ = france
        assert report.imported == 500
        assert store.regions == ("30TYP", "30TYT", "30UYU", "30UYV")
        assert dict(report.counts) == {Reason.SENSOR_MISSING: 6, Reason.UNMAPPED_CODE: 59}
        assert "S2: 11343 of 24684 dates have no data and are gaps" in report.notes
        assert (store.arrays["S2"].pixel_counts[store.arrays["S2"].date_counts > 0] == 1).all()

    def test_the_common_classes_are_those_of_the_readme(self, france):
        _, store, _ = france
        names = store.info.nomenclature.by_code
        counts = store.parcels["CROPTYPE_INSEASON_FRANCE"].value_counts()
        found = {names[code].name: count for code, count in counts.items() if code >= 0 and count >= 20}
        assert found == {"grasslands": 154, "maize": 88, "wheat": 58, "sunflower": 21}

    def test_values_are_those_of_the_rearranged_arrays(self, france):
        """The folder's own rearrangement of the numbers, made without this reader."""
        _, store, folder = france
        arrays = np.load(folder / "fra_2023_arrays.npz", allow_pickle=False)
        days = arrays["dates"].astype("datetime64[D]")
        for i, sample in enumerate(arrays["ids"]):
            row = store.row_of(str(sample))
            for sensor, numbers in (("S1", arrays["s1"][i]), ("S2", arrays["s2"][i])):
                there = (numbers != NO_DATA).all(axis=1)
                values, dates = store.raw(row, sensor)
                np.testing.assert_array_equal(dates.astype("datetime64[D]"), days[there])
                if sensor == "S2" and there.any():
                    np.testing.assert_array_equal(values[:, 0], numbers[there])
                elif there.any():
                    decibels = 20 * np.log10(numbers[there].astype(np.float64)) - 83
                    np.testing.assert_allclose(values[:, 0], decibels, rtol=1e-6)
