"""One fault in a reference folder each: the report names it and nothing else, and the rest comes in."""

from __future__ import annotations

import io
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from cropdash.datasets.import_report import Reason
from cropdash.datasets.store import ParcelStore
from cropdash.readers.inspection import inspect
from cropdash.readers.reference_series import read_series
from tests.readers.reference_tree import DATES, edit_array, edit_meta, only_problem, write_meta


def ids(store: ParcelStore) -> list[str]:
    return store.parcels["parcel_id"].tolist()


def test_parcel_missing_in_one_sensor(reference_root, run_import):
    (reference_root / "s1_data" / "ra" / "DATA" / "12.npy").unlink()
    report, store = run_import()
    problem = only_problem(report, Reason.SENSOR_MISSING)
    assert (problem.sensor, problem.region, problem.parcel_id) == ("S1", "ra", "12")
    assert report.imported == 6
    assert store.series(store.row_of("12"), "S1") is None
    assert store.series(store.row_of("12"), "S2") is not None


def test_region_missing_in_one_sensor(reference_root, run_import):
    shutil.rmtree(reference_root / "s2_data" / "rb")
    report, store = run_import()
    assert dict(report.counts) == {Reason.SENSOR_MISSING: 3}
    assert len(store.rows(["rb"])) == 3


def test_label_without_array(reference_root, run_import):
    for folder in ("s1_data", "s2_data"):
        (reference_root / folder / "ra" / "DATA" / "12.npy").unlink()
    report, store = run_import()
    assert only_problem(report, Reason.LABEL_WITHOUT_ARRAY).parcel_id == "12"
    assert "12" not in ids(store)


def test_a_region_without_any_array(reference_root, run_import):
    for folder in ("s1_data", "s2_data"):
        shutil.rmtree(reference_root / folder / "ra" / "DATA")
    report, store = run_import()
    assert dict(report.counts) == {Reason.LABEL_WITHOUT_ARRAY: 3}
    assert store.regions == ("rb",)


def test_a_sensors_folder_without_any_region(reference_root, run_import):
    for place in list((reference_root / "s1_data").iterdir()):
        shutil.rmtree(place)
    report, store = run_import()
    assert report.notes == ["s1_data holds no region, so S1 is not read"]
    assert store.sensors == ("S2",)


@pytest.mark.parametrize("value", [2**31, 10**30, 1e300, "9" * 12, "9" * 5000])
def test_a_code_too_large_to_be_one(reference_root, run_import, value):
    for folder in ("s1_data", "s2_data"):
        edit_meta(
            reference_root / folder / "ra",
            "labels",
            lambda labels: labels["CODE_GROUP"].update({"11": value}),
        )
    report, store = run_import()
    assert report.counts[Reason.INVALID_LABEL] == 1
    assert "11" not in ids(store)


def test_an_array_whose_header_promises_more_than_any_memory(reference_root, run_import):
    path = reference_root / "s2_data" / "ra" / "DATA" / "11.npy"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**5, 10, 10**8)}
    )
    path.write_bytes(header.getvalue())
    report, _ = run_import()
    assert only_problem(report, Reason.UNREADABLE_ARRAY).parcel_id == "11"


@pytest.mark.parametrize("name", ["labels", "dates", "geomfeat"])
def test_a_key_given_twice_is_named(reference_root, run_import, name):
    path = reference_root / "s2_data" / "rb" / "META" / f"{name}.json"
    path.write_text('{"11": [], "11": []}')
    with pytest.raises(
        ValueError, match=rf"rb/META/{name}\.json: not valid JSON \(one object names '11' 2 times"
    ):
        run_import()


def test_array_without_label(reference_root, run_import):
    for folder in ("s1_data", "s2_data"):
        edit_meta(reference_root / folder / "ra", "labels", lambda labels: labels["CODE_GROUP"].pop("13"))
    report, store = run_import()
    assert only_problem(report, Reason.ARRAY_WITHOUT_LABEL).parcel_id == "13"
    assert "13" not in ids(store)


def test_array_with_another_label_only(reference_root, run_import):
    place = reference_root / "s1_data" / "ra"
    edit_meta(place, "labels", lambda labels: labels.update(OTHER={"13": 7}))
    for folder in ("s1_data", "s2_data"):
        edit_meta(reference_root / folder / "ra", "labels", lambda labels: labels["CODE_GROUP"].pop("13"))
    report, store = run_import()
    assert only_problem(report, Reason.ARRAY_WITHOUT_LABEL).field == "CODE_GROUP"
    assert store.parcels.loc[store.row_of("13"), ["CODE_GROUP", "OTHER"]].tolist() == [-1, 7]


def test_a_label_in_one_sensors_file_is_enough(reference_root, run_import):
    (reference_root / "s2_data" / "ra" / "META" / "labels.json").unlink()
    report, _ = run_import()
    assert not report.counts


@pytest.mark.parametrize("value", [None, "maize", 1.5, -3, True, [1]])
def test_invalid_label(reference_root, run_import, value):
    for folder in ("s1_data", "s2_data"):
        edit_meta(
            reference_root / folder / "ra",
            "labels",
            lambda labels: labels["CODE_GROUP"].update({"11": value}),
        )
    report, store = run_import()
    assert dict(report.counts) == {Reason.INVALID_LABEL: 1, Reason.ARRAY_WITHOUT_LABEL: 1}
    assert "11" not in ids(store)


def test_label_that_differs_between_sensors(reference_root, run_import):
    edit_meta(
        reference_root / "s2_data" / "ra", "labels", lambda labels: labels["CODE_GROUP"].update({"11": 25})
    )
    report, store = run_import()
    assert dict(report.counts) == {Reason.CONFLICTING_LABEL: 1, Reason.ARRAY_WITHOUT_LABEL: 1}
    assert "1 in S1, 25 in S2" in report.problems[0].detail
    assert "11" not in ids(store)


def test_array_without_dates(reference_root, run_import):
    edit_meta(reference_root / "s2_data" / "rb", "dates", lambda dates: dates.pop("21"))
    report, store = run_import()
    assert only_problem(report, Reason.ARRAY_WITHOUT_DATES).sensor == "S2"
    assert store.series(store.row_of("21"), "S2") is None


def test_region_without_dates_file(reference_root, run_import):
    (reference_root / "s2_data" / "rb" / "META" / "dates.json").unlink()
    report, _ = run_import()
    assert dict(report.counts) == {Reason.ARRAY_WITHOUT_DATES: 3}


def test_number_of_dates_differs(reference_root, run_import):
    edit_meta(
        reference_root / "s1_data" / "ra", "dates", lambda dates: dates.update({"11": DATES["s1_data"][:-1]})
    )
    report, store = run_import()
    assert only_problem(report, Reason.DATE_COUNT).detail.startswith("3 dates for an array of 4")
    assert store.series(0, "S1") is None


@pytest.mark.parametrize("wrong", [20180229, 20181301, 20181100, 181005, "yesterday", None, -5, 10**12, 1.5])
def test_invalid_date_is_dropped_with_its_values(reference_root, run_import, wrong):
    dates = [DATES["s1_data"][0], wrong, *DATES["s1_data"][2:]]
    edit_meta(reference_root / "s1_data" / "ra", "dates", lambda content: content.update({"11": dates}))
    source = np.load(reference_root / "s1_data" / "ra" / "DATA" / "11.npy")
    report, store = run_import()
    assert str(wrong) in only_problem(report, Reason.INVALID_DATE).detail
    np.testing.assert_array_equal(store.raw(0, "S1")[0], source[[0, 2, 3]].transpose(0, 2, 1))


def test_dates_as_text_are_read(reference_root, run_import):
    dates = ["20181005", "2018-10-17", "2018-10-29", 20181110]
    edit_meta(reference_root / "s1_data" / "ra", "dates", lambda content: content.update({"11": dates}))
    report, store = run_import()
    assert not report.counts
    np.testing.assert_array_equal(store.series(0, "S1").dates, store.series(1, "S1").dates)


def test_unsorted_dates_are_sorted_with_their_values(reference_root, run_import):
    dates = DATES["s1_data"]
    edit_meta(reference_root / "s1_data" / "ra", "dates", lambda content: content.update({"11": dates[::-1]}))
    source = np.load(reference_root / "s1_data" / "ra" / "DATA" / "11.npy")
    report, store = run_import()
    assert only_problem(report, Reason.UNSORTED_DATES).parcel_id == "11"
    np.testing.assert_array_equal(store.raw(0, "S1")[0], source[::-1].transpose(0, 2, 1))
    assert (np.diff(store.series(0, "S1").dates).astype(int) > 0).all()


def test_of_a_repeated_date_the_first_is_kept(reference_root, run_import):
    dates = [DATES["s1_data"][0], DATES["s1_data"][1], DATES["s1_data"][1], DATES["s1_data"][3]]
    edit_meta(reference_root / "s1_data" / "ra", "dates", lambda content: content.update({"11": dates}))
    source = np.load(reference_root / "s1_data" / "ra" / "DATA" / "11.npy")
    report, store = run_import()
    assert "2018-10-17" in only_problem(report, Reason.REPEATED_DATE).detail
    np.testing.assert_array_equal(store.raw(0, "S1")[0], source[[0, 1, 3]].transpose(0, 2, 1))


def test_of_repeated_dates_out_of_order_the_first_in_the_file_is_kept(tmp_path):
    days = np.random.default_rng(0).integers(20181001, 20181031, size=300).tolist()
    np.save(tmp_path / "1.npy", np.arange(300, dtype=np.float32).reshape(300, 1, 1))
    reasons = []
    values, dates = read_series(
        tmp_path / "1.npy", days, channels=1, report=lambda reason, _: reasons.append(reason)
    )
    assert reasons == [Reason.UNSORTED_DATES, Reason.REPEATED_DATE]
    assert values.ravel().tolist() == [days.index(day) for day in sorted(set(days))]
    assert len(dates) == len(set(days))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_dates_with_values_that_are_not_finite_are_dropped(reference_root, run_import, value):
    def spoil(array):
        array[1, 0, 2] = array[3, 1, 0] = value
        return array

    source = np.load(reference_root / "s1_data" / "ra" / "DATA" / "11.npy")
    edit_array(reference_root / "s1_data" / "ra", "11", spoil)
    report, store = run_import()
    assert only_problem(report, Reason.NOT_FINITE).detail == "2 of 4 dates dropped"
    np.testing.assert_array_equal(store.raw(0, "S1")[0], source[[0, 2]].transpose(0, 2, 1))


def test_a_parcel_that_loses_all_dates(reference_root, run_import):
    edit_array(reference_root / "s1_data" / "ra", "11", lambda a: np.full_like(a, np.nan))
    report, store = run_import()
    assert dict(report.counts) == {Reason.NOT_FINITE: 1, Reason.NO_DATE_LEFT: 1}
    assert store.series(0, "S1") is None


def test_a_parcel_without_any_usable_series_is_left_out(reference_root, run_import):
    edit_array(reference_root / "s1_data" / "ra", "11", lambda a: np.full_like(a, np.nan))
    (reference_root / "s2_data" / "ra" / "DATA" / "11.npy").unlink()
    report, store = run_import()
    assert report.counts[Reason.NO_SERIES] == 1
    assert "11" not in ids(store)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: a[:, :1], Reason.WRONG_CHANNELS),
        (lambda a: a.transpose(0, 2, 1), Reason.WRONG_CHANNELS),
        (lambda a: a[0], Reason.WRONG_DIMENSIONS),
        (lambda a: a[..., None], Reason.WRONG_DIMENSIONS),
        (lambda a: a[:, :, :0], Reason.EMPTY_PIXEL_SET),
        (lambda a: a[:0], Reason.NO_ACQUISITION),
        (lambda a: a.astype(complex), Reason.WRONG_TYPE),
        (lambda a: a > 0, Reason.WRONG_TYPE),
        (lambda a: a.astype(str), Reason.WRONG_TYPE),
    ],
)
def test_arrays_of_the_wrong_kind_are_left_out(reference_root, run_import, change, reason):
    edit_array(reference_root / "s1_data" / "ra", "13", change)
    report, store = run_import()
    problem = only_problem(report, reason)
    assert (problem.sensor, problem.region, problem.parcel_id) == ("S1", "ra", "13")
    assert report.imported == 6
    assert store.series(2, "S1") is None


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01", b"not an array", pickle.dumps([1, 2])])
def test_unreadable_arrays_are_left_out(reference_root, run_import, content):
    (reference_root / "s1_data" / "ra" / "DATA" / "13.npy").write_bytes(content)
    report, store = run_import()
    assert only_problem(report, Reason.UNREADABLE_ARRAY).parcel_id == "13"
    assert store.series(2, "S1") is None


def test_truncated_arrays_are_left_out(reference_root, run_import):
    path = reference_root / "s2_data" / "ra" / "DATA" / "13.npy"
    path.write_bytes(path.read_bytes()[:-7])
    report, _ = run_import()
    assert only_problem(report, Reason.UNREADABLE_ARRAY).sensor == "S2"


def test_arrays_of_objects_are_never_unpickled(reference_root, run_import, tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    np.save(
        reference_root / "s1_data" / "ra" / "DATA" / "13.npy",
        np.array([Evil()], dtype=object),
        allow_pickle=True,
    )
    report, _ = run_import()
    assert only_problem(report, Reason.UNREADABLE_ARRAY).parcel_id == "13"
    assert not (tmp_path / "ran").exists()


def test_archives_in_place_of_arrays_are_left_out(reference_root, run_import):
    path = reference_root / "s1_data" / "ra" / "DATA" / "13.npy"
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(3))
    report, _ = run_import()
    assert "an archive" in only_problem(report, Reason.UNREADABLE_ARRAY).detail


def test_an_id_in_two_regions_is_read_once(reference_root, run_import):
    for folder in ("s1_data", "s2_data"):
        shutil.copy(
            reference_root / folder / "ra" / "DATA" / "11.npy",
            reference_root / folder / "rb" / "DATA" / "11.npy",
        )
        for name in ("labels", "dates"):
            edit_meta(
                reference_root / folder / "rb",
                name,
                lambda c, n=name, f=folder: (
                    c["CODE_GROUP"].update({"11": 1}) if n == "labels" else c.update({"11": DATES[f]})
                ),
            )
    report, store = run_import()
    problem = only_problem(report, Reason.REPEATED_ID)
    assert (problem.region, problem.parcel_id) == ("rb", "11")
    assert store.parcels.loc[store.row_of("11"), "region"] == "ra"


@pytest.mark.parametrize("features", [[1, 2, 3], [1, 2, 3, float("nan")], ["a", 1, 2, 3], None, "x"])
def test_invalid_features(reference_root, run_import, features):
    edit_meta(reference_root / "s1_data" / "ra", "geomfeat", lambda content: content.update({"11": features}))
    (reference_root / "s2_data" / "ra" / "META" / "geomfeat.json").unlink()
    report, store = run_import()
    assert only_problem(report, Reason.INVALID_FEATURES).parcel_id == "11"
    assert np.isnan(store.parcels.loc[0, "area"])
    assert store.parcels.loc[1, "area"] == 600


def test_features_that_differ_between_sensors(reference_root, run_import):
    edit_meta(
        reference_root / "s1_data" / "ra", "geomfeat", lambda content: content.update({"11": [1, 2, 3, 4]})
    )
    report, store = run_import()
    assert only_problem(report, Reason.CONFLICTING_FEATURES).parcel_id == "11"
    assert np.isnan(store.parcels.loc[0, "area"])


def test_codes_outside_the_nomenclature_are_noted(reference_root, run_import):
    for folder in ("s1_data", "s2_data"):
        edit_meta(
            reference_root / folder / "ra", "labels", lambda labels: labels["CODE_GROUP"].update({"11": 77})
        )
    report, store = run_import()
    assert report.notes == ["CODE_GROUP 77 (1 parcels) is not in the nomenclature rpg_groups"]
    assert store.parcels.loc[0, "CODE_GROUP"] == 77


@pytest.mark.parametrize("name", ["labels", "dates", "geomfeat"])
@pytest.mark.parametrize("text", ["{", "[1, 2", '"text"', "\xff"])
def test_malformed_json_is_named(reference_root, run_import, name, text, tmp_path):
    path = reference_root / "s2_data" / "rb" / "META" / f"{name}.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=rf"rb/META/{name}\.json: (not valid JSON|must )"):
        run_import()
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels", {"11": 1}),
        ("labels", [1, 2]),
        ("dates", {"0": 20181005, "2": 20181006}),
        ("dates", {"11": [20181005], "12": 20181006}),
        ("geomfeat", [1, 2, 3, 4]),
    ],
)
def test_json_of_another_structure_is_named(reference_root, run_import, name, content):
    write_meta(reference_root / "s2_data" / "rb", name, content)
    with pytest.raises(ValueError, match=rf"rb/META/{name}\.json: "):
        run_import()


def test_no_labels_at_all(reference_root, run_import):
    for path in reference_root.glob("*/*/META/labels.json"):
        path.unlink()
    with pytest.raises(ValueError, match=r"no parcel has a label; .* imported with --keep-unlabelled"):
        run_import()


def test_parcels_without_any_label_are_imported_for_prediction_where_that_is_asked_for(
    reference_root, run_import
):
    for path in reference_root.glob("*/*/META/labels.json"):
        path.unlink()
    report, store = run_import(keep_unlabelled=True)
    assert not report.counts
    assert report.notes == ["6 parcels have no CODE_GROUP: they can be predicted, not learnt from"]
    assert store.parcels["CODE_GROUP"].tolist() == [-1] * 6
    for source in (reference_root, store):
        found = inspect(source)
        assert (found.parcels, found.classes, found.missing["label"]) == (6, [], 6)
        assert "none has a label" in found.text()


def test_parcels_with_and_without_a_label_stand_in_one_store_where_that_is_asked_for(
    reference_root, run_import
):
    for folder in ("s1_data", "s2_data"):
        edit_meta(reference_root / folder / "ra", "labels", lambda labels: labels["CODE_GROUP"].pop("13"))
    report, store = run_import(keep_unlabelled=True)
    assert not report.counts
    assert store.parcels.loc[store.row_of("13"), "CODE_GROUP"] == -1
    assert (store.parcels["CODE_GROUP"] >= 0).sum() == 5


def test_an_unknown_label_field_is_refused_with_the_known_ones(run_import):
    with pytest.raises(ValueError, match=r"no label 'CROP'; its labels\.json name CODE_GROUP"):
        run_import(label_field="CROP")


def test_nothing_to_import_tells_why(reference_root, run_import, tmp_path):
    for path in reference_root.glob("*/*/DATA/*.npy"):
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="no parcel can be imported") as error:
        run_import()
    assert "12  unreadable array" in str(error.value)
    assert not (tmp_path / "store").exists()
