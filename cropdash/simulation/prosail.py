"""Canopy reflectance computed directly with PROSAIL (PROSPECT-D leaves in a 4SAIL canopy).

This is the slow, exact way, through torchrtm, which the extra ``cropdash[simulate]`` installs. It makes
and checks the emulator of :mod:`cropdash.simulation.reflectance`, which the simulation itself runs on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from cropdash.simulation.sentinel2_bands import band_weights

#: What PROSAIL is evaluated at, in nm.
WAVELENGTHS = np.arange(400.0, 2501.0)
#: Leaf structure parameter N, the same for all crops (PROSPECT: 1.4 to 1.6 in dicots, 1.3 to 1.7 in crops).
LEAF_STRUCTURE = 1.5
#: Hot spot parameter: leaf size over canopy height (Weiss, Baret and Jay 2020: 0.1 to 0.5; row crops
#: towards the lower end).
HOT_SPOT = 0.1
#: View zenith and relative azimuth in degrees: a typical Sentinel-2 pixel between nadir and the edge of
#: the swath (10 degrees), across the sun's plane. Never set the zenith to 0: torchrtm 1.5 then takes the
#: interception of sunlight by inclined leaves for that of leaves seen from above.
VIEW_ZENITH, VIEW_AZIMUTH = 5.0, 90.0
#: Chlorophyll over carotenoids in leaves (Féret et al. 2017, PROSPECT-D, calibration sets: 4 to 5).
CHLOROPHYLL_PER_CAROTENOID = 4.5


@dataclass(frozen=True)
class Canopy:
    """What PROSAIL needs to know of canopies; every field an array (samples,).

    Attributes:
        lai: leaf area index, m²/m².
        chlorophyll: a and b, µg/cm².
        brown_pigment: no unit; 0 in green leaves, about 1 in straw.
        water: equivalent water thickness, cm.
        dry_matter: g/cm².
        leaf_angle: mean leaf inclination, degrees (0 horizontal), of an ellipsoidal distribution.
        sun_zenith: degrees.
    """

    lai: np.ndarray
    chlorophyll: np.ndarray
    brown_pigment: np.ndarray
    water: np.ndarray
    dry_matter: np.ndarray
    leaf_angle: np.ndarray
    sun_zenith: np.ndarray

    def stacked(self) -> np.ndarray:
        """All fields as one float32 array (samples, 7), in the order above."""
        arrays = np.broadcast_arrays(*(getattr(self, field.name) for field in fields(self)))
        return np.stack([np.ravel(array) for array in arrays], axis=1).astype(np.float32)


@dataclass(frozen=True)
class CanopyTerms:
    """How a canopy turns soil reflectance into reflectance: ``path + through * soil / (1 - bounce * soil)``.

    All arrays (..., bands). ``path`` is what the canopy reflects over a black soil, ``through`` the share
    of light that reaches the viewer by way of the soil, ``bounce`` the canopy's reflectance from below.
    """

    path: np.ndarray
    through: np.ndarray
    bounce: np.ndarray

    def over(self, soil: np.ndarray) -> np.ndarray:
        """Reflectance of the canopy over a soil of the given reflectance (..., bands)."""
        return self.path + self.through * soil / (1.0 - self.bounce * soil)


def _torchrtm() -> tuple[Any, Any, Any]:
    try:
        import torch
        from torchrtm.canopy.sail import foursail_main
        from torchrtm.leaf.prospect import prospectd
    except ImportError as error:
        raise ImportError(
            "PROSAIL is computed by torchrtm, which is not installed; "
            "install it with: pip install 'cropdash[simulate]'"
        ) from error
    return torch, foursail_main, prospectd


def prosail_spectra(
    canopy: Canopy,
    soil: np.ndarray,
    *,
    carotenoids: np.ndarray | None = None,
    hot_spot: float = HOT_SPOT,
    leaf_structure: float = LEAF_STRUCTURE,
) -> tuple[np.ndarray, np.ndarray]:
    """Reflectance of canopies over one soil, and their reflectance from below, at every wavelength.

    Args:
        canopy: traits of the samples.
        soil: (wavelengths,) Lambertian soil reflectance.
        carotenoids: (samples,) µg/cm²; chlorophyll over :data:`CHLOROPHYLL_PER_CAROTENOID` if not given.

    Returns:
        Bidirectional reflectance and bihemispherical reflectance of the canopy alone, (samples, wavelengths).
    """
    torch, foursail_main, prospectd = _torchrtm()
    traits = torch.from_numpy(canopy.stacked())
    lai, cab, brown, water, dry, angle, sun = traits.T
    count = len(traits)
    car = cab / CHLOROPHYLL_PER_CAROTENOID if carotenoids is None else torch.as_tensor(carotenoids).float()
    # PROSPECT-D in torchrtm takes the columns of its coefficient file: Cab, Car, Cbrown, Cw, Cm, Canth.
    leaf_traits = torch.stack([cab, car, brown, water, dry, torch.zeros(count)], dim=1)

    def constant(value: float) -> Any:
        return torch.full((count,), float(value))

    wavelengths = torch.as_tensor(soil, dtype=torch.float32)
    with torch.no_grad():
        rho, tau = prospectd(leaf_traits, constant(leaf_structure))
        out = foursail_main(
            rho,
            tau,
            constant(1.0),
            angle,
            constant(0.0),
            lai,
            constant(hot_spot),
            sun,
            constant(VIEW_ZENITH),
            constant(VIEW_AZIMUTH),
            torch.tensor(torch.pi / 180.0),
            torch.tensor(torch.pi),
            torch.tensor([5.0, 15, 25, 35, 45, 55, 65, 75, 81, 83, 85, 87, 89]),
            wavelengths,
            wavelengths,
            lidtype=2,
        )
    return out[3].numpy(), out[6].numpy()


#: The soil reflectance at which ``CanopyTerms.through`` is fitted, typical of the near infrared.
_REFERENCE_SOIL = 0.2


def prosail_terms(canopy: Canopy, *, batch: int = 250) -> CanopyTerms:
    """The terms of canopies in the Sentinel-2 bands, each (samples, bands), computed with PROSAIL."""
    weights = band_weights(WAVELENGTHS).T.astype(np.float32)
    black, grey = np.zeros(len(WAVELENGTHS)), np.full(len(WAVELENGTHS), _REFERENCE_SOIL)
    stacked = canopy.stacked()
    parts = []
    for start in range(0, len(stacked), batch):
        part = Canopy(*stacked[start : start + batch].T)
        path, bounce = (spectrum @ weights for spectrum in prosail_spectra(part, black))
        over_grey = prosail_spectra(part, grey)[0] @ weights
        through = (over_grey - path) * (1.0 - bounce * _REFERENCE_SOIL) / _REFERENCE_SOIL
        parts.append((path, through, bounce))
    return CanopyTerms(*(np.concatenate(term) for term in zip(*parts, strict=True)))
