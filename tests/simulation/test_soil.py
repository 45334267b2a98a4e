"""Bare soil, seen and sensed."""

import numpy as np
import pytest

from cropdash.simulation.field_plans import Draws
from cropdash.simulation.soil import field_moisture, roughness, soil_reflectance

FIELDS = 500


def draws() -> Draws:
    return Draws(FIELDS, np.random.default_rng(4))


def test_wet_soil_is_darker_in_every_band() -> None:
    moisture = np.array([0.10, 0.33])
    seen = soil_reflectance(moisture, np.zeros((FIELDS, 2)), draws())
    assert (seen[:, 1] < seen[:, 0]).all()
    assert (seen > 0).all() and (seen < 0.6).all()


def test_dry_brown_soil_reflects_a_fifth_of_red_light() -> None:
    seen = soil_reflectance(np.array([0.10]), np.zeros((FIELDS, 1)), draws())
    assert 0.15 < seen[:, 0, 2].mean() < 0.25


def test_straw_brightens_wet_soil_and_lowers_the_shortwave_ratio() -> None:
    wet = np.array([0.33])
    bare = soil_reflectance(wet, np.zeros((FIELDS, 1)), draws())
    under = soil_reflectance(wet, np.full((FIELDS, 1), 0.6), draws())
    assert (under[..., 2] > bare[..., 2]).all()
    ratio = lambda seen: (seen[..., 9] / seen[..., 8]).mean()  # noqa: E731
    # Cellulose and lignin absorb at 2.1 µm (Nagler et al. 2003).
    assert ratio(under) < ratio(bare)


def test_a_seedbed_is_rough_and_settles_within_months() -> None:
    heights = roughness(np.tile([0.0, 45.0, 300.0, 1e6], (FIELDS, 1)), draws())
    assert (np.diff(heights, axis=1) <= 0).all()
    # Agricultural fields lie between 0.5 and 3.5 cm.
    assert 1.3 < heights[:, 0].mean() < 2.2
    assert 0.6 < heights[:, 3].mean() < 1.0


def test_fields_are_wetter_or_drier_than_their_region() -> None:
    moisture = field_moisture(np.array([0.1, 0.3]), draws())
    assert moisture.mean(axis=0) == pytest.approx([0.1, 0.3], rel=0.03)
    assert moisture.std(axis=0) == pytest.approx([0.01, 0.03], rel=0.2)
