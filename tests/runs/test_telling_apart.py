"""What tells runs of one experiment and seed apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cropdash.runs.library import RunLibrary
from cropdash.runs.run_folder import RunFolder
from cropdash.runs.telling_apart import differing_settings


def library(folder: Path, *settings: dict[str, Any]) -> RunLibrary:
    """A library of runs of fusion in time, seed 1, with these settings; their ids end in 0, 1 and so on."""
    for number, setting in enumerate(settings):
        spec = {"sensors": ["S1", "S2"], "fusion": "tsa", "seed": 1, **setting}
        RunFolder.create(folder / f"tsa_seed1_{number}", spec)
    return RunLibrary(folder)


@pytest.mark.parametrize(
    ("settings", "apart"),
    [
        (({}, {"seed": 2}), ["", ""]),
        (
            ({"optimisation": {"batch_size": 32}}, {"optimisation": {"batch_size": 128}}),
            ["batch size 32", "batch size 128"],
        ),
        (
            ({"regions": {"train": ["a", "b"]}}, {"regions": {"train": list("abcd")}}),
            ["trained on a, b", "trained on 4 regions"],
        ),
        (
            ({"geometry_features": True, "data": "/x/one"}, {"geometry_features": False, "data": "/x/two"}),
            ["with geometry features, data set one", "without geometry features, data set two"],
        ),
        (({}, {}), ["0", "1"]),
        # What is off goes unsaid: a run of the whole season is called by no setting at all.
        (
            (
                {"sampling": {"days": None, "s2_share": None, "date_dropout": 0.0, "balanced": False}},
                {"sampling": {"days": 182, "s2_share": None, "date_dropout": 0.0, "balanced": False}},
                {"sampling": {"days": None, "s2_share": 0.4, "date_dropout": 0.0, "balanced": False}},
                {"sampling": {"days": None, "s2_share": None, "date_dropout": 0.3, "balanced": True}},
            ),
            [
                "",
                "first 182 days",
                "40 % of the Sentinel-2 dates",
                "30 % of dates dropped in training, every class drawn alike often",
            ],
        ),
        (
            ({"epochs": 9}, {"epochs": 9}, {"epochs": None}),
            ["epochs 9, 0", "epochs 9, 1", "no epochs"],
        ),
        # A field that came later is none of the differences to an older run.
        (({"epochs": 9}, {"epochs": 8, "dropout": 0.0}), ["epochs 9", "epochs 8"]),
        (({"name": "mine", "rate": 0.5}, {"name": "mine", "rate": 1e-3}), ["rate 0.5", "rate 0.001"]),
    ],
)
def test_runs_of_one_label_differ_by_their_settings_else_by_their_ids(
    tmp_path: Path, settings: tuple[dict[str, Any], ...], apart: list[str]
) -> None:
    assert [run.apart for run in library(tmp_path, *settings).results()] == apart


def test_a_run_whose_twin_goes_is_alone_again(tmp_path: Path) -> None:
    runs = library(tmp_path, {"epochs": 1}, {"epochs": 2})
    assert runs.get("tsa_seed1_0").apart == "epochs 1"
    (tmp_path / "tsa_seed1_1").rename(tmp_path / ".gone")
    assert runs.get("tsa_seed1_0").apart == ""


def test_the_settings_that_differ_are_told_by_name_with_every_value_in_words(tmp_path: Path) -> None:
    runs = library(
        tmp_path,
        {"optimisation": {"batch_size": 32, "learning_rate": 1e-3}, "geometry_features": True, "early": None},
        {"optimisation": {"batch_size": 64, "learning_rate": 1e-3}, "geometry_features": False, "early": 4},
    ).results()
    assert differing_settings(runs) == {
        "Batch size": ["32", "64"],
        "Geometry features": ["yes", "no"],
        "Early": ["none", "4"],
    }
    assert differing_settings(runs[:1]) == {}


def test_settings_of_one_name_in_two_places_are_told_with_their_places(tmp_path: Path) -> None:
    runs = library(
        tmp_path,
        {"model": {"dropout": 0.1}, "sampling": {"dropout": 0.2}},
        {"model": {"dropout": 0.3}, "sampling": {"dropout": 0.0}},
    ).results()
    assert list(differing_settings(runs)) == ["Model, dropout", "Sampling, dropout"]
