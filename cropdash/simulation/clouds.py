"""Which parcels are in the clear on which Sentinel-2 date.

How much of the sky is covered on a day is real (see ``acquisitions``); where the clouds stand is drawn: a
smooth random field of weather systems and of cumulus, cut at the day's cover. A parcel whose middle
lies under a cloud or in the shadow of one has no acquisition that day; it is hidden whole or not at all.
Clouds that the mask misses are in ``optical_scene``.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from cropdash.simulation.acquisitions import Acquisitions
from cropdash.simulation.random_streams import log_uniform

#: Wavelengths in metres of the two scales of cloud, and the share of variance that each has.
_SCALES = (((15_000.0, 80_000.0), 0.7), ((400.0, 5_000.0), 0.3))
_WAVES_PER_SCALE = 12
#: Height in metres at which clouds stand, drawn for each date.
_HEIGHT = (500.0, 3_000.0)
#: Latitude of Finistère; Sentinel-2 passes within an hour of noon, so shadows fall about northwards.
_LATITUDE = np.radians(48.4)


class CloudField:
    """The clouds over one region on each of its Sentinel-2 dates.

    Args:
        acquired: the dates and each one's cloud cover.
        rng: where the clouds stand.
    """

    def __init__(self, acquired: Acquisitions, rng: np.random.Generator) -> None:
        dates = len(acquired.s2_days)
        waves, sizes = [], []
        for wavelengths, variance in _SCALES:
            length = log_uniform(rng, wavelengths, (dates, _WAVES_PER_SCALE))
            heading = rng.uniform(0, 2 * np.pi, length.shape)
            waves.append(2 * np.pi / length * np.stack([np.cos(heading), np.sin(heading)]))
            # A cosine of size a has variance a²/2.
            sizes.append(np.full(_WAVES_PER_SCALE, np.sqrt(2 * variance / _WAVES_PER_SCALE)))
        self._waves = np.concatenate(waves, axis=2)
        self._sizes = np.concatenate(sizes).astype(np.float32)
        self._phases = rng.uniform(0, 2 * np.pi, self._waves.shape[1:])
        self._levels = ndtri(acquired.cloud_cover)
        self._shadow_reach = rng.uniform(*_HEIGHT, dates) / np.tan(noon_elevation(acquired.s2_days))

    def clear(self, points: np.ndarray) -> np.ndarray:
        """``(points, dates)`` bool: neither cloud nor shadow at ``points`` ``(points, 2)`` in metres."""
        here = np.einsum("pc,cdw->pdw", points, self._waves) + self._phases
        # The cloud whose shadow falls here stands to the south.
        sunwards = here - self._waves[1] * self._shadow_reach[:, None]
        covered = [self._field(phase) < self._levels for phase in (here, sunwards)]
        return ~(covered[0] | covered[1])

    def _field(self, phase: np.ndarray) -> np.ndarray:
        # Wrapped while still exact, so that single precision does for the cosine.
        wrapped = np.remainder(phase, 2 * np.pi).astype(np.float32)
        return np.cos(wrapped) @ self._sizes


def noon_elevation(days: np.ndarray) -> np.ndarray:
    """The sun's elevation at noon in radians, by Cooper's (1969) formula for its declination."""
    day_of_year = (days - days.astype("datetime64[Y]")).astype(int) + 1
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + day_of_year) / 365)
    return np.pi / 2 - _LATITUDE + declination
