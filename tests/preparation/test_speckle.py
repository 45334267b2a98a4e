"""Speckle filters against loops that follow their formulas, and what they are for."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.preparation.speckle import local_mean, local_median, multitemporal

RNG = np.random.default_rng(3)


def patches(power: np.ndarray, seen: np.ndarray, place: tuple[int, int], window: int) -> np.ndarray:
    half = window // 2
    rows = slice(place[0] - half, place[0] + half + 1)
    columns = slice(place[1] - half, place[1] + half + 1)
    return power[:, rows, columns][:, seen[rows, columns]]


@pytest.mark.parametrize("window", [3, 7])
def test_mean_and_median_take_the_neighbours_that_are_seen(window: int) -> None:
    power = RNG.gamma(4, 0.02, (2, 20, 24)).astype(np.float32)
    seen = RNG.random((20, 24)) > 0.2
    places = np.array([(row, column) for row in range(3, 17) for column in range(3, 21)])
    mean, median = local_mean(power, seen, places, window), local_median(power, seen, places, window)
    for index, place in enumerate(places.tolist()):
        part = patches(power, seen, (place[0], place[1]), window)
        np.testing.assert_allclose(mean[:, index], part.mean(axis=1), rtol=1e-5)
        np.testing.assert_allclose(median[:, index], np.median(part, axis=1), rtol=1e-5)


def test_nothing_seen_in_the_window_gives_nothing() -> None:
    power = np.ones((2, 5, 5), dtype=np.float32)
    assert np.isnan(local_mean(power, np.zeros((5, 5), dtype=bool), np.array([[2, 2]]), 3)).all()


def test_multitemporal_follows_its_formula() -> None:
    values = RNG.gamma(4, 0.02, (5, 2, 7)).astype(np.float32)
    means = RNG.gamma(40, 0.002, (5, 2, 7)).astype(np.float32)
    seen = RNG.random((5, 7)) > 0.3
    seen[0] = True
    filtered = multitemporal(values, means, seen)
    for k in range(5):
        for band in range(2):
            for pixel in range(7):
                dates = [i for i in range(5) if seen[i, pixel]]
                ratio = sum(values[i, band, pixel] / means[i, band, pixel] for i in dates)
                expected = means[k, band, pixel] / len(dates) * ratio
                assert filtered[k, band, pixel] == pytest.approx(expected, rel=1e-5)


def test_multitemporal_lowers_speckle_and_keeps_what_all_dates_share() -> None:
    dates, side, window = 30, 40, 7
    texture = np.ones((side, side))
    texture[20, 20] = 10.0  # a bright point that the mean filter spreads out
    power = (0.05 * texture * RNG.gamma(4, 0.25, (dates, side, side))).astype(np.float32)[:, None]
    seen = np.ones((side, side), dtype=bool)
    places = np.array([(row, column) for row in range(3, 37) for column in range(3, 37)])
    means = np.stack([local_mean(image, seen, places, window) for image in power])
    values = np.stack([image[:, places[:, 0], places[:, 1]] for image in power])
    filtered = multitemporal(values, means, np.ones((dates, len(places)), dtype=bool))
    # Away from the point and from the windows that hold it, where only speckle varies.
    quiet = (np.abs(places - 20) > 4).any(axis=1)
    spread = filtered[:, 0, quiet].std(axis=1) / filtered[:, 0, quiet].mean(axis=1)
    before = values[:, 0, quiet].std(axis=1) / values[:, 0, quiet].mean(axis=1)
    assert spread.mean() < 0.3 * before.mean()
    point = int(np.flatnonzero((places == 20).all(axis=1))[0])
    assert filtered[:, 0, point].mean() > 4 * means[:, 0, point].mean()
