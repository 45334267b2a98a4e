"""C-band backscatter of fields in VV and VH: the water cloud model over a rough, moist soil.

Vegetation is a cloud of leaves, stems and ears (Attema and Ulaby 1978, doi:10.1029/RS013i002p00357, with
the parts of Ulaby et al. 1984, doi:10.1016/0034-4257(84)90010-5); the soil is that of Baghdadi et al.
2016, doi:10.3390/rs8110920. Linear power inside, decibels outside.
"""

from __future__ import annotations

import numpy as np

#: Incidence angle in degrees at which all levels hold: the middle of the Interferometric Wide swath.
INCIDENCE = 38.0
#: Wave number at 5.405 GHz in 1/cm.
_WAVE_NUMBER = 2.0 * np.pi * 5.405 / 29.9792
_COSINE = np.cos(np.deg2rad(INCIDENCE))
_SINE = np.sin(np.deg2rad(INCIDENCE))
_COTANGENT = _COSINE / _SINE


def decibels(power: np.ndarray) -> np.ndarray:
    """10 log10 of a power."""
    return 10.0 * np.log10(power)


def power(decibel: np.ndarray) -> np.ndarray:
    """The power of decibels."""
    return 10.0 ** (decibel / 10.0)


def soil_backscatter(moisture: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """VV and VH of bare soil at :data:`INCIDENCE`, linear power (Baghdadi et al. 2016, equations 6 and 7).

    Args:
        moisture: volumetric, m³/m³; the model was fitted to 0.02 to 0.47.
        height: standard deviation of the surface's height in cm; fitted where wave number times height
            is 0.2 to 13.4.
    """
    percent = 100.0 * moisture
    rough = _WAVE_NUMBER * height
    vv = 10.0**-1.138 * _COSINE**1.528 * 10.0 ** (0.008 * _COTANGENT * percent) * rough ** (0.71 * _SINE)
    vh = 10.0**-2.325 * _COSINE**-0.01 * 10.0 ** (0.011 * _COTANGENT * percent) * rough ** (0.44 * _SINE)
    return vv, vh


def water_cloud(
    soil: np.ndarray,
    amounts: tuple[np.ndarray, ...],
    levels: tuple[np.ndarray, ...],
    extinctions: tuple[np.ndarray, ...],
) -> np.ndarray:
    """Backscatter of a mixed cloud over a soil in one polarisation, linear power.

    With one part this is ``A cos(t) (1 - T) + T soil`` with ``T = exp(-2 B V / cos(t))`` and ``A cos(t)``
    the level. Parts mix by what each adds to the extinction.

    Args:
        soil: backscatter of the soil, linear power.
        amounts: V of each part: leaf area, share of grown stems, of ears.
        levels: backscatter of a closed canopy of that part alone, linear power.
        extinctions: B of each part.
    """
    depths = [b * v for b, v in zip(extinctions, amounts, strict=True)]
    depth = np.asarray(sum(depths))
    scattered = np.asarray(sum(d * level for d, level in zip(depths, levels, strict=True)))
    through = np.exp(-2.0 * depth / _COSINE)
    mean_level = np.divide(scattered, depth, out=np.zeros_like(depth), where=depth > 0)
    return mean_level * (1.0 - through) + through * soil
