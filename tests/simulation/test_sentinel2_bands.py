"""The Sentinel-2 bands: centres, widths and band averages."""

import numpy as np
import pytest

from cropdash.nomenclature import SENSORS
from cropdash.simulation.sentinel2_bands import BANDS, band_weights

WAVELENGTHS = np.arange(400.0, 2501.0)


def test_bands_are_those_of_the_pixel_sets_in_their_order() -> None:
    assert tuple(BANDS) == SENSORS["S2"].bands


def test_band_averages_of_a_line_are_its_values_at_the_centres() -> None:
    averages = band_weights(WAVELENGTHS) @ (WAVELENGTHS / 1000.0)
    # B12 reaches beyond 2500 nm, where PROSAIL ends.
    assert averages == pytest.approx([centre / 1000.0 for centre, _ in BANDS.values()], abs=2e-3)


def test_a_band_sees_half_at_half_its_width() -> None:
    weights = dict(zip(BANDS, band_weights(WAVELENGTHS), strict=True))
    centre, width = BANDS["B8A"]
    red_edge = np.interp(centre - width / 2, WAVELENGTHS, weights["B8A"])
    assert red_edge == pytest.approx(weights["B8A"].max() / 2, rel=0.02)
