"""What each field grows, and when."""

import numpy as np
import pytest

from cropdash.simulation.crop_calendars import NEVER, ORIGIN, PLACES, STAGES, packaged_calendars
from cropdash.simulation.field_plans import Draws, Plans, draw_plans

STANDS = packaged_calendars().stands
CODES = np.repeat(sorted(packaged_calendars().groups), 400)


def plans(codes: np.ndarray = CODES, shift: float = 0.0, seed: int = 1) -> Plans:
    return draw_plans(codes, np.full(len(codes), shift), Draws(len(codes), np.random.default_rng(seed)))


def dates(days: np.ndarray) -> np.ndarray:
    return ORIGIN + np.round(days).astype(int)


def test_no_stand_is_sown_before_the_one_before_has_gone() -> None:
    drawn = plans()
    for earlier in range(len(PLACES)):
        for later in range(earlier + 1, len(PLACES)):
            both = (drawn.stand[:, earlier] > 0) & (drawn.stand[:, later] > 0)
            lies = drawn.end[both, earlier] - drawn.sown[both, later]
            assert (lies <= 0).all(), (PLACES[earlier], PLACES[later], lies.max())


def test_crops_emerge_grow_and_are_harvested_in_order() -> None:
    drawn = plans()
    annual = (drawn.stand > 0) & ~STANDS.perennial[drawn.stand]
    annual[:, 0] = False  # cover crops are destroyed when the main crop wants their place
    assert (drawn.stages[annual, 0] > drawn.sown[annual]).all()
    assert (drawn.end[annual] > drawn.stages[annual, STAGES.index("growth")]).all()


def test_wheat_is_sown_in_autumn_2018_and_maize_in_spring_2019() -> None:
    drawn = plans()
    wheat, maize = (dates(drawn.sown[code == CODES, 1]) for code in (1, 2))
    assert np.datetime64("2018-10-01") <= wheat.min() and wheat.max() < np.datetime64("2018-12-01")
    assert np.datetime64("2019-04-01") <= maize.min() and maize.max() < np.datetime64("2019-06-10")


def test_winter_crops_are_sown_again_in_autumn_2019() -> None:
    drawn = plans()
    after_maize = drawn.stand[(CODES == 2), 3]
    assert (after_maize == STANDS.index("winter wheat")).mean() == pytest.approx(0.44, abs=0.08)
    sown = dates(drawn.sown[(CODES == 2), 3][after_maize == STANDS.index("winter wheat")])
    assert np.median(sown.astype(int)) > np.datetime64("2019-10-10").astype(int)


def test_a_shift_moves_every_date() -> None:
    early, late = plans(shift=0.0), plans(shift=6.0)
    annual = (early.stand[:, 1] > 0) & ~STANDS.perennial[early.stand[:, 1]]
    assert (early.stand == late.stand).all()
    assert (late.sown - early.sown)[annual, 1] == pytest.approx(6.0)
    cut = (early.cuts < NEVER) & (late.cuts < NEVER)
    assert (late.cuts - early.cuts)[cut] == pytest.approx(6.0)


def test_meadows_are_grazed_or_mown_in_season() -> None:
    drawn = plans()
    cuts = drawn.cuts[CODES == 18]
    in_2019 = (cuts > 92) & (cuts < NEVER)
    assert in_2019.sum(axis=1).min() >= 1 and in_2019.sum(axis=1).max() <= 8
    assert dates(cuts[in_2019].min())[()] > np.datetime64("2019-02-15")


def test_a_fields_plan_depends_on_its_own_row_alone() -> None:
    all_fields, first = plans(), plans(CODES[:500])
    others = plans(np.concatenate([CODES[:500], np.full(len(CODES) - 500, 25)]))
    for name in ("stand", "sown", "end", "peak_leaf_area", "cuts", "vigour"):
        whole = getattr(all_fields, name)[:500]
        assert (whole == getattr(first, name)).all()
        assert (whole == getattr(others, name)[:500]).all()


def test_a_class_without_a_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no crop calendar for the RPG groups \[14\]; known: \[1, 2, 3"):
        plans(np.array([1, 14]))


def test_draws_are_uniform_and_normal() -> None:
    draws = Draws(20_000, np.random.default_rng(0))
    uniform, normal = draws.uniform(), draws.normal()
    assert uniform.mean() == pytest.approx(0.5, abs=0.01)
    assert (normal.mean(), normal.std()) == pytest.approx((0.0, 0.985), abs=0.02)
    assert np.abs(normal).max() == 2.5
