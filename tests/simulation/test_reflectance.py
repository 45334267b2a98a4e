"""The reflectance emulator: held to PROSAIL, and exact where that is free."""

from pathlib import Path

import numpy as np
import pytest

from cropdash.packaged import packaged_file
from cropdash.simulation.fit_reflectance import error, fit, write
from cropdash.simulation.prosail import Canopy, prosail_spectra
from cropdash.simulation.reflectance import EMULATOR_FILE, PETALS, RANGES, CanopyReflectance
from cropdash.simulation.sentinel2_bands import band_weights
from cropdash.simulation.soil import DRY, WET
from tests.simulation import golden_prosail as golden

EMULATOR = CanopyReflectance.packaged()


def test_golden_prosail_spectra_are_met_within_a_hundredth() -> None:
    seen = EMULATOR.terms(golden.CANOPIES).over((0.6 * DRY + 0.4 * WET).astype(np.float32))
    assert np.abs(seen - golden.BANDS).max() < 0.01


def test_random_canopies_equal_prosail() -> None:
    pytest.importorskip("torchrtm", reason="PROSAIL comes with cropdash[simulate]")
    difference = np.abs(error(EMULATOR, count=600, seed=11))
    assert np.sqrt((difference**2).mean()) < 0.0025
    assert np.quantile(difference, 0.99) < 0.0075
    assert difference.max() < 0.04


def test_without_leaves_only_soil_is_seen() -> None:
    bare = Canopy(np.zeros(4), *golden.CANOPY_ROWS[:, 1:].T)
    soil = np.linspace(0.05, 0.5, 10, dtype=np.float32)
    assert EMULATOR.terms(bare).over(soil) == pytest.approx(np.tile(soil, (4, 1)), abs=1e-6)


def test_a_closed_canopy_hides_the_soil_in_red_not_in_near_infrared() -> None:
    dense = EMULATOR.terms(Canopy(*golden.CANOPY_ROWS[:1].T))
    over_black, over_bright = dense.over(np.zeros(10)), dense.over(np.full(10, 0.4))
    change = (over_bright - over_black)[0]
    assert change[2] < 0.02 < change[6]


def test_traits_beyond_the_fitted_ranges_count_as_the_nearest_within() -> None:
    low, high = np.array(list(RANGES.values())).T
    beyond = EMULATOR.terms(Canopy(*(np.array([v]) for v in high * 1.5))).path
    assert beyond == pytest.approx(EMULATOR.terms(Canopy(*(np.array([v]) for v in high))).path)
    assert np.isfinite(EMULATOR.terms(Canopy(*(np.array([v]) for v in low))).path).all()


def test_petals_are_a_layer_of_prosail_leaves_without_chlorophyll() -> None:
    pytest.importorskip("torchrtm", reason="PROSAIL comes with cropdash[simulate]")
    layer = Canopy(*(np.array([v]) for v in (4.0, 0.5, 0.0, 0.012, 0.003, 30.0, 45.0)))
    spectrum, _ = prosail_spectra(layer, np.full(2101, 0.05), carotenoids=np.array([30.0]))
    assert spectrum[0] @ band_weights(np.arange(400.0, 2501.0)).T == pytest.approx(PETALS, abs=1e-3)


def test_a_small_fit_is_written_and_read_back_the_same(tmp_path: Path) -> None:
    pytest.importorskip("torchrtm", reason="PROSAIL comes with cropdash[simulate]")
    small = fit(samples=400, steps=300)
    write(small, tmp_path / "small.npz")
    again = CanopyReflectance.read(tmp_path / "small.npz")
    assert (again.terms(golden.CANOPIES).path == small.terms(golden.CANOPIES).path).all()
    # A few hundred canopies and steps already come near.
    assert np.sqrt((error(small, count=100) ** 2).mean()) < 0.05


def test_a_network_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="must map 7 traits to 30 terms, not 6 to 30"):
        CanopyReflectance([np.zeros((6, 30))], [np.zeros(30)])


def test_the_file_is_small() -> None:
    assert packaged_file(EMULATOR_FILE).stat().st_size < 100_000
