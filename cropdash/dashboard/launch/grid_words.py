"""What the launch page says of grids: what one comes to, what it will cost, where it stands. No widget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cropdash.dashboard.launch.grid_room import GridView
from cropdash.dashboard.launch.run_queue import duration
from cropdash.dashboard.launch.spec_form import default_regions
from cropdash.dashboard.run_words import count, listed
from cropdash.training.cost import Cost
from cropdash.training.grid.definition import Grid
from cropdash.training.grid.plan import GridPlan

#: Failures that a page names; the rest is counted.
_MOST_FAILURES = 5


def regions_for(grid: Grid, regions: Sequence[str]) -> dict[str, list[str]]:
    """The regions by split that a grid uses on a data set: its own where the data set has them all."""
    named = grid.base.get("regions")
    if (
        isinstance(named, Mapping)
        and named
        and {r for split in named.values() for r in split} <= set(regions)
    ):
        return {str(split): list(names) for split, names in named.items()}
    return default_regions(regions)


def changes_for(
    grid: Grid, regions: Mapping[str, Sequence[str]], epochs: int | None, seeds: Sequence[int]
) -> dict[str, Any]:
    """The settings that the page puts over a grid: regions, epochs and seeds."""
    changes: dict[str, Any] = {"regions": {split: list(names) for split, names in regions.items()}}
    if epochs is not None:
        changes["optimisation.epochs"] = epochs
    if "seed" in grid.vary and seeds:
        changes["seed"] = list(seeds)
    return changes


def what_it_comes_to(plan: GridPlan, cost: Cost | None, at_once: int) -> str:
    """``45 runs: 35 are trained, 10 fused from them. Up to 3,500 epochs, about 6 h with 2 runs at once …``."""
    runs = f"{count(len(plan), 'run')}"
    if plan.fused:
        runs += f": {len(plan.trained):,} are trained and {len(plan.fused):,} fused from them"
    epochs = f"Up to {count(plan.epochs, 'epoch')}"
    if cost is None:
        return f"{runs}. {epochs}; how long they take is known once a run has been trained on this data set."
    left = duration(cost.beside(at_once))
    guess = "" if cost.alike else "; some experiments were never trained here, so this is a rough guess"
    fits = (
        f"; {count(cost.fits, 'forest or boosting', 'forests and boostings')} not counted"
        if cost.fits
        else ""
    )
    return f"{runs}. {epochs}, {left} with {at_once} at once, judging by {count(cost.runs, 'earlier run')}{guess}{fits}."


def where_it_stands(view: GridView) -> str:
    """``12 of 45 runs finished, 2 running, about 3 h left``."""
    standing = view.standing
    counts = standing.counts
    words = [f"{counts['finished']:,} of {count(len(standing.items), 'run')} finished"]
    words += [f"{counts[state]:,} {state}" for state in counts if state != "finished" and counts[state]]
    left = standing.seconds_left() if counts["running"] else None
    sentence = ", ".join(words) + (f"; {duration(left)} left" if left else "")
    if standing.cancelled and not standing.is_complete:
        return f"Cancelled: {sentence}."
    return f"{sentence}."


def failures(view: GridView) -> list[str]:
    """Each run that failed with its reason, as far as there is room."""
    failed = view.standing.of_state("failed")
    said = [f"{one.name}: {one.reason or 'no reason was given'}" for one in failed[:_MOST_FAILURES]]
    if len(failed) > _MOST_FAILURES:
        said.append(f"and {len(failed) - _MOST_FAILURES:,} more")
    return said


def other_regions(grid: Grid, regions: Mapping[str, Sequence[str]]) -> str:
    """Says which regions are used where the data set lacks those that the grid names; empty otherwise."""
    named = grid.base.get("regions")
    if not isinstance(named, Mapping) or {k: list(v) for k, v in named.items()} == dict(regions):
        return ""
    parts = [
        f"{what} {listed(list(regions[split]))}"
        for split, what in (("train", "trains on"), ("validation", "validates on"), ("test", "tests on"))
        if regions.get(split)
    ]
    return f"This data set has other regions than the grid names; it {', '.join(parts)}."
