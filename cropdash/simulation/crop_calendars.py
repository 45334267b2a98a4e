"""What grows on each field, and when: stands, rotations and managements, drawn from published calendars.

The numbers live in ``data/simulation/stands.yaml`` with their sources. A field's plan is a row of places
(before, main, second, after), each holding a stand with its dates; how stands look is another matter.
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
_MOST_CUTS = 8
#: Spread in days of a field's stages about its calendar, beyond what its sowing explains (Arvalis,
#: variety earliness: about a week between early and late varieties).
_STAGE_SPREAD = 4.0
#: What a day of later sowing delays the stages: winter crops catch up in spring, spring crops hardly.
_DELAY_WINTER, _DELAY_SPRING = 0.35, 0.75


class Draws:
    """Random numbers for fields: column by column, so that a field's numbers depend on its row alone."""

    COLUMNS = 128

    def __init__(self, fields: int, rng: np.random.Generator) -> None:
        self._unit = rng.random((fields, self.COLUMNS))
        self._next = 0

    def uniform(self) -> np.ndarray:
        """Uniform in [0, 1), (fields,)."""
        column = self._unit[:, self._next]
        self._next += 1
        return column

    def normal(self) -> np.ndarray:
        """Standard normal, cut at 2.5 standard deviations, (fields,)."""
        from scipy.special import ndtri

        return np.clip(ndtri(np.clip(self.uniform(), 1e-9, 1.0 - 1e-9)), -2.5, 2.5)


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


@dataclass(frozen=True)
class Plans:
    """What grows on fields: per place (fields, places) the stand, its dates and traits; see ``draw_plans``."""

    stand: np.ndarray
    sown: np.ndarray
    stages: np.ndarray  # (fields, places, stages), days
    end: np.ndarray
    peak_leaf_area: np.ndarray
    winter_leaf_area: np.ndarray
    chlorophyll: np.ndarray
    flower_cover: np.ndarray
    vigour: np.ndarray  # (fields,) of perennial stands, about 1
    cuts: np.ndarray  # (fields, cuts) days, NEVER where there is none
    left: np.ndarray  # (fields,) share of the leaf area that a cut leaves
    shift: np.ndarray  # (fields,) days


def month_day(text: str) -> int:
    """Day of a 365-day year, from 1, of a month and day such as ``05-12``."""
    return int((np.datetime64(f"2019-{text}") - np.datetime64("2019-01-01")).astype(int)) + 1


def _day(year: int, day_of_year: np.ndarray | float) -> Any:
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
                    established=float(_day(year, month_day(established))) if established else -NEVER,
                    ploughed=float(_day(2019, month_day(system["ploughed"])))
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
        [[month_day(c["sowing"][0]), c["sowing"][1]] if c else [1.0, 0.0] for c in calendars], dtype=float
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
                [entry.get("radar", {}).get(part, nothing) for part in ("leaf", "stem", "fruit")]
                for entry in entries
            ]
        ),
        flower=np.array([[*f["cover"], f["days"]] if f else [0.0, 0.0, 1.0] for f in flower]),
        residue=column(entries, "residue", 0.0),
        shadow=column(entries, "shadow", 0.0),
    )


def draw_plans(
    codes: np.ndarray, shift_days: np.ndarray, draws: Draws, calendars: Calendars | None = None
) -> Plans:
    """Draw what grows on fields from summer 2018 to winter 2019.

    Args:
        codes: (fields,) RPG group codes.
        shift_days: (fields,) days by which all dates of a field are later.

    Raises:
        ValueError: a code has no entry in the calendars.
    """
    calendars = calendars or packaged_calendars()
    stands = calendars.stands
    unknown = sorted(set(np.unique(codes).tolist()) - set(calendars.groups))
    if unknown:
        raise ValueError(f"no crop calendar for the RPG groups {unknown}; known: {sorted(calendars.groups)}")
    count = len(codes)
    pick, picks, manage = draws.uniform(), [draws.uniform() for _ in PLACES], draws.uniform()
    stand = np.zeros((count, len(PLACES)), dtype=int)
    management = np.zeros(count, dtype=int)
    established, ploughed = np.full(count, -NEVER), np.full(count, NEVER)
    for code in np.unique(codes).tolist():
        systems = calendars.groups[code]
        rows = np.flatnonzero(codes == code)
        which = _choose(pick[rows], [s.weight for s in systems])
        for number, system in enumerate(systems):
            members = rows[which == number]
            for place, odds in enumerate(system.places):
                stand[members, place] = _drawn(picks[place][members], odds)
            management[members] = _drawn(manage[members], system.managements)
            established[members], ploughed[members] = system.established, system.ploughed
    return _dated(stand, management, established, ploughed, shift_days, draws, calendars, stands)


def _choose(unit: np.ndarray, weights: list[float]) -> np.ndarray:
    return np.minimum(np.searchsorted(np.cumsum(weights), unit, side="right"), len(weights) - 1)


def _drawn(unit: np.ndarray, odds: tuple[tuple[int, float], ...]) -> np.ndarray:
    return np.array([row for row, _ in odds])[_choose(unit, [share for _, share in odds])]


def _dated(
    stand: np.ndarray,
    management: np.ndarray,
    established: np.ndarray,
    ploughed: np.ndarray,
    shift: np.ndarray,
    draws: Draws,
    calendars: Calendars,
    stands: Stands,
) -> Plans:
    count, places = stand.shape
    normals = {
        key: np.stack([draws.normal() for _ in PLACES], axis=1)
        for key in ("sowing", "stage", "harvest", "peak", "winter", "chlorophyll", "flower")
    }
    lead = np.stack([draws.uniform() for _ in PLACES], axis=1)
    annual = (stand > 0) & ~stands.perennial[stand]
    perennial = stands.perennial[stand]
    day, deviation = stands.sowing[stand, 0], stands.sowing[stand, 1] * normals["sowing"]
    year_2018 = np.where(np.arange(places) == 0, True, (np.arange(places) == 1) & (day > 182))
    usual = np.where(year_2018, _day(2018, day), _day(2019, day)) + shift[:, None]
    over_winter = (day > 182) & (stands.stages[stand, STAGES.index("peak")] + day > 365)
    delay = np.where(over_winter, _DELAY_WINTER, _DELAY_SPRING) * deviation
    sown = usual + deviation
    offset = usual + delay + _STAGE_SPREAD * normals["stage"]
    stages = offset[:, :, None] + stands.stages[stand]
    end = usual + delay + stands.harvest[stand, 0] + stands.harvest[stand, 1] * normals["harvest"]
    # Emergence follows sowing itself, not the calendar.
    stages[:, :, 0] = sown + stands.stages[stand, 0]

    late = 20.0 * (lead[:, 1] - 0.5)
    sown = np.where(
        perennial, np.where(established > -NEVER, established + late + shift, -NEVER)[:, None], sown
    )
    end = np.where(perennial, np.where(ploughed < NEVER, ploughed + late + shift, NEVER)[:, None], end)
    sown[stand == 0], end[stand == 0] = NEVER, NEVER
    # A cover crop or an old meadow makes way for the main crop; what follows waits for the harvest.
    gone = sown[:, 1] - np.where(perennial[:, 0], 25.0 + 30.0 * lead[:, 0], 8.0 + 25.0 * lead[:, 0])
    end[:, 0] = np.where(stand[:, 0] > 0, np.minimum(end[:, 0], gone), end[:, 0])
    sown[:, 0] = np.where(perennial[:, 0], -NEVER, sown[:, 0])
    for place in (2, 3):
        occupied = np.where(end[:, :place] < NEVER, end[:, :place], -NEVER).max(axis=1)
        wait = np.clip(occupied + 5.0 + 10.0 * lead[:, place] - sown[:, place], 0.0, None)
        wait = np.where(annual[:, place], wait, 0.0)
        sown[:, place] += wait
        stages[:, place] += wait[:, None]
        end[:, place] += wait
    cuts, left = _cuts(management, shift, draws, calendars)
    return Plans(
        stand=stand,
        sown=sown,
        stages=stages,
        end=end,
        peak_leaf_area=np.clip(
            stands.peak_leaf_area[stand, 0] + stands.peak_leaf_area[stand, 1] * normals["peak"], 0.3, None
        ),
        winter_leaf_area=stands.winter_leaf_area[stand] * np.exp(0.3 * normals["winter"]),
        chlorophyll=np.clip(
            stands.chlorophyll[stand, 0] + stands.chlorophyll[stand, 1] * normals["chlorophyll"], 15.0, None
        ),
        flower_cover=np.clip(stands.flower[stand, 0] + stands.flower[stand, 1] * normals["flower"], 0.0, 0.6),
        vigour=1.0 + stands.spread[stand[:, 1]] * draws.normal(),
        cuts=cuts,
        left=left,
        shift=np.asarray(shift, dtype=float),
    )


def _cuts(
    management: np.ndarray, shift: np.ndarray, draws: Draws, calendars: Calendars
) -> tuple[np.ndarray, np.ndarray]:
    """Days on which swards are cut or grazed in 2018 and 2019, (fields, 16), and what a cut leaves."""
    first, first_sd, cuts, interval, interval_sd, left = calendars.managements[management].T
    start = first + first_sd * draws.normal() + shift
    steps = np.stack([interval + interval_sd * draws.normal() for _ in range(_MOST_CUTS)], axis=1)
    days = start[:, None] + np.cumsum(steps, axis=1) - steps[:, :1]
    days = np.where(np.arange(_MOST_CUTS) < cuts[:, None], days, NEVER)
    # The year before had its own dates, a few days off.
    other = np.round(8.0 * draws.normal())[:, None]
    both = np.concatenate([_day(2018, days) + other, _day(2019, days)], axis=1)
    both[both > 800] = NEVER
    return both, np.clip(left * np.exp(0.2 * draws.normal()), 0.1, 1.0)
