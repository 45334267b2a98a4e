"""Whether the colour-blind can tell the class colours apart, and what helps where colours alone cannot.

Distances are CIEDE2000 (Sharma, Wu and Dalal 2005, https://doi.org/10.1002/col.20070). Dichromats are
simulated by the matrices of Machado, Oliveira and Fernandes (2009, https://doi.org/10.1109/TVCG.2009.113)
for a severity of 1, on linear RGB.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from cropdash.dashboard.colours import ACCENT, DARK, FAILURE, GROUND, INK, MUTED, PAPER, WARNING, place_style
from cropdash.dashboard.parcel.series_plot import BAND_COLOURS
from cropdash.dashboard.season.curves import _STYLES
from cropdash.dashboard.state import MAXIMUM_RUNS
from cropdash.nomenclature import Nomenclature

_SIMULATION = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip
_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
_WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour: str) -> np.ndarray:
    """Linear RGB of ``#rrggbb``."""
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of linear RGB."""
    ratio = _TO_XYZ @ np.clip(rgb, 0, 1) / _WHITE
    root = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def ciede2000(one: np.ndarray, other: np.ndarray) -> float:
    """Distance of two CIELAB colours; formulas as numbered by Sharma, Wu and Dalal."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(chroma**7 / (chroma**7 + 25**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    # Opposite hues: the formula goes from the smaller to the larger.
    if c1 * c2 and abs(h2 - h1) == 180:
        turn = h2 - h1
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    lightness, c = (l1 + l2) / 2, (c1 + c2) / 2
    if c1 * c2 == 0:
        hue = h1 + h2
    elif abs(h1 - h2) <= 180:
        hue = (h1 + h2) / 2
    else:
        hue = (h1 + h2 + 360) / 2 if h1 + h2 < 360 else (h1 + h2 - 360) / 2
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
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh))


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1, 2), (50, 0, 0), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
        ((90.8027, -2.0831, 1.441), (91.1528, -1.6435, 0.0447), 1.4441),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_distance_is_that_of_the_published_test_data(
    one: tuple[float, float, float], other: tuple[float, float, float], distance: float
) -> None:
    assert ciede2000(np.array(one), np.array(other)) == pytest.approx(distance, abs=1e-4)


#: The classes of the study, which stand in one picture.
STUDY = (1, 2, 3, 4, 5, 8, 11, 16, 17, 18, 20, 25)


def nearest(vision: str) -> tuple[float, str, str]:
    """The two classes whose colours are nearest in this vision, and how near."""
    seen = np.array(_SIMULATION[vision]) if vision in _SIMULATION else np.eye(3)
    classes = [crop for crop in Nomenclature.rpg_groups().classes if crop.code in STUDY]
    return min(
        (ciede2000(lab(seen @ linear(one.colour)), lab(seen @ linear(other.colour))), one.name, other.name)
        for one, other in combinations(classes, 2)
    )


def contrast(one: str, other: str) -> float:
    """WCAG contrast of two colours."""
    lighter, darker = sorted((float(_TO_XYZ[1] @ linear(colour)) for colour in (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


#: Below about 2 two patches touching each other look alike; parcels of a map lie apart and are small.
TOLD_APART = 10.0


@pytest.mark.parametrize("vision", ["all three cones", *_SIMULATION])
def test_no_two_classes_of_the_study_look_alike_to_the_colour_blind(vision: str) -> None:
    distance, one, other = nearest(vision)
    assert distance >= TOLD_APART, f"{one} and {other} are {distance:.1f} apart with {vision}"


@pytest.mark.parametrize("colour", [INK, MUTED, ACCENT, WARNING, FAILURE])
def test_text_reads_well_on_light_and_on_dark_pages(colour: str) -> None:
    for light in (PAPER, GROUND):
        assert contrast(colour, light) >= 4.5
        assert contrast(DARK[colour], DARK[light]) >= 4.5


def test_the_colours_of_runs_are_seen_on_a_dark_page() -> None:
    for place in range(MAXIMUM_RUNS):
        colour = place_style(place).colour
        assert contrast(DARK.get(colour, colour), DARK[PAPER]) >= 3


@pytest.mark.parametrize("colour", [*BAND_COLOURS.values(), *(style.colour for style in _STYLES.values())])
def test_the_colours_of_curves_over_time_are_seen_on_a_dark_page(colour: str) -> None:
    assert contrast(DARK.get(colour, colour), DARK[PAPER]) >= 3.3


def test_every_dark_colour_leads_back_to_its_own_light_one() -> None:
    assert len(set(DARK.values())) == len(DARK)
    assert not set(DARK.values()) & set(DARK)
