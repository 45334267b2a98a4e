"""A random forest on simulated parcels: sensors and quarters come out in the study's order.

No parameter of the simulation was set by these outcomes; they say that it can be learnt from, and nothing
about the real world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score

from cropdash.simulation.parcels import SimulatedParcel, simulate_parcels

#: Days after 1 October 2018 that both sensors' series are interpolated at.
GRID = np.arange(7.0, 457.0, 15.0)
#: Ends of the study's quarters, in the same days.
QUARTERS = (92, 182, 273, 365, 457)


EXPERIMENTS = (("S1",), ("S2",), ("S1", "S2"))

Series = tuple[np.ndarray, np.ndarray]
Predicted = Callable[[tuple[str, ...], int], np.ndarray]


def statistics(values: np.ndarray, days: np.ndarray) -> Series:
    """``(dates, features)`` mean and spread of each channel over a parcel's pixels, and the dates' days."""
    since = (days - np.datetime64("2018-10-01")).astype(float)
    return np.concatenate([values.mean(axis=1), values.std(axis=1)], axis=1), since


def on_the_grid(series: Series, until: int) -> np.ndarray:
    """``(grid x features,)`` before a day, from dates before it: linear between dates, else the nearest."""
    values, since = series
    grid, early = GRID[until > GRID], since < until
    if not early.any():
        return np.zeros(len(grid) * values.shape[1])
    return np.concatenate([np.interp(grid, since[early], column) for column in values[early].T])


@dataclass(frozen=True)
class Features:
    """Series of training and of test parcels by sensor, and their classes ``(parcels,)``."""

    train: dict[str, list[Series]]
    train_classes: np.ndarray
    test: dict[str, list[Series]]
    test_classes: np.ndarray

    def predicted(self, sensors: tuple[str, ...], until: int) -> np.ndarray:
        """Classes that a forest tells the test parcels to have, from data before a day."""
        train, test = (
            np.concatenate(
                [[on_the_grid(series, until) for series in part[sensor]] for sensor in sensors], axis=1
            )
            for part in (self.train, self.test)
        )
        forest = RandomForestClassifier(60, random_state=1).fit(train, self.train_classes)
        return forest.predict(test)

    def f1(self, predicted: np.ndarray) -> dict[int, float]:
        classes = np.unique(self.test_classes)
        scores = f1_score(self.test_classes, predicted, labels=classes, average=None, zero_division=0)
        return dict(zip(classes.tolist(), scores.tolist(), strict=True))


def features_of(parcels: list[SimulatedParcel]) -> tuple[dict[str, list[Series]], np.ndarray]:
    series = {
        "S1": [statistics(parcel.s1 / 100, parcel.s1_days) for parcel in parcels],
        "S2": [statistics(parcel.s2 / 10_000, parcel.s2_days) for parcel in parcels],
    }
    # Temporary meadows count as meadows.
    return series, np.array([18 if parcel.code == 19 else parcel.code for parcel in parcels])


@pytest.fixture(scope="module")
def features() -> Features:
    stream = simulate_parcels(2_600, 1, imbalance="softened", pixels=24)
    parcels = [parcel for block in stream for parcel in block.parcels]
    training = [parcel for parcel in parcels if parcel.region in ("Chateaulin", "Quimper")]
    return Features(*features_of(training), *features_of([p for p in parcels if p.region == "Brest"]))


@pytest.fixture(scope="module")
def predicted(features: Features) -> Predicted:
    """Predictions by sensors and last day, each forest grown once."""
    return cache(features.predicted)


def test_optical_beats_radar_and_both_are_not_below_the_better(
    features: Features, predicted: Predicted
) -> None:
    s1, s2, both = (
        np.mean(list(features.f1(predicted(sensors, QUARTERS[-1])).values())) for sensors in EXPERIMENTS
    )
    assert s2 > s1 + 0.03, (s1, s2)
    assert both > s2 - 0.02, (s2, both)


@pytest.mark.parametrize("sensors", EXPERIMENTS)
def test_accuracy_rises_with_the_season(
    features: Features, predicted: Predicted, sensors: tuple[str, ...]
) -> None:
    accuracies = [accuracy_score(features.test_classes, predicted(sensors, until)) for until in QUARTERS]
    assert (np.diff(accuracies) > -0.02).all(), accuracies
    assert accuracies[2] > accuracies[0] + 0.15, accuracies


def test_classes_are_neither_trivial_nor_perfect(features: Features, predicted: Predicted) -> None:
    f1 = features.f1(predicted(("S1", "S2"), QUARTERS[-1]))
    assert len(f1) == 12
    assert all(score > 0.2 for score in f1.values()), f1
    assert sum(score < 0.95 for score in f1.values()) >= 6, f1
    assert min(f1.values()) < 0.8, f1
