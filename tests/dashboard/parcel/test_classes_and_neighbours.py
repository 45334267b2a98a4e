"""What stands around a parcel: its classes behind its series, hidden dates, the nearest of its class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cropdash.analysis.class_profiles import class_profiles
from cropdash.dashboard.map.shared_outlines import outlines_of
from cropdash.dashboard.parcel.classes_behind import ClassBehind, classes_of, reading
from cropdash.dashboard.parcel.facts import RunAnswer, verdict
from cropdash.dashboard.parcel.nearest import nearest_of_class
from cropdash.dashboard.parcel.series import OpticalView, panels, series_table
from cropdash.dashboard.parcel.series_plot import series_plot
from cropdash.datasets.store import ParcelStore
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ParcelStore:
    return random_store(tmp_path_factory.mktemp("around") / "fields", 16, hidden={"S2": 0.3})


def answer(store: ParcelStore, truth: int, predicted: int) -> RunAnswer:
    names = store.info.nomenclature.by_code
    classes = tuple(names[code] for code in (1, 2, 18, 25))
    return RunAnswer("early", "#000000", classes, truth, predicted, (0.25,) * 4 if predicted >= 0 else ())


def test_the_nearest_of_the_same_class_come_in_order_with_their_distance(store: ParcelStore) -> None:
    row = store.row_of("r4-000")
    outlines = outlines_of(store, ("r4",))
    assert outlines is not None
    found = nearest_of_class(store, outlines, row, most=2)
    # Parcels stand 100 m apart, eight a line; classes repeat after four.
    assert [one.parcel for one in found] == ["r4-008", "r4-004"]
    assert found[0].words == "r4-008, 100 m north"
    assert found[1].words == "r4-004, 400 m east"
    assert len(nearest_of_class(store, outlines, row)) == 3, "all others of the class, where there are few"


def test_a_parcel_without_an_outline_has_no_neighbours(store: ParcelStore) -> None:
    outlines = outlines_of(store, ("r3",))
    assert outlines is not None
    assert nearest_of_class(store, outlines, store.row_of("r4-000")) == []


def test_the_mapped_class_stands_behind_only_where_it_is_another(store: ParcelStore) -> None:
    row = store.row_of("r4-000")
    assert [(role, crop.code) for role, crop in classes_of(store, row, None, answer(store, 0, 1))] == [
        ("true", 1),
        ("mapped", 2),
    ]
    assert [role for role, _ in classes_of(store, row, None, answer(store, 0, 0))] == ["true"]
    assert [role for role, _ in classes_of(store, row, None, answer(store, -1, 3))] == ["mapped"]
    assert [(r, c.code) for r, c in classes_of(store, row, None, None)] == [("true", 1)]


def test_classes_are_read_from_the_runs_test_regions(store: ParcelStore, tmp_path: Path) -> None:
    run = example_run(tmp_path, store.path, "S2")
    ((role, crop, work),) = reading(store, store.row_of("r4-000"), run, answer(store, 0, 0))
    assert (role, crop.code, work.result().parcels) == ("true", 1, 4)
    told = ClassBehind("true", crop, work.result()).words
    assert told.startswith("Dashed grey: mean of 4 parcels of wheat, its true class")


def test_the_class_is_drawn_behind_one_or_two_bands_and_not_behind_many(store: ParcelStore) -> None:
    row = store.row_of("r4-001")
    crop = store.info.nomenclature.by_code[2]
    behind = [ClassBehind("true", crop, class_profiles(store, np.arange(len(store))))]

    def lines(optical: OpticalView, classes: list[ClassBehind]) -> int:
        plot = series_plot(panels(store, row, optical=optical), behind=classes)
        return sum(type(r.glyph).__name__ == "Line" for child in plot.children for r in child.renderers)

    assert lines(OpticalView.NDVI, behind) == lines(OpticalView.NDVI, []) + 3
    assert lines(OpticalView.ALL, behind) == lines(OpticalView.ALL, []) + 2, "radar has two bands still"


def test_dates_on_which_no_pixel_was_seen_are_marked(store: ParcelStore) -> None:
    (_, optical) = panels(store, store.row_of("r4-001"))
    assert len(optical.unseen) == 0
    band = optical.bands[0]
    mean = band.mean.copy()
    mean[2] = np.nan
    cloudy = replace(optical, bands=(replace(band, mean=mean),))
    assert cloudy.unseen.tolist() == [band.dates[2].item()]
    plot = series_plot([cloudy])
    assert [r.glyph.marker for c in plot.children for r in c.renderers if hasattr(r.glyph, "marker")].count(
        "x"
    ) == 1


def test_the_table_behind_the_series_names_every_band(store: ParcelStore) -> None:
    table = series_table(panels(store, store.row_of("r4-001")))
    assert set(table["band"]) == {"NDVI", "VV", "VH"}
    assert series_table([]).empty


def test_the_verdict_counts_what_the_runs_say(store: ParcelStore) -> None:
    right, wrong, silent = answer(store, 0, 0), answer(store, 0, 1), answer(store, 0, -1)
    assert verdict([right]) == "The run says wheat, which is right."
    assert (
        verdict([right, wrong, right, silent])
        == "2 of 4 runs say wheat, which is right; 1 says maize, which is wrong."
    )
    assert verdict([silent]) == "No run has a prediction for it."
    assert verdict([answer(store, -1, 1), answer(store, -1, 1)]) == "2 of 2 runs say maize."
