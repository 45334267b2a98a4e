"""What each field grows from summer 2018 to winter 2019, and when: stands, dates and traits, drawn.

A field's plan is a row of places (before, main, second, after), each holding a stand of the table
(:mod:`cropdash.simulation.crop_calendars`) or nothing; how stands look is another matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cropdash.simulation.crop_calendars import (
    NEVER,
    PLACES,
    STAGES,
    Calendars,
    Stands,
    day_number,
    packaged_calendars,
)

_MOST_CUTS = 8
#: Spread in days of a field's stages about its calendar, beyond what its sowing explains (Arvalis,
#: variety earliness: about a week between early and late varieties).
_STAGE_SPREAD = 4.0
#: What a day of later sowing delays the stages: winter crops catch up in spring, spring crops hardly.
_DELAY_WINTER, _DELAY_SPRING = 0.35, 0.75


class Draws:
    """Random numbers for fields: column by column, so that a field's numbers depend on its row alone."""

    COLUMNS = 192

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
        # Box and Muller: two uniform columns make a normal one, the same number for every field.
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform()))
        return np.clip(radius * np.cos(2.0 * np.pi * self.uniform()), -2.5, 2.5)


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
    places = stand.shape[1]
    normals = {
        key: np.stack([draws.normal() for _ in PLACES], axis=1)
        for key in ("sowing", "stage", "harvest", "peak", "winter", "chlorophyll", "flower")
    }
    lead = np.stack([draws.uniform() for _ in PLACES], axis=1)
    annual = (stand > 0) & ~stands.perennial[stand]
    perennial = stands.perennial[stand]
    day, deviation = stands.sowing[stand, 0], stands.sowing[stand, 1] * normals["sowing"]
    year_2018 = np.where(np.arange(places) == 0, True, (np.arange(places) == 1) & (day > 182))
    usual = np.where(year_2018, day_number(2018, day), day_number(2019, day)) + shift[:, None]
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
    followed = perennial[:, 1] & (stand[:, 3] > 0)
    end[:, 1] = np.where(followed, np.minimum(end[:, 1], sown[:, 3] - 10.0 - 20.0 * lead[:, 2]), end[:, 1])
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
    both = np.concatenate([day_number(2018, days) + other, day_number(2019, days)], axis=1)
    both[both > 800] = NEVER
    return both, np.clip(left * np.exp(0.2 * draws.normal()), 0.1, 1.0)
