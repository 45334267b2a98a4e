"""Sentinel-1 at Sentinel-2 dates, against a loop that says what is meant."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.datasets.interpolation import bracket, interpolate


def naive(values: np.ndarray, source: np.ndarray, target: np.ndarray, method: str) -> np.ndarray:
    _, pixels, channels = values.shape
    out = np.empty((len(target), pixels, channels))
    for t, day in enumerate(target):
        for p in range(pixels):
            for c in range(channels):
                series = values[:, p, c]
                if method == "linear":
                    out[t, p, c] = np.interp(day, source, series)
                else:
                    best = 0
                    for i in range(len(source)):
                        if abs(source[i] - day) < abs(source[best] - day):
                            best = i
                    out[t, p, c] = series[best]
    return out


@pytest.mark.parametrize("method", ["nn", "linear"])
@pytest.mark.parametrize("seed", range(20))
def test_interpolation_equals_a_naive_loop(method, seed):
    rng = np.random.default_rng(seed)
    source = np.sort(rng.choice(120, size=rng.integers(1, 12), replace=False))
    target = rng.integers(-20, 140, size=15)
    values = rng.standard_normal((len(source), 3, 2)).astype(np.float32)
    got = interpolate(values, source, target, method)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, naive(values, source, target, method), atol=1e-6)


def test_equally_near_dates_give_the_earlier_one():
    values = np.array([1.0, 2.0, 3.0]).reshape(3, 1, 1)
    assert interpolate(values, np.array([0, 10, 13]), np.array([5, 11, 12]), "nn").ravel().tolist() == [
        1,
        2,
        3,
    ]


def test_a_nearest_date_may_answer_twice():
    values = np.array([1.0, 2.0]).reshape(2, 1, 1)
    assert interpolate(values, np.array([0, 100]), np.array([1, 2, 3]), "nn").ravel().tolist() == [1, 1, 1]


def test_linear_holds_the_ends():
    values = np.array([1.0, 3.0]).reshape(2, 1, 1)
    assert interpolate(values, np.array([10, 20]), np.array([0, 15, 99]), "linear").ravel().tolist() == [
        1,
        2,
        3,
    ]


def test_unsigned_integers_do_not_wrap_around():
    values = np.array([200, 100], dtype=np.uint16).reshape(2, 1, 1)
    assert interpolate(values, np.array([0, 10]), np.array([5]), "linear").ravel().tolist() == [150]


def test_a_series_without_a_date_is_refused():
    with pytest.raises(ValueError, match="without a date"):
        bracket(np.array([]), np.array([1]), "nn")


@pytest.mark.parametrize("method", ["nn", "linear"])
def test_many_parcels_at_once_are_as_each_alone(method):
    rng = np.random.default_rng(4)
    dates = np.array([7, 1, 4])
    source = np.sort(rng.choice(60, size=(3, 7), replace=False), axis=1)
    target = rng.integers(-10, 70, size=(3, 9))
    together = bracket(source, target, method, dates)
    for i in range(3):
        alone = bracket(source[i, : dates[i]], target[i], method)
        for ours, one in zip(together, alone, strict=True):
            np.testing.assert_array_equal(ours[i], one)
