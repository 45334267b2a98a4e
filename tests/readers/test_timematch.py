"""TimeMatch tiles: values, blocks, classes, clouds, and what is wrong with a file."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from cropdash.datasets.import_report import Reason
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import SENSORS
from cropdash.readers.timematch import import_timematch
from cropdash.readers.timematch_folder import FILE_BANDS, class_codes, timematch_classes
from cropdash.readers.zarr_array import read_zarr
from tests.readers.reference_tree import only_problem
from tests.readers.timematch_archive import DATES, metadata, pixels, tile, write_array, write_metadata

DAYS = np.array([f"{d // 10000}-{d // 100 % 100:02}-{d % 100:02}" for d in DATES], dtype="datetime64[D]")
ORDER = [FILE_BANDS.index(band) for band in SENSORS["S2"].bands]


@pytest.fixture
def folder(tmp_path) -> Path:
    return tile(tmp_path / "timematch")


@pytest.fixture
def run_import(folder, tmp_path):
    def run_import(source: Path | None = None, **options):
        report = import_timematch(source or folder, tmp_path / "store", **options)
        return report, ParcelStore.open(tmp_path / "store")

    return run_import


class TestWholeTile:
    def test_values_dates_blocks_and_features_arrive(self, run_import):
        report, store = run_import()
        assert (report.imported, dict(report.counts)) == (3, {})
        assert store.regions == ("31TCJ_b00", "31TCJ_b01")
        for index in range(3):
            row = store.row_of(f"31TCJ_2017_{index}")
            values, days = store.raw(row, "S2")
            np.testing.assert_array_equal(values, pixels(index)[:, ORDER].transpose(0, 2, 1))
            np.testing.assert_array_equal(days.astype("datetime64[D]"), DAYS)
            parcel = store.parcels.iloc[row]
            assert parcel["region"] == f"31TCJ_b0{index % 2}"
            assert parcel["size"] == pytest.approx(parcel["area"] ** 0.5)

    def test_the_10_m_bands_come_first_in_the_arrays(self, run_import):
        _, store = run_import()
        values, _ = store.raw(store.row_of("31TCJ_2017_0"), "S2")
        near_infrared = SENSORS["S2"].bands.index("B8")
        np.testing.assert_array_equal(values[:, :, near_infrared], pixels(0)[:, 3])

    def test_classes_are_those_of_the_countrys_codes(self, run_import):
        report, store = run_import()
        names = store.info.nomenclature.by_code
        rows = [store.row_of(f"31TCJ_2017_{i}") for i in range(3)]
        assert [names[store.parcels.loc[row, "timematch_class"]].name for row in rows] == [
            "winter wheat",
            "meadow",
            "unknown",
        ]
        assert report.notes == ["crop codes of the class unknown: VRC (1)"]
        assert names[0].mixed

    def test_several_tiles_make_one_store(self, run_import, tmp_path):
        tile(tmp_path / "timematch", "denmark", "32VNH")
        report, store = run_import(tmp_path / "timematch")
        assert report.imported == 6
        assert store.regions == ("31TCJ_b00", "31TCJ_b01", "32VNH_b00", "32VNH_b01")
        codes = [
            store.parcels.loc[store.row_of(f"{name}_2017_0"), "timematch_class"]
            for name in ("31TCJ", "32VNH")
        ]
        assert codes[0] == codes[1]

    def test_a_block_is_the_same_region_in_every_year(self, run_import, tmp_path):
        tile(tmp_path / "timematch", year="2018")
        _, store = run_import(tmp_path / "timematch")
        assert store.regions == ("31TCJ_b00", "31TCJ_b01")
        assert len(store) == 6

    def test_the_country_can_be_named(self, run_import, folder, tmp_path):
        shutil.copytree(folder, tmp_path / "elsewhere")
        with pytest.raises(
            ValueError, match=r"no classes for the country .*; it has them for france, denmark, austria"
        ):
            run_import(tmp_path / "elsewhere")
        report, _ = run_import(tmp_path / "elsewhere", country="france")
        assert report.imported == 3

    def test_progress_ends_with_all_parcels(self, run_import):
        seen = []
        run_import(progress=lambda done, total: seen.append((done, total)))
        assert (seen[0], seen[-1]) == ((1, 3), (3, 3))


class TestClouds:
    @pytest.fixture
    def cloudy(self, tmp_path) -> Path:
        """L2A: a cloud over one pixel on the second date and over all of them on the third."""
        folder = tile(tmp_path / "cloudy", channels=11)
        for index in range(3):
            values = pixels(index, 11)
            values[:, 10] = 0
            values[1, 10, 0] = values[2, 10, :] = 65535
            write_array(folder / "data" / f"{index}.zarr", values)
        return folder

    def test_pixels_under_the_mask_are_hidden(self, run_import, cloudy):
        report, store = run_import(cloudy)
        assert not report.counts
        seen = store.series(store.row_of("31TCJ_2017_1"), "S2")
        np.testing.assert_array_equal(seen.dates, DAYS[[0, 1, 3]])
        assert np.isnan(seen.values[1, 0]).all()
        assert not np.isnan(np.delete(seen.values.reshape(-1, 10), seen.values.shape[1], axis=0)).any()

    def test_a_saturated_pixel_counts_as_hidden(self, run_import, cloudy):
        values = pixels(0, 11)
        values[:, 10] = 0
        values[0, 2, 1] = 65535
        write_array(cloudy / "data" / "0.zarr", values)
        _, store = run_import(cloudy)
        assert np.isnan(store.series(store.row_of("31TCJ_2017_0"), "S2").values[0, 1]).all()

    def test_without_a_mask_no_pixel_is_hidden(self, run_import):
        _, store = run_import()
        assert store.info.sensors["S2"].nodata is None

    def test_tiles_with_and_without_a_mask_are_not_mixed(self, run_import, cloudy, tmp_path):
        shutil.move(tmp_path / "timematch/france/31TCJ", tmp_path / "cloudy/france/30TXT")
        with pytest.raises(ValueError, match="with and without a cloud mask make no one store"):
            run_import(tmp_path / "cloudy")


BROKEN = {
    "two dimensions": (np.ones((4, 10), np.uint16), Reason.WRONG_DIMENSIONS, "shape (4, 10)"),
    "a channel short": (np.ones((4, 9, 2), np.uint16), Reason.WRONG_CHANNELS, "9 channels instead of 10"),
    "no pixel": (np.ones((4, 10, 0), np.uint16), Reason.EMPTY_PIXEL_SET, "4 dates of no pixel"),
    "a date short": (np.ones((3, 10, 2), np.uint16), Reason.DATE_COUNT, "4 dates for an array of 3"),
    "floats": (np.ones((4, 10, 2), np.float32), Reason.WRONG_TYPE, "float32 instead of uint16"),
}


class TestBrokenArrays:
    @pytest.mark.parametrize("fault", BROKEN)
    def test_a_faulty_array_is_told_and_left_out(self, folder, run_import, fault):
        values, reason, sentence = BROKEN[fault]
        shutil.rmtree(folder / "data" / "1.zarr")
        if values.size:
            write_array(folder / "data" / "1.zarr", values)
        else:
            described = json.loads((folder / "data" / "0.zarr" / ".zarray").read_text())
            (folder / "data" / "1.zarr").mkdir()
            (folder / "data" / "1.zarr" / ".zarray").write_text(
                json.dumps(described | {"shape": values.shape})
            )
        report, store = run_import()
        (problem,) = [problem for problem in report.problems if problem.reason is reason]
        assert sentence in problem.detail
        assert (problem.region, problem.parcel_id) == ("31TCJ_b01", "31TCJ_2017_1")
        assert len(store) == 2

    def test_an_array_that_is_missing_is_told(self, folder, run_import):
        shutil.rmtree(folder / "data" / "1.zarr")
        report, _ = run_import()
        assert report.counts[Reason.UNREADABLE_ARRAY] == 1

    def test_a_missing_chunk_is_not_read_as_zeros(self, folder, run_import):
        (folder / "data" / "1.zarr" / "1.0.0").unlink()
        report, _ = run_import()
        assert "1 of 2 chunks are missing" in report.problems[0].detail

    def test_a_truncated_chunk_is_told(self, folder, run_import):
        chunk = folder / "data" / "1.zarr" / "0.0.0"
        chunk.write_bytes(chunk.read_bytes()[:20])
        report, _ = run_import()
        assert report.problems[0].reason is Reason.UNREADABLE_ARRAY

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"dtype": "|O", "filters": [{"id": "pickle"}]}, "dtype '|O' is no number"),
            ({"filters": [{"id": "pickle"}]}, "filters are not read"),
            ({"compressor": {"id": "pickle"}}, "compressor {'id': 'pickle'} is none of blosc"),
            ({"zarr_format": 3}, "no array of zarr format 2"),
            ({"shape": [4, 10, "x"]}, "shape must be a list of sizes"),
            ({"shape": [4, 10, 10**9]}, "is larger than 2,147,483,648 bytes"),
        ],
    )
    def test_a_description_that_asks_for_more_than_numbers_is_refused(self, folder, change, sentence):
        path = folder / "data" / "0.zarr"
        described = json.loads((path / ".zarray").read_text())
        (path / ".zarray").write_text(json.dumps(described | change))
        with pytest.raises(ValueError) as error:
            read_zarr(path)
        assert sentence in str(error.value)

    def test_pickled_objects_are_never_run(self, folder, tmp_path):
        """An object array as zarr 2 itself wrote them, with the pickle filter."""

        class Dangerous:
            def __reduce__(self):
                return (os.mkdir, (str(tmp_path / "ran"),))

        path = folder / "data" / "0.zarr"
        shutil.rmtree(path)
        path.mkdir()
        (path / ".zarray").write_text(
            json.dumps(
                {
                    "zarr_format": 2,
                    "shape": [1],
                    "chunks": [1],
                    "dtype": "|O",
                    "compressor": None,
                    "fill_value": None,
                    "order": "C",
                    "filters": [{"id": "pickle", "protocol": 4}],
                }
            )
        )
        (path / "0").write_bytes(pickle.dumps(np.array([Dangerous()], dtype=object)))
        with pytest.raises(ValueError, match="is no number"):
            read_zarr(path)
        assert not (tmp_path / "ran").exists()


class TestBrokenMetadata:
    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            (lambda c: c.pop("parcels"), "must be a dict with a list 'parcels'"),
            (lambda c: c.update(dates="all"), "dates must be a list"),
            (
                lambda c: c["parcels"][1].pop("block"),
                r"parcels\[1\]: block must be a number from 0, not None",
            ),
            (
                lambda c: c["parcels"][1].update(label=None),
                r"parcels\[1\]: label must be a crop code, not None",
            ),
            (lambda c: c["parcels"].append(7), r"parcels\[3\] must be a dict"),
        ],
    )
    def test_a_missing_or_wrong_field_is_named(self, folder, run_import, change, sentence):
        content = metadata("france")
        change(content)
        write_metadata(folder, content)
        with pytest.raises(ValueError, match=rf"metadata\.pkl: {sentence}"):
            run_import()

    def test_a_pickle_of_more_than_plain_data_is_refused_and_not_run(self, folder, run_import, tmp_path):
        class Dangerous:
            def __reduce__(self):
                return (os.mkdir, (str(tmp_path / "ran"),))

        write_metadata(folder, metadata("france") | {"start_date": Dangerous()})
        with pytest.raises(ValueError, match=r"metadata\.pkl: refers to '.*mkdir', which is not plain data"):
            run_import()
        assert not (tmp_path / "ran").exists()

    def test_dates_that_are_none_are_dropped(self, folder, run_import):
        content = metadata("france")
        content["dates"][1] = 20171350
        write_metadata(folder, content)
        report, store = run_import()
        assert only_problem(report, Reason.INVALID_DATE).field == "dates"
        np.testing.assert_array_equal(store.series(0, "S2").dates, DAYS[[0, 2, 3]])

    def test_features_that_are_none_are_left_out(self, folder, run_import):
        content = metadata("france")
        content["parcels"][0]["geometric_features"] = [1.0, float("nan"), 1.0, 1.0]
        write_metadata(folder, content)
        _, store = run_import()
        assert np.isnan(store.parcels.loc[store.row_of("31TCJ_2017_0"), "area"])

    def test_a_folder_without_tiles_is_told(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="holds no TimeMatch data"):
            import_timematch(tmp_path, tmp_path / "store")


class TestClasses:
    def test_a_code_is_the_same_crop_however_it_is_written(self, folder, run_import, tmp_path):
        place = tile(tmp_path / "numbers", "denmark", "32VNH")
        content = metadata("denmark")
        for parcel, label in zip(content["parcels"], (11.0, "11", np.int64(11)), strict=True):
            parcel["label"] = label
        write_metadata(place, content)
        _, store = run_import(place)
        assert set(store.parcels["timematch_class"]) == {class_codes("denmark")["11"]}

    def test_every_country_has_winter_wheat_and_maize(self):
        by_name = {crop.name: crop.code for crop in timematch_classes().classes}
        assert len(by_name) == 19
        for country in ("denmark", "france", "austria"):
            assert {by_name["winter wheat"], by_name["corn"]} <= set(class_codes(country).values())
