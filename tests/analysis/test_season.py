"""Curves over the season and over cloud, from runs and publications, and the date that a rule reads off them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cropdash.analysis.season import (
    COLUMNS,
    Seen,
    first_reached,
    published_season,
    season_table,
    seen,
)
from cropdash.runs.published import published
from cropdash.runs.reference_results import ReferenceRun
from cropdash.runs.run import Run
from cropdash.runs.run_folder import SPEC
from tests.runs.example_run import example_run


def run_that_saw(folder: Path, experiment: str = "tsa", seed: int = 1, **sampling: Any) -> Run:
    run = example_run(folder / "-".join(map(str, sampling.values())), experiment=experiment, seed=seed)
    path = run.folder.file(SPEC)
    path.write_text(json.dumps({**json.loads(path.read_text()), "sampling": sampling}))
    return Run(run.folder.path, id=f"{run.folder.path.parent.name}/{run.id}")


def curve(values: dict[float, float], along: str = "days", **fields: object) -> pd.DataFrame:
    """The F1 of wheat at these points, in the columns of a season table."""
    other = "s2_share" if along == "days" else "days"
    table = pd.DataFrame({along: list(values), "value": list(values.values()), other: np.nan})
    table = table.assign(
        **{"source": "run", "experiment": "tsa", "code": 1, "class": "wheat", "metric": "f1", **fields}
    )
    return table.assign(code=table["code"].astype("Int64")).reindex(columns=COLUMNS)


def only(found: pd.DataFrame) -> dict[str, Any]:
    assert len(found) == 1
    return {str(name): value for name, value in found.iloc[0].to_dict().items()}


# --- the rule ----------------------------------------------------------------------------------------


def test_the_first_date_is_the_one_from_which_the_level_is_held() -> None:
    found = only(first_reached(curve({92: 0.2, 182: 0.6, 273: 0.8, 365: 0.85, 457: 0.9}), 0.8))
    assert (found["first"], found["after"], found["best"], found["points"]) == (273, 182, 0.9, 5)
    assert not found["lost"]


def test_a_level_reached_and_lost_counts_from_where_it_is_reached_for_good() -> None:
    found = only(first_reached(curve({92: 0.85, 182: 0.7, 273: 0.8, 365: 0.9}), 0.8))
    assert (found["first"], found["after"], found["lost"]) == (273, 182, True)
    found = only(first_reached(curve({92: 0.85, 182: 0.9, 273: 0.7}), 0.8))
    assert np.isnan(found["first"])
    assert (found["after"], found["lost"]) == (273, True)


def test_a_level_held_from_the_first_date_on_or_never_reached_is_said_so() -> None:
    found = only(first_reached(curve({92: 0.8, 182: 0.9}), 0.8))
    assert found["first"] == 92
    assert np.isnan(found["after"])
    found = only(first_reached(curve({92: 0.1, 182: 0.2}), 0.8))
    assert np.isnan(found["first"])
    assert (found["after"], found["best"], found["lost"]) == (182, 0.2, False)


def test_a_higher_level_is_never_reached_earlier() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        table = curve(dict(zip([92.0, 182, 273, 365, 457], rng.random(5), strict=True)))
        dates = [only(first_reached(table, level))["first"] for level in np.linspace(0, 1, 21)]
        assert dates[0] == 92
        assert (np.diff(np.nan_to_num(dates, nan=1e9)) >= 0).all()


def test_the_order_of_the_rows_does_not_matter() -> None:
    table = curve({92: 0.2, 182: 0.6, 273: 0.8, 365: 0.85})
    assert only(first_reached(table.iloc[::-1], 0.8))["first"] == 273


def test_along_one_axis_the_other_is_at_its_full_length() -> None:
    whole = curve({92: 0.3, 457: 0.9}, s2_share=1.0)
    cloudy = curve({457: 0.5}, s2_share=0.2)
    table = pd.concat([whole, cloudy])
    assert only(first_reached(table, 0.8))["first"] == 457
    found = only(first_reached(table, 0.8, along="s2_share"))
    assert (found["first"], found["after"], found["points"]) == (1.0, 0.2, 2)


def test_two_curves_of_one_name_and_levels_out_of_range_are_refused() -> None:
    twice = pd.concat([curve({92: 0.3}), curve({92: 0.4})])
    with pytest.raises(ValueError, match="tsa has two values of wheat at days 92"):
        first_reached(twice, 0.8)
    with pytest.raises(ValueError, match="in 0 to 1"):
        first_reached(curve({92: 0.3}), 80)


def test_a_table_without_the_figure_has_no_dates() -> None:
    assert first_reached(curve({92: 0.3}), 0.8, "iou").empty
    assert first_reached(season_table([]), 0.8).empty


# --- published ---------------------------------------------------------------------------------------


def test_the_published_curves_give_the_dates_that_their_figures_say() -> None:
    """Sentinel-1's recall of wheat: 0.762 after 92 days, then what the packaged table holds."""
    table, caveats = published_season("days")
    assert list(table.columns) == COLUMNS
    assert caveats
    wheat = table[
        (table["experiment"] == "Sentinel-1") & (table["class"] == "wheat") & (table["metric"] == "recall")
    ]
    assert wheat["days"].tolist() == [92, 182, 273, 365, 457]
    assert wheat["value"].iloc[0] == 0.762
    found = first_reached(table, 0.7, "recall")
    row = only(found[(found["experiment"] == "Sentinel-1") & (found["class"] == "wheat")])
    held = [bool((wheat["value"].iloc[place:] >= 0.7).all()) for place in range(5)]
    assert row["first"] == wheat["days"].iloc[held.index(True)]
    assert len(found) == 3 * 12


def test_the_published_cloud_curves_run_over_the_share_of_dates() -> None:
    table, caveats = published_season("s2_share")
    assert sorted(table["s2_share"].unique()) == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert any("doubtful" in caveat for caveat in caveats)
    assert table["doubtful"].any()
    assert len(first_reached(table, 0.8, "recall", "s2_share")) == 4 * 12
    assert first_reached(table, 0.8).empty


# --- runs --------------------------------------------------------------------------------------------


def test_a_run_says_in_its_specification_what_it_saw(tmp_path: Path) -> None:
    assert seen(run_that_saw(tmp_path, days=92)) == Seen(92, 1.0)
    assert seen(run_that_saw(tmp_path, s2_share=0.4)) == Seen(None, 0.4)
    assert seen(run_that_saw(tmp_path, pixels=64)) == Seen(None, 1.0)
    assert seen(run_that_saw(tmp_path, "S1", days=182)) == Seen(182, None)
    assert seen(published()[0]).days is None


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        ({"days": 0}, "sampling.days: must be days"),
        ({"days": "June"}, "sampling.days: must be days"),
        ({"s2_share": 0}, "sampling.s2_share: must be above 0"),
        ({"s2_share": 40}, "sampling.s2_share: must be above 0"),
    ],
)
def test_what_is_no_day_or_share_is_refused(tmp_path: Path, sampling: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        seen(run_that_saw(tmp_path, **sampling))


def test_runs_of_one_experiment_make_a_curve_with_its_seeds_at_each_point(tmp_path: Path) -> None:
    runs = [run_that_saw(tmp_path, seed=seed, days=day) for day in (92, 182) for seed in (1, 2)]
    runs.append(run_that_saw(tmp_path, pixels=64))
    table = season_table(runs, season_days=457)
    assert list(table.columns) == COLUMNS
    wheat = table[(table["class"] == "wheat") & (table["metric"] == "f1")]
    assert wheat[["days", "runs"]].to_numpy().tolist() == [[92, 2], [182, 2], [457, 1]]
    mean = np.mean([run.scores().per_class.loc[1, "f1"] for run in runs[:2]])
    assert wheat["value"].iloc[0] == pytest.approx(mean)
    assert wheat["support"].iloc[0] == runs[0].scores().per_class.loc[1, "support"]
    assert wheat["low"].isna().tolist() == [False, False, True]
    overall = table[table["code"].isna() & (table["metric"] == "macro_f1")]
    assert len(overall) == 3
    assert season_table(runs)["days"].isna().any()
    found = first_reached(table, 0.0)
    assert (found["first"] == 92).all()
    assert len(found) == 12


def test_regions_restrict_the_curves(tmp_path: Path) -> None:
    run = run_that_saw(tmp_path, days=92)
    table = season_table([run], ["east"])
    accuracy = table[table["metric"] == "accuracy"]["value"].iloc[0]
    assert accuracy == run.scores(["east"]).overall["accuracy"]
    assert season_table([run], ["nowhere"]).empty


def test_reference_series_are_quarters_of_the_season(shared: Path) -> None:
    results = [ReferenceRun(folder) for folder in sorted((shared / "reference/runs").glob("series*/s1_*"))]
    table = season_table(results)
    meadows = table[(table["code"] == 18) & (table["metric"] == "f1")]
    assert meadows[["days", "runs"]].to_numpy().tolist() == [[92, 3], [273, 2]]
    found = first_reached(table, 0.9)
    assert only(found[found["code"] == 18])["first"] == 273


def test_published_results_are_no_points_of_runs() -> None:
    assert season_table(published()).empty
