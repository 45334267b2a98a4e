"""The batch: what the data floor hands to the model floor, and nothing about either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class SensorBatch:
    """Padded pixel-set series of one sensor.

    Attributes:
        values: ``(parcels, dates, pixels, channels)`` float, normalised; padding is 0.
        days: ``(parcels, dates)`` float, days since the season's origin; padding is 0.
        date_mask: ``(parcels, dates)`` bool, True for a real acquisition.
        pixel_mask: ``(parcels, pixels)`` bool, True for a real pixel.
        seen: ``(parcels, dates, pixels)`` bool, False where a real pixel was hidden on a date, as by a
            cloud; None where all were seen. A date without any seen pixel is no date.

    Raises:
        ValueError: the shapes disagree.
    """

    values: Tensor
    days: Tensor
    date_mask: Tensor
    pixel_mask: Tensor
    seen: Tensor | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 4:
            raise ValueError(
                f"values must be (parcels, dates, pixels, channels), not {tuple(self.values.shape)}"
            )
        parcels, dates, pixels, _ = self.values.shape
        for name, want in {
            "days": (parcels, dates),
            "date_mask": (parcels, dates),
            "pixel_mask": (parcels, pixels),
        }.items():
            shape = tuple(getattr(self, name).shape)
            if shape != want:
                raise ValueError(
                    f"{name} must be {want} to fit values {tuple(self.values.shape)}, not {shape}"
                )
        if self.seen is not None and self.seen.shape != self.values.shape[:3]:
            raise ValueError(f"seen must be {(parcels, dates, pixels)}, not {tuple(self.seen.shape)}")

    @property
    def present(self) -> Tensor:
        """``(parcels,)`` bool: whether the parcel has any date of this sensor."""
        return self.date_mask.any(dim=1)

    def to(self, device: torch.device | str) -> SensorBatch:
        return self._each(lambda part: part.to(device, non_blocking=True))

    def pinned(self) -> SensorBatch:
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> SensorBatch:
        parts = {name: getattr(self, name) for name in self.__slots__}
        return SensorBatch(**{name: change(part) for name, part in parts.items() if part is not None})


@dataclass(frozen=True, slots=True)
class Batch:
    """Parcels as the network sees them.

    Attributes:
        sensors: one :class:`SensorBatch` a sensor, Sentinel-1 before Sentinel-2. For early and
            PSE fusion both lie on the same dates.
        labels: ``(parcels,)`` int64 class index, -1 where there is none.
        rows: ``(parcels,)`` int64, row of each parcel in the store's parcel table.
        features: ``(parcels, features)`` float standardised geometry features, or None.
    """

    sensors: Mapping[str, SensorBatch]
    labels: Tensor
    rows: Tensor
    features: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device | str) -> Batch:
        """On a device; a copy from pinned memory to a GPU goes on while the caller does something else."""
        return Batch(
            sensors={name: sensor.to(device) for name, sensor in self.sensors.items()},
            labels=self.labels.to(device, non_blocking=True),
            rows=self.rows,
            features=None if self.features is None else self.features.to(device, non_blocking=True),
        )

    def pinned(self) -> Batch:
        """In page-locked memory, from which a CUDA device copies without the processor's help; needs CUDA."""
        return Batch(
            sensors={name: sensor.pinned() for name, sensor in self.sensors.items()},
            labels=self.labels.pin_memory(),
            rows=self.rows,
            features=None if self.features is None else self.features.pin_memory(),
        )
