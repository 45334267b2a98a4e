"""The table of stands, managements and rotations: what crops are like, and when they do what.

The numbers live in ``data/simulation/stands.yaml`` with their sources; here they become arrays. What a
given field grows is drawn in :mod:`cropdash.simulation.field_plans`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cropdash.packaged import packaged_file

#: Day 0 of every date below. Days are floats; those of 2018 before October are negative.
ORIGIN = np.datetime64("2018-10-01")
PLACES = ("before", "main", "second", "after")
STAGES = ("emergence", "growth", "peak", "flower", "fruit", "senescence", "maturity")
STANDS_FILE = "simulation/stands.yaml"
#: A day that never comes.
NEVER = 1e6


#: Backscatter of weeds and volunteers between crops, as ``radar`` in the table: sparse broad leaves.
_WEEDS = [-12.0, 0.20, -17.0, 0.22]


@dataclass(frozen=True)
class Stands:
    """The stands of the table as arrays with one row per stand; row 0 is ``none``.

    ``stages`` are days after a mean sowing, (stands, stages), NaN where a stand has no such stage.
    ``months`` are (stands, 12) leaf areas of perennial stands. ``radar`` is (stands, parts, 4).
    """

    names: tuple[str, ...]
    perennial: np.ndarray
    sowing: np.ndarray  # (stands, 2): day of the year, standard deviation
    stages: np.ndarray
    harvest: np.ndarray  # (stands, 2): days after a mean sowing, standard deviation
    winter_leaf_area: np.ndarray
    peak_leaf_area: np.ndarray  # (stands, 2)
    months: np.ndarray
    spread: np.ndarray
    chlorophyll: np.ndarray  # (stands, 2)
    water: np.ndarray
    dry_matter: np.ndarray
    leaf_angle: np.ndarray
    brown: np.ndarray
    radar: np.ndarray
    flower: np.ndarray  # (stands, 3): cover, its standard deviation, days
    thatch: np.ndarray
    residue: np.ndarray
    shadow: np.ndarray

    def index(self, name: str) -> int:
        """The row of a stand."""
        return self.names.index(name)


@dataclass(frozen=True)
class System:
    """One way to run a field: odds of stands (by row) in each place, and of managements (by row)."""

    weight: float
    places: tuple[tuple[tuple[int, float], ...], ...]
    managements: tuple[tuple[int, float], ...]
    established: float
    ploughed: float


@dataclass(frozen=True)
class Calendars:
    """The whole table: stands, managements (managements, 8) and the systems of every RPG group."""

    stands: Stands
    management_names: tuple[str, ...]
    #: First cut (day of the year, sd), cuts, days between (mean, sd), share of leaf area left.
    managements: np.ndarray
    groups: Mapping[int, tuple[System, ...]]


def month_day(text: str) -> int:
    """Day of a 365-day year, from 1, of a month and day such as ``05-12``."""
    return int((np.datetime64(f"2019-{text}") - np.datetime64("2019-01-01")).astype(int)) + 1


def day_number(year: int, day_of_year: np.ndarray | float) -> np.ndarray:
    """Days since ``ORIGIN`` of a day of the year, from 1, in 2018 or 2019."""
    return (np.datetime64(f"{year}-01-01") - ORIGIN).astype(int) + np.asarray(day_of_year) - 1.0


@cache
def packaged_calendars() -> Calendars:
    """The calendars that ship with cropdash, read once."""
    return read_calendars(packaged_file(STANDS_FILE))


def read_calendars(path: str | Path) -> Calendars:
    """Read a table of stands, managements and groups.

    Raises:
        ValueError: a stand or management is named that the table does not hold, or odds do not sum to 1.
    """
    path = Path(path)
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = ("none", *table["stands"])
    stands = _stands(names, [{}, *table["stands"].values()])
    management_names = tuple(table["managements"])
    managements = np.array(
        [
            [month_day(m["first"][0]), m["first"][1], m["cuts"], *m["interval"], m["left"]]
            for m in table["managements"].values()
        ]
    )

    def odds(group: int, what: Mapping[str, float], known: tuple[str, ...]) -> tuple[tuple[int, float], ...]:
        strangers = sorted(set(what) - set(known))
        if strangers:
            raise ValueError(f"{path}: group {group} names {', '.join(strangers)}, which the table lacks")
        if abs(sum(what.values()) - 1.0) > 1e-6:
            raise ValueError(f"{path}: the odds {dict(what)} of group {group} do not sum to 1")
        return tuple((known.index(name), float(share)) for name, share in what.items())

    groups = {}
    for group, entry in table["groups"].items():
        systems = []
        for system in entry["systems"]:
            established = system.get("established")
            year = 2018 if established and month_day(established) > 182 else 2019
            systems.append(
                System(
                    weight=float(system["weight"]),
                    places=tuple(odds(group, system[place], names) for place in PLACES),
                    managements=odds(
                        group, system.get("management", {management_names[-1]: 1.0}), management_names
                    ),
                    established=float(day_number(year, month_day(established))) if established else -NEVER,
                    ploughed=float(day_number(2019, month_day(system["ploughed"])))
                    if "ploughed" in system
                    else NEVER,
                )
            )
        if abs(sum(s.weight for s in systems) - 1.0) > 1e-6:
            raise ValueError(f"{path}: the weights of the systems of group {group} do not sum to 1")
        groups[int(group)] = tuple(systems)
    return Calendars(stands, management_names, managements, groups)


def _stands(names: tuple[str, ...], entries: list[dict[str, Any]]) -> Stands:
    calendars = [entry.get("calendar", {}) for entry in entries]
    sowing = np.array(
        [[month_day(c["sowing"][0]), c["sowing"][1]] if c else [1.0, 0.0] for c in calendars],
        dtype=float,
    )

    def after_sowing(text: str | None, sown: float) -> float:
        return np.nan if text is None else float((month_day(text) - sown) % 365)

    stages = np.array(
        [
            [after_sowing(c.get(stage), s) for stage in STAGES]
            for c, s in zip(calendars, sowing[:, 0], strict=True)
        ]
    )
    harvest = np.array(
        [
            [after_sowing(c["harvest"][0], s), c["harvest"][1]] if c else [0.0, 0.0]
            for c, s in zip(calendars, sowing[:, 0], strict=True)
        ]
    )
    area = [entry.get("leaf_area", {}) for entry in entries]
    leaves = [entry.get("leaves", {}) for entry in entries]
    flower = [entry.get("flower") for entry in entries]
    nothing = [-30.0, 0.0, -30.0, 0.0]
    weeds = {"leaf": _WEEDS}

    def column(of: list[dict[str, Any]], key: str, default: Any) -> np.ndarray:
        return np.array([item.get(key, default) for item in of], dtype=float)

    return Stands(
        names=names,
        perennial=np.array(["months" in a for a in area]),
        sowing=sowing,
        stages=stages,
        harvest=harvest,
        winter_leaf_area=column(area, "winter", 0.0),
        peak_leaf_area=column(area, "peak", [0.0, 0.0]),
        months=column(area, "months", [0.0] * 12),
        spread=column(area, "spread", 0.0),
        chlorophyll=column(leaves, "chlorophyll", [40.0, 0.0]),
        water=column(leaves, "water", 0.012),
        dry_matter=column(leaves, "dry_matter", 0.005),
        leaf_angle=column(leaves, "angle", 57.0),
        brown=column(leaves, "brown", 0.0),
        radar=np.array(
            [
                [entry.get("radar", weeds).get(part, nothing) for part in ("leaf", "stem", "fruit")]
                for entry in entries
            ]
        ),
        flower=np.array([[*f["cover"], f["days"]] if f else [0.0, 0.0, 1.0] for f in flower]),
        thatch=column(entries, "thatch", 0.0),
        residue=column(entries, "residue", 0.0),
        shadow=column(entries, "shadow", 0.0),
    )
