"""How far apart colours look, to people who see them all and to those who lack one kind of cone.

Distances are CIEDE2000 (Sharma, Wu and Dalal 2005, https://doi.org/10.1002/col.20070). Dichromats are
simulated by the matrices of Machado, Oliveira and Fernandes (2009, https://doi.org/10.1109/TVCG.2009.113)
for a severity of 1, on linear RGB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What each way of seeing makes of linear RGB.
VISIONS: dict[str, NDArray[np.float64]] = {
    "all three cones": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip
_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
_WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colours: Sequence[str]) -> NDArray[np.float64]:
    """``(colours, 3)`` linear RGB, 0 to 1, of ``#rrggbb``."""
    channels = np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in colours])
    channels = channels.reshape(-1, 3)
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colours: Sequence[str]) -> NDArray[np.float64]:
    """``(colours,)`` relative luminance, 0 to 1."""
    return linear(colours) @ _TO_XYZ[1]


def seen(colours: Sequence[str], vision: str) -> NDArray[np.float64]:
    """``(colours, 3)`` CIELAB (D65) of ``#rrggbb`` as seen with one of :data:`VISIONS`."""
    rgb = np.clip(linear(colours) @ VISIONS[vision].T, 0, 1)
    ratio = rgb @ _TO_XYZ.T / _WHITE
    root = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], axis=1
    )


def ciede2000(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances of CIELAB colours, ``(..., 3)`` each and broadcast; formulas as numbered by Sharma, Wu and Dalal."""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(chroma**7 / (chroma**7 + 25**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    grey = c1 * c2 == 0
    apart = h2 - h1
    # Opposite hues: the formula goes from the smaller to the larger.
    turn = np.where(np.abs(apart) == 180, apart, (apart + 180) % 360 - 180)
    turn = np.where(grey, 0.0, turn)
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    lightness, c, total = (l1 + l2) / 2, (c1 + c2) / 2, h1 + h2
    around = np.where(total < 360, (total + 360) / 2, (total - 360) / 2)
    hue = np.where(grey, total, np.where(np.abs(apart) <= 180, total / 2, around))
    t = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    sl = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    sc, sh = 1 + 0.045 * c, 1 + 0.015 * c * t
    rotation = (
        -2 * np.sqrt(c**7 / (c**7 + 25**7)) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    )
    dl, dc, dh = dl / sl, dc / sc, dh / sh
    return np.sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh)


class Apart:
    """How far each of many colours is from the nearest of those taken so far, in the worst of all visions.

    Args:
        colours: ``#rrggbb``.
    """

    def __init__(self, colours: Sequence[str]) -> None:
        self._seen = np.stack([seen(colours, vision) for vision in VISIONS])
        self.nearest = np.full(len(colours), np.inf)

    def take(self, colour: str) -> None:
        """One more colour is taken."""
        taken = np.stack([seen([colour], vision) for vision in VISIONS])
        self.nearest = np.minimum(self.nearest, ciede2000(self._seen, taken).min(axis=0))


def smallest_distance(colours: Sequence[str], vision: str) -> float:
    """CIEDE2000 of the two colours that are nearest with this vision; infinite where there are not two."""
    lab = seen(colours, vision)
    first, second = np.triu_indices(len(colours), 1)
    return float(ciede2000(lab[first], lab[second]).min()) if len(first) else float("inf")
