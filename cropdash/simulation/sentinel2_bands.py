"""The ten Sentinel-2 bands of the pixel sets, and how a spectrum is seen through them.

Spectral responses are Gaussians with the published centres and widths of Sentinel-2A; Sentinel-2B
differs by at most 18 nm in one band (B12), and by less than 3 nm elsewhere.
"""

from __future__ import annotations

import numpy as np

from cropdash.nomenclature import SENSORS

#: Centre and bandwidth (full width at half maximum) in nm, in the order of the channel axis.
#: Source: ESA, Sentinel-2 MSI User Guide, spatial and spectral resolutions, Sentinel-2A.
BANDS: dict[str, tuple[float, float]] = {
    "B2": (492.4, 66.0),
    "B3": (559.8, 36.0),
    "B4": (664.6, 31.0),
    "B5": (704.1, 15.0),
    "B6": (740.5, 15.0),
    "B7": (782.8, 20.0),
    "B8": (832.8, 106.0),
    "B8A": (864.7, 21.0),
    "B11": (1613.7, 91.0),
    "B12": (2202.4, 175.0),
}
if tuple(BANDS) != SENSORS["S2"].bands:
    raise AssertionError("the bands of the simulation must be those of the pixel sets")


def band_weights(wavelengths: np.ndarray) -> np.ndarray:
    """Weights (bands, wavelengths) whose product with a spectrum is its band averages; rows sum to 1.

    Args:
        wavelengths: (wavelengths,) in nm, evenly spaced.
    """
    centre, width = np.array(list(BANDS.values())).T[:, :, None]
    response = np.exp(-4.0 * np.log(2.0) * ((wavelengths - centre) / width) ** 2)
    return response / response.sum(axis=1, keepdims=True)
