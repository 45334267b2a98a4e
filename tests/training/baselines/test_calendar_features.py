"""Features worked out by hand from tiny batches."""

from __future__ import annotations

import numpy as np
import torch

from cropdash.batches import Batch, SensorBatch
from cropdash.training.baselines.calendar_features import FeatureCalendar, pixel_statistics


def one_band(
    days: list[float],
    values: list[list[float]],
    real: list[bool] | None = None,
    seen: list[list[bool]] | None = None,
) -> SensorBatch:
    """One parcel of one band: a list of pixels for each date."""
    pixels = torch.tensor(values)[None, :, :, None]
    return SensorBatch(
        values=pixels,
        days=torch.tensor([days]),
        date_mask=torch.tensor([real or [True] * len(days)]),
        pixel_mask=torch.ones(1, pixels.shape[2], dtype=torch.bool),
        seen=None if seen is None else torch.tensor([seen]),
    )


def batch(series: SensorBatch, name: str = "S2") -> Batch:
    return Batch(
        {name: series}, labels=torch.zeros(1, dtype=torch.int64), rows=torch.zeros(1, dtype=torch.int64)
    )


def calendar(days: tuple[int, ...], longest_gap: int = 100) -> FeatureCalendar:
    return FeatureCalendar(bands={"S2": ("B4",)}, days={"S2": days}, longest_gap=longest_gap)


def test_hidden_pixels_count_neither_in_the_mean_nor_in_the_spread() -> None:
    series = one_band(
        [0, 5], [[1.0, 3.0, 99.0], [4.0, 99.0, 99.0]], seen=[[True, True, False], [True, False, False]]
    )
    np.testing.assert_allclose(pixel_statistics(series)[0], [[2, 1], [4, 0]])


def test_values_between_acquisitions_are_interpolated_and_held_outside() -> None:
    series = one_band([10, 20], [[1.0, 3.0], [5.0, 5.0]])
    features = calendar((0, 10, 15, 20, 40)).features(batch(series))[0]
    np.testing.assert_allclose(features.reshape(-1, 2)[:, 0], [2, 2, 3.5, 5, 5])
    np.testing.assert_allclose(features.reshape(-1, 2)[:, 1], [1, 1, 0.5, 0, 0])


def test_a_date_too_far_from_any_acquisition_is_missing() -> None:
    series = one_band([10, 100], [[1.0], [1.0]])
    features = calendar((0, 30, 31, 80, 120, 121), longest_gap=20).features(batch(series))[0]
    assert list(np.isnan(features.reshape(-1, 2)[:, 0])) == [False, False, True, False, False, True]


def test_padding_between_and_after_real_dates_changes_nothing() -> None:
    plain = one_band([10, 20], [[1.0], [5.0]])
    padded = one_band([10, 0, 20, 0], [[1.0], [77.0], [5.0], [77.0]], real=[True, False, True, False])
    days = calendar((5, 12, 18, 30))
    np.testing.assert_array_equal(days.features(batch(plain)), days.features(batch(padded)))


def test_a_sensor_without_a_date_is_missing_throughout() -> None:
    nothing = one_band([0], [[0.0]], real=[False])
    assert np.isnan(calendar((0, 10)).features(batch(nothing))).all()


def test_the_calendar_reaches_from_the_first_acquisition_to_the_last() -> None:
    made = FeatureCalendar.of(
        [batch(one_band([13, 44], [[1.0], [2.0]]))], {"S2": ("B4",)}, step=10, longest_gap=20, geometry=False
    )
    assert made.days == {"S2": (10, 20, 30, 40, 50)}
    assert made.names[:3] == ["S2_B4_mean_day10", "S2_B4_sd_day10", "S2_B4_mean_day20"]
