"""One parcel in the drawer: series, NDVI, attention, facts and every run's answer."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.analysis.band_series import ndvi
from cropdash.dashboard.map.shared_outlines import outlines_of
from cropdash.dashboard.parcel.facts import (
    RunAnswer,
    answers_html,
    facts,
    listed_classes,
    outline_svg,
    run_answer,
)
from cropdash.dashboard.parcel.series import OpticalView, panels
from cropdash.dashboard.parcel.series_plot import series_plot
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import CropClass
from cropdash.runs.run import Run
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ParcelStore:
    return random_store(tmp_path_factory.mktemp("data") / "fields", missing={"S1": 1})


@pytest.fixture(scope="module")
def run(store: ParcelStore, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return example_run(tmp_path_factory.mktemp("runs"), store.path, "early (nn)", unanswered=1)


def test_ndvi_is_the_normalised_difference_and_unknown_on_bare_zero() -> None:
    values = np.array([[[0.1, 0.5], [0.0, 0.0]]], np.float32)
    assert ndvi(values, ("B4", "B8"))[0] == pytest.approx([0.4 / 0.6, np.nan], nan_ok=True)


def test_panels_hold_mean_and_spread_over_the_pixels(store: ParcelStore) -> None:
    row = store.row_of("r4-003")
    radar, optical = panels(store, row)
    series = store.series(row, "S1")
    assert series is not None
    assert radar.bands[0].mean == pytest.approx(series.values[:, :, 0].mean(axis=1), rel=1e-5)
    assert radar.bands[1].spread == pytest.approx(series.values[:, :, 1].std(axis=1), rel=1e-3)
    assert [band.name for band in optical.bands] == ["NDVI"]
    assert len(panels(store, row, optical=OpticalView.ALL)[1].bands) == 10


def test_a_sensor_without_dates_has_no_panel(store: ParcelStore) -> None:
    assert [panel.sensor for panel in panels(store, store.row_of("r4-000"))] == ["S2"]


def test_joint_attention_stands_in_the_panels_of_both_sensors(store: ParcelStore, run: Run) -> None:
    answered = run.predictions().query("predicted >= 0")["parcel_id"].tolist()  # type: ignore[union-attr]
    parcel = next(parcel for parcel in answered if parcel != "r4-000")
    shown = panels(store, store.row_of(parcel), attention=run.attention)
    assert [panel.attention_of for panel in shown] == ["S1+S2", "S1+S2"]
    assert shown[0].attention.sum() == pytest.approx(1, abs=1e-4)
    one = panels(store, store.row_of(parcel), attention=run.attention, head=2)
    assert not np.allclose(one[0].attention, shown[0].attention)
    assert series_plot(shown, date="2019-05-01").children


def test_facts_name_class_area_and_acquisitions(store: ParcelStore) -> None:
    told = dict(facts(store, store.row_of("r4-000"), outlines_of(store, ("r4",))))
    assert told["region"] == "r4"
    assert told["true class"] == "wheat (code 1)"
    assert told["area"].endswith(" ha")
    assert told["Sentinel-1 (radar)"] == "no acquisition"


def test_the_picture_shows_the_parcel_with_a_round_scale(store: ParcelStore) -> None:
    outlines = outlines_of(store, ("r4",))
    assert outlines is not None
    svg = outline_svg(outlines, 0, "#123456")
    assert "fill:#123456" in svg
    assert any(f">{length} m<" in svg for length in (10, 20, 50, 100))


def test_a_run_answers_for_its_test_parcels_only(store: ParcelStore, run: Run) -> None:
    predictions = run.predictions()
    assert predictions is not None
    silent = predictions.loc[predictions["predicted"] < 0, "parcel_id"].iloc[0]
    told = run_answer(run, silent, "r4", "a", "#000000")
    assert told is not None and told.verdict == "no prediction" and not listed_classes(told)
    assert run_answer(run, "r1-000", "r1", "a", "#000000") is None


def test_bars_list_the_probable_classes_and_always_the_true_one() -> None:
    classes = tuple(CropClass(code=i, name=f"<{i}>", colour="#000000") for i in range(8))
    told = RunAnswer("<b>", "#000000", classes, 7, 0, (0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.015, 0.005))
    assert listed_classes(told) == [0, 1, 2, 3, 7]
    written = answers_html([told])
    assert "wrong" in written and "&lt;0&gt;" in written
    assert "<b><b>" not in written, "names are escaped"
