"""The Season page's curves: published ones under one set of names, reference runs beside them, colours."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from cropdash.analysis.season import first_reached
from cropdash.dashboard.colours import run_style
from cropdash.dashboard.season.curves import (
    Curve,
    date_of,
    dates_of,
    season_curves,
)
from cropdash.dashboard.state import Choices
from cropdash.runs.library import RunLibrary
from cropdash.runs.published import published, sparse


def test_both_published_tables_call_an_experiment_alike() -> None:
    curves = season_curves()
    assert [curve.name for curve in curves.curves] == [
        "Sentinel-1 alone",
        "Sentinel-2 alone",
        "Early fusion",
        "Fusion in time",
        "Decision fusion (mean)",
    ]
    assert set(curves.days["experiment"]) == {"S1", "S2", "early"}
    assert set(curves.s2_share["experiment"]) == {"S2", "early", "tsa", "softmax_avg"}


def test_the_caveats_of_both_tables_are_kept_each_once() -> None:
    caveats = season_curves().caveats
    assert len(caveats) == len(set(caveats))
    assert any("no per-class F1" in caveat for caveat in caveats)
    assert any("doubtful" in caveat for caveat in caveats)


def test_of_classes_only_recalls_were_published() -> None:
    curves = season_curves()
    assert list(curves.metrics(1)) == ["recall"]
    assert {"macro_f1", "accuracy", "kappa"} <= set(curves.metrics(None))


def test_the_quarters_end_on_their_last_day_and_shares_keep_the_studys_dates() -> None:
    assert [str(date_of(days)) for days in (92, 182, 273, 365, 457)] == [
        "2018-12-31",
        "2019-03-31",
        "2019-06-30",
        "2019-09-30",
        "2019-12-31",
    ]
    table = sparse().data
    for percent, dates in table[["s2_percent", "s2_dates"]].drop_duplicates().itertuples(index=False):
        assert dates_of(percent / 100) == dates


def test_a_curve_has_the_colour_of_its_published_result_where_that_is_chosen() -> None:
    curve = Curve("published", "S2")
    choices = Choices(runs=["published/s1", "published/s2"])
    assert curve.style(choices) == run_style(choices, "published/s2")
    colours = {one.style(Choices()).colour for one in season_curves().curves}
    assert len(colours) == 5


def test_every_curve_whose_colour_may_be_chosen_ends_at_its_published_result() -> None:
    """The whole season of the curve and the published experiment are the same figures."""
    curves = season_curves()
    results = {result.id: result for result in published()}
    for experiment, result in (
        ("S1", "published/s1"),
        ("S2", "published/s2"),
        ("early", "published/early-nn"),
    ):
        table = curves.days
        last = table[
            (table["experiment"] == experiment) & (table["days"] == 457) & (table["metric"] == "accuracy")
        ]
        assert float(last["value"].iloc[0]) == pytest.approx(results[result].scores().overall["accuracy"])


def test_reference_runs_of_quarters_join_with_figures_of_their_own(shared: Path, tmp_path: Path) -> None:
    for run in ("series1/s1_1", "series3/s1_1"):
        shutil.copytree(shared / "reference/runs" / run, tmp_path / run)
    results = RunLibrary(tmp_path).results()
    curves = season_curves(results)
    joined = curves.days[curves.days["source"] == "reference"]
    assert sorted(joined["days"].unique()) == [92, 273]
    assert Curve("reference", "S1").name == "Sentinel-1 alone (reference runs)"
    assert "f1" in curves.metrics(1)
    wheat = first_reached(joined[joined["code"] == 1], 0.5, "f1")
    assert np.isfinite(wheat["first"].iloc[0])
    assert season_curves(results, ["nowhere"]).days["source"].unique().tolist() == ["published"]
