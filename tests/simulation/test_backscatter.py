"""The water cloud over a rough, moist soil, against numbers worked out by hand."""

import numpy as np
import pytest

from cropdash.simulation.backscatter import decibels, power, soil_backscatter, water_cloud


def one(value: float) -> np.ndarray:
    return np.array([value])


def cloud(soil: float, amount: float, level: float, extinction: float) -> float:
    return float(water_cloud(one(soil), (one(amount),), (one(level),), (one(extinction),))[0])


def test_one_part_is_the_water_cloud_model_of_attema_and_ulaby() -> None:
    """T = exp(-2 * 0.2 * 3 / cos 38) = 0.21810; 0.1 * (1 - T) + T * 0.05 = 0.08910 or -10.50 dB."""
    assert cloud(0.05, 3.0, 0.1, 0.2) == pytest.approx(0.0890952, rel=1e-5)
    assert decibels(one(0.0890952))[0] == pytest.approx(-10.501, abs=1e-3)


def test_parts_mix_by_what_they_add_to_the_extinction() -> None:
    """Depths 0.6 and 1.2: mean level (0.6 * 0.05 + 1.2 * 0.01) / 1.8 = 0.023333, T = exp(-3.6 / cos 38) = 0.010374."""
    mixed = water_cloud(one(0.1), (one(3.0), one(1.0)), (one(0.05), one(0.01)), (one(0.2), one(1.2)))
    assert mixed[0] == pytest.approx(0.0233333 * (1 - 0.010374) + 0.010374 * 0.1, rel=1e-4)


def test_without_plants_the_soil_is_seen_and_under_a_closed_canopy_it_is_not() -> None:
    assert cloud(0.05, 0.0, 0.1, 0.2) == pytest.approx(0.05)
    assert cloud(0.05, 100.0, 0.1, 0.2) == pytest.approx(0.1)


def test_soil_is_that_of_baghdadi() -> None:
    """Moisture 25 %, height 1 cm: 10^-1.138 * cos^1.528 * 10^(0.008 cot * 25) * (1.1328)^(0.71 sin)
    = 0.072778 * 0.694867 * 1.80297 * 1.05602 = 0.096285 in VV, 0.011034 in VH."""
    vv, vh = soil_backscatter(one(0.25), one(1.0))
    assert vv[0] == pytest.approx(0.096285, rel=1e-4)
    assert vh[0] == pytest.approx(0.011034, rel=2e-4)


def test_soil_brightens_with_moisture_and_roughness() -> None:
    """Baghdadi et al. 2016: 0.008 cot(38) * 10 dB a percent, so 10 % of moisture are 1.02 dB in VV, 1.41 in VH."""
    dry, wet = (soil_backscatter(one(m), one(1.0)) for m in (0.15, 0.25))
    change = [decibels(w / d)[0] for w, d in zip(wet, dry, strict=True)]
    assert change == pytest.approx([1.024, 1.408], abs=2e-3)
    assert soil_backscatter(one(0.25), one(2.0))[0] > soil_backscatter(one(0.25), one(1.0))[0]


def test_decibels_and_power_undo_each_other() -> None:
    levels = np.array([-30.0, -12.5, 0.0])
    assert decibels(power(levels)) == pytest.approx(levels)
