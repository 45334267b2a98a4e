"""How the curves of runs are told apart, smoothed and marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cropdash.dashboard.colours import run_colour
from cropdash.dashboard.launch.run_curves import RunCurves, best_epoch, run_lines, smoothed
from cropdash.dashboard.state import Choices
from tests.runs.example_run import example_run


def test_a_chosen_run_keeps_its_colour_and_no_two_lines_are_alike() -> None:
    choices = Choices(runs=["a", "c"])
    lines = run_lines(choices, ["b", "a", "d", "e", "f"])
    assert lines["a"] == (run_colour(choices, "a"), ())
    assert len(set(lines.values())) == 5
    assert {lines[run].colour for run in "bdef"}.isdisjoint(
        {run_colour(choices, "a"), run_colour(choices, "c")}
    )


def test_smoothing_begins_where_a_curve_was_measured_and_weights_earlier_epochs_less() -> None:
    values = np.array([4.0, 0.0, 0.0])
    assert smoothed(values, 0).tolist() == [4, 0, 0]
    # Weights 1/2, 1 and 1/4, 1/2, 1.
    assert smoothed(values, 0.5) == pytest.approx([4, 4 / 3, 4 / 7])
    assert smoothed(np.array([]), 0.5).size == 0


def test_the_best_epoch_is_marked_in_every_figure_and_smoothing_redraws_none(tmp_path: Path) -> None:
    run = example_run(tmp_path, parcels=40, epochs=6)
    history = run.history()
    assert history is not None
    best = int(history["epoch"][history["val_miou"].idxmax()])
    curves = RunCurves({"Loss": "train_loss", "IoU": "val_miou"}, best="val_miou")
    line = run_lines(Choices(runs=[run.id]), [run.id])[run.id]
    curves.follow([(run, line)])
    figures = list(curves._layout.objects)
    for source in curves._sources.values():
        assert [
            epoch for epoch, size in zip(source.data["epoch"], source.data["star"], strict=True) if size
        ] == [best]
        assert list(source.data["smoothed"]) == list(source.data["value"])
    curves.follow([(run, line)], 0.6)
    assert list(curves._layout.objects) == figures
    loss = curves._sources[run.id, "train_loss"].data
    assert list(loss["smoothed"]) == pytest.approx(smoothed(history["train_loss"].to_numpy(), 0.6))
    assert list(loss["value"]) == history["train_loss"].to_list()
    assert best_epoch(run, "nothing") is None
