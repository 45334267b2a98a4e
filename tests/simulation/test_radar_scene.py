import numpy as np
import pytest

from cropdash.simulation.radar_scene import EQUIVALENT_LOOKS, calibration, mean_power, stored_backscatter

DB = np.array([-10.0, -17.0])


def components(dates: int, own: np.ndarray, other: np.ndarray, slope: float = 0.0) -> np.ndarray:
    power, change = mean_power(np.broadcast_to(own, (dates, 2)), np.full((dates, 2), slope))
    surroundings, _ = mean_power(np.broadcast_to(other, (dates, 2)), np.zeros((dates, 2)))
    return np.stack([power, change, surroundings, surroundings], axis=1)


def weights(pixels: int, own: float = 1.0, vigour: float = 0.0) -> np.ndarray:
    return np.tile(np.array([own, vigour, 1 - own, 0.0], dtype=np.float32), (pixels, 1))


def power_of(stored: np.ndarray) -> np.ndarray:
    return 10 ** (stored / 1_000.0)


def test_speckle_has_the_stated_looks_and_keeps_the_mean() -> None:
    stored = stored_backscatter(
        components(60, DB, DB), weights(2_000), np.zeros((60, 2)), np.random.default_rng(1)
    )
    assert stored.dtype == np.int16 and stored.shape == (60, 2_000, 2)
    power = power_of(stored)
    looks = power.mean(axis=(0, 1)) ** 2 / power.var(axis=(0, 1))
    np.testing.assert_allclose(looks, EQUIVALENT_LOOKS, rtol=0.03)
    np.testing.assert_allclose(10 * np.log10(power.mean(axis=(0, 1))), DB, atol=0.03)


def test_mixing_is_of_power_not_of_decibels() -> None:
    other = np.array([-4.0, -11.0])
    stored = stored_backscatter(
        components(60, DB, other), weights(2_000, own=0.5), np.zeros((60, 2)), np.random.default_rng(2)
    )
    expected = (10 ** (DB / 10) + 10 ** (other / 10)) / 2
    np.testing.assert_allclose(power_of(stored).mean(axis=(0, 1)), expected, rtol=0.02)


def test_vigour_changes_power_by_its_slope() -> None:
    stored = stored_backscatter(
        components(60, DB, DB, slope=2.0),
        weights(2_000, vigour=0.1),
        np.zeros((60, 2)),
        np.random.default_rng(3),
    )
    change = 10 * np.log10(power_of(stored).mean(axis=(0, 1))) - DB
    np.testing.assert_allclose(change, 0.2, atol=0.03)


def test_calibration_moves_all_pixels_of_a_date_alike() -> None:
    errors = calibration(400, np.random.default_rng(4))
    assert errors.std() == pytest.approx(0.3, abs=0.03)
    stored = stored_backscatter(components(400, DB, DB), weights(2_000), errors, np.random.default_rng(4))
    seen = 10 * np.log10(power_of(stored).mean(axis=1)) - DB
    np.testing.assert_allclose(seen, errors, atol=0.25)


def test_power_that_mixing_makes_negative_is_stored_as_the_floor() -> None:
    stored = stored_backscatter(
        components(3, DB, DB, slope=20.0), weights(5, vigour=-3.0), np.zeros((3, 2)), np.random.default_rng(5)
    )
    assert (stored == -4_000).all()
