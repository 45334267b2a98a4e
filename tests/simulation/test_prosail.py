"""PROSAIL computed directly, against spectra of another implementation."""

import builtins
from typing import Any

import numpy as np
import pytest

from cropdash.simulation import prosail
from cropdash.simulation.prosail import Canopy, prosail_spectra, prosail_terms
from cropdash.simulation.sentinel2_bands import band_weights
from cropdash.simulation.soil import DRY, WET
from tests.simulation import golden_prosail as golden


@pytest.fixture(autouse=True)
def _torchrtm() -> None:
    pytest.importorskip("torchrtm", reason="PROSAIL comes with cropdash[simulate]")


def test_spectra_are_those_of_another_implementation() -> None:
    first_three = Canopy(*golden.CANOPY_ROWS[:3].T)
    reflectance, _ = prosail_spectra(first_three, np.full(2101, 0.2))
    # 13 classes of leaf angle here, 18 there.
    assert np.abs(reflectance[:, golden.WAVELENGTHS - 400] - golden.SPECTRA).max() < 1e-3


def test_terms_join_a_canopy_to_any_soil() -> None:
    seen = prosail_terms(golden.CANOPIES).over(0.6 * DRY + 0.4 * WET)
    assert np.abs(seen - golden.BANDS).max() < 1e-3


def test_leaf_traits_reach_prospect_in_its_order() -> None:
    """Brown pigment darkens the near infrared's edge, anthocyanin the green alone; neither may take the other's place."""
    green = golden.CANOPY_ROWS[0]
    brown = np.where(np.arange(7) == 2, 0.8, green)
    (alive, dead), _ = prosail_spectra(Canopy(*np.stack([green, brown]).T), np.full(2101, 0.2))
    change = dict(zip((550, 760, 1650), (dead - alive)[[150, 360, 1250]], strict=True))
    assert change[760] < -0.03
    assert abs(change[1650]) < 1e-3


def test_sunlight_is_intercepted_by_slope_of_leaves_at_low_sun() -> None:
    """At nadir torchrtm 1.5 forgets this; the view is never set there."""
    assert prosail.VIEW_ZENITH > 0
    low_sun = Canopy(*golden.CANOPY_ROWS[1:2].T)
    red = prosail_spectra(low_sun, np.full(2101, 0.2))[0][0, 270]
    assert red == pytest.approx(0.09265, abs=1e-3)


def test_dry_and_wet_soil_are_those_of_prosail() -> None:
    from torchrtm.data_loader import load_soil_spectra

    weights = band_weights(prosail.WAVELENGTHS)
    dry, wet = (weights @ spectrum.numpy() for spectrum in load_soil_spectra())
    assert dry == pytest.approx(DRY, abs=2e-3)
    assert wet == pytest.approx(WET, abs=2e-3)


def test_without_torchrtm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("torchrtm"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"cropdash\[simulate\]"):
        prosail_terms(golden.CANOPIES)
