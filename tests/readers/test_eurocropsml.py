"""EuroCropsML's preprocessed files: values, regions, codes and what is wrong with a file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from cropdash.datasets.import_report import Reason
from cropdash.datasets.label_options import LabelOptions
from cropdash.datasets.labels import prepare_labels
from cropdash.datasets.store import ParcelStore
from cropdash.readers.eurocropsml import import_eurocropsml, read_names
from tests.readers.eurocropsml_archive import DATES, MEADOW, PARCELS, WHEAT, archive, series
from tests.readers.reference_tree import only_problem


@pytest.fixture
def root(tmp_path) -> Path:
    return archive(tmp_path / "eurocropsml")


@pytest.fixture
def run_import(root, tmp_path):
    def run_import(source: Path | None = None, **options):
        report = import_eurocropsml(source or root, tmp_path / "store", **options)
        return report, ParcelStore.open(tmp_path / "store")

    return run_import


class TestWholeArchive:
    def test_values_dates_regions_and_codes_arrive(self, run_import):
        report, store = run_import()
        assert (report.imported, dict(report.counts)) == (4, {})
        assert store.regions == ("EE001", "LV003")
        assert store.info.season_origin == "01-01"
        for seed, (region, parcel, code) in enumerate(PARCELS):
            row = store.row_of(f"{region}_{parcel}")
            assert store.parcels.loc[row, "EC_hcat_c"] == code
            for sensor in ("S1", "S2"):
                found, source = store.series(row, sensor), series(sensor, seed)
                np.testing.assert_array_equal(found.dates, DATES[sensor])
                shared = (
                    source["data"] if sensor == "S1" else source["data"][:, [*range(1, 9), 11, 12]] / 10_000
                )
                np.testing.assert_allclose(found.values[:, 0], shared, rtol=1e-6)

    def test_sentinel_2_has_the_bands_that_data_sets_share(self, run_import):
        _, store = run_import()
        assert store.info.sensors["S2"].bands == (
            "B2",
            "B3",
            "B4",
            "B5",
            "B6",
            "B7",
            "B8",
            "B8A",
            "B11",
            "B12",
        )

    def test_all_thirteen_can_be_kept(self, run_import):
        _, store = run_import(all_bands=True)
        assert len(store.info.sensors["S2"].bands) == 13
        values, _ = store.raw(store.row_of("EE001_11"), "S2")
        np.testing.assert_array_equal(values[:, 0], series("S2", 0)["data"])

    def test_classes_have_their_names_and_their_long_codes_can_be_learnt(self, run_import):
        _, store = run_import()
        labels = prepare_labels(
            store.parcels, store.info.nomenclature, LabelOptions(), default_field=store.info.label_field
        )
        assert [(crop.code, crop.name) for crop in labels.classes] == [
            (WHEAT, "winter common soft wheat"),
            (MEADOW, "pasture meadow grassland grass"),
        ]

    @pytest.mark.parametrize("place", ["preprocess", "preprocess/S2", "flat"])
    def test_the_folder_may_be_named_at_any_level(self, run_import, root, place):
        (root / "preprocess" / "S2").rename(root / "flat") if place == "flat" else None
        report, store = run_import(root / place)
        assert report.imported == 4
        assert store.sensors == (("S1", "S2") if place == "preprocess" else ("S2",))

    def test_a_parcel_of_one_sensor_alone_comes_in(self, run_import, root):
        (root / "preprocess" / "S2" / f"LV003_7_{MEADOW}.npz").unlink()
        report, store = run_import()
        assert only_problem(report, Reason.SENSOR_MISSING).parcel_id == "LV003_7"
        assert store.series(store.row_of("LV003_7"), "S2") is None

    def test_padding_is_no_date(self, run_import, root):
        content = series("S2", 0)
        content["data"][1] = -999
        np.savez(root / "preprocess" / "S2" / f"EE001_11_{WHEAT}.npz", **content)
        report, store = run_import()
        assert not report.counts
        np.testing.assert_array_equal(store.series(store.row_of("EE001_11"), "S2").dates, DATES["S2"][[0, 2]])

    def test_progress_ends_with_all_parcels(self, run_import):
        seen = []
        run_import(progress=lambda done, total: seen.append((done, total)))
        assert (seen[0], seen[-1]) == ((1, 4), (4, 4))


class TestNames:
    def test_hcat_ships_with_394_names(self):
        names = read_names()
        assert len(names) == 394
        assert names[3301290700] == "sugar beet"

    def test_a_code_without_name_is_called_by_its_number(self, run_import, tmp_path):
        table = tmp_path / "HCAT3.csv"
        table.write_text(f"HCAT3_name,HCAT3_code\nmy_wheat,{WHEAT}\n")
        _, store = run_import(names=table)
        assert [crop.name for crop in store.info.nomenclature.classes] == ["my wheat", f"HCAT {MEADOW}"]

    @pytest.mark.parametrize(
        "text", ["a,b\n1,2\n", "HCAT3_name,HCAT3_code\nwheat,many\n", "HCAT3_name,HCAT3_code\nx\n"]
    )
    def test_a_table_of_another_kind_is_refused(self, tmp_path, text):
        table = tmp_path / "names.csv"
        table.write_text(text)
        with pytest.raises(ValueError, match=r"names\.csv: must be a table with the columns HCAT3_name"):
            read_names(table)


def pickled() -> np.ndarray:
    return np.array([[None] * 13] * 3, dtype=object)


BROKEN = {
    "too few bands": (
        lambda c: c | {"data": c["data"][:, :12]},
        Reason.WRONG_CHANNELS,
        "12 bands instead of 13",
    ),
    "one dimension": (lambda c: c | {"data": c["data"][0]}, Reason.WRONG_DIMENSIONS, "shape (13,)"),
    "a date short": (lambda c: c | {"dates": c["dates"][1:]}, Reason.DATE_COUNT, "2 dates for data of 3"),
    "dates of numbers": (
        lambda c: c | {"dates": np.arange(3)},
        Reason.ARRAY_WITHOUT_DATES,
        "dates: int64 of shape (3,)",
    ),
    "no dates": (lambda c: {"data": c["data"]}, Reason.UNREADABLE_ARRAY, "has no array 'dates'"),
    "words": (lambda c: c | {"data": np.full((3, 13), "x")}, Reason.WRONG_TYPE, "is no number"),
    "objects": (lambda c: c | {"data": pickled()}, Reason.UNREADABLE_ARRAY, "allow_pickle=False"),
    "no acquisition": (
        lambda c: c | {"data": c["data"][:0], "dates": c["dates"][:0]},
        Reason.NO_ACQUISITION,
        "left out",
    ),
    "not finite": (
        lambda c: c | {"data": c["data"] * [[np.nan], [1], [1]]},
        Reason.NOT_FINITE,
        "1 of 3 dates",
    ),
    "some bands padded": (
        lambda c: c | {"data": np.where(np.eye(3, 13) == 1, -999, c["data"])},
        Reason.PARTLY_MISSING,
        "3 of 3 dates dropped",
    ),
}


class TestBrokenFiles:
    @pytest.mark.parametrize("fault", BROKEN)
    def test_a_faulty_array_is_told_and_left_out(self, run_import, root, fault):
        change, reason, sentence = BROKEN[fault]
        np.savez(root / "preprocess" / "S2" / f"EE001_11_{WHEAT}.npz", **change(series("S2", 0)))
        report, _ = run_import()
        (problem,) = [problem for problem in report.problems if problem.reason is reason]
        assert sentence in problem.detail
        assert (problem.sensor, problem.parcel_id) == ("S2", "EE001_11")
        assert report.imported == 4

    def test_nothing_is_unpickled(self, run_import, root, tmp_path):
        class Dangerous:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "ran",))

        np.savez(
            root / "preprocess" / "S2" / f"EE001_11_{WHEAT}.npz",
            data=np.array([Dangerous()]),
            dates=DATES["S2"],
        )
        report, _ = run_import()
        assert report.counts[Reason.UNREADABLE_ARRAY] == 1
        assert not (tmp_path / "ran").exists()

    def test_a_truncated_file_is_told(self, run_import, root):
        path = root / "preprocess" / "S2" / f"EE001_11_{WHEAT}.npz"
        path.write_bytes(path.read_bytes()[:-30])
        report, _ = run_import()
        assert only_problem(report, Reason.UNREADABLE_ARRAY).detail.startswith(path.name)

    def test_an_array_that_pretends_to_be_huge_is_not_read(self, run_import, root, monkeypatch):
        monkeypatch.setattr("cropdash.readers.npz_archive.MAX_BYTES", 100)
        with pytest.raises(ValueError, match="no parcel can be imported"):
            run_import()

    def test_a_file_that_is_no_archive_is_told(self, run_import, root):
        (root / "preprocess" / "S1" / f"EE001_11_{WHEAT}.npz").write_bytes(b"no zip")
        report, _ = run_import()
        assert only_problem(report, Reason.UNREADABLE_ARRAY).sensor == "S1"

    def test_an_archive_of_other_files_is_told(self, run_import, root):
        with zipfile.ZipFile(root / "preprocess" / "S1" / f"EE001_11_{WHEAT}.npz", "w") as archive:
            archive.writestr("data.npy", b"no array")
            archive.writestr("dates.npy", b"no array")
        report, _ = run_import()
        assert only_problem(report, Reason.UNREADABLE_ARRAY).sensor == "S1"

    def test_a_name_of_another_form_is_told(self, run_import, root):
        (root / "preprocess" / "S2" / "notes.npz").write_bytes(b"")
        report, _ = run_import()
        assert only_problem(report, Reason.INVALID_NAME).detail == "notes.npz; not imported"

    def test_codes_that_differ_between_sensors_are_told(self, run_import, root):
        folder = root / "preprocess" / "S2"
        (folder / f"EE001_11_{WHEAT}.npz").rename(folder / f"EE001_11_{MEADOW}.npz")
        report, _ = run_import()
        assert only_problem(report, Reason.CONFLICTING_LABEL).parcel_id == "EE001_11"
        assert report.imported == 3

    def test_a_folder_without_files_is_told(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="holds no preprocessed EuroCropsML files"):
            import_eurocropsml(tmp_path, tmp_path / "store")
