"""Whether the colour-blind can tell the class colours apart, and the other colours from the page behind them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from cropdash.dashboard.colours import ACCENT, DARK, FAILURE, GROUND, INK, MUTED, PAPER, WARNING, place_style
from cropdash.dashboard.parcel.series_plot import BAND_COLOURS
from cropdash.dashboard.season.curves import _STYLES
from cropdash.dashboard.state import MAXIMUM_RUNS
from cropdash.nomenclature import Nomenclature
from cropdash.packaged import packaged_file
from cropdash.readers.class_lists import class_list
from cropdash.readers.colour_vision import VISIONS, ciede2000, luminance, smallest_distance
from cropdash.readers.timematch_folder import timematch_classes
from cropdash.readers.worldcereal_classes import WorldCerealClasses


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


def contrast(one: str, other: str) -> float:
    """WCAG contrast of two colours."""
    lighter, darker = sorted(luminance([one, other]), reverse=True)
    return float((lighter + 0.05) / (darker + 0.05))


#: Below about 2 two patches touching each other look alike; parcels of a map lie apart and are small.
TOLD_APART = 10.0
ORDINARY = (
    *(
        "winter wheat",
        "maize",
        "spring barley",
        "oilseed rape",
        "potatoes",
        "sugar beet",
        "grassland",
        "sunflower",
    ),
    *("soybean", "alfalfa", "vineyard", "orchard"),
)
BREIZHCROPS = (
    *("barley", "wheat", "rapeseed", "corn", "sunflower", "orchards", "nuts", "permanent meadows"),
    "temporary meadows",
)


def named(*names: str) -> Nomenclature:
    return class_list(dict(enumerate(names)), name="n", title="t", source="s")


def worldcereal(mapping: str) -> Nomenclature:
    return WorldCerealClasses.read(name=mapping).nomenclature(())


WORLDCEREAL = {
    "LANDCOVER10": TOLD_APART,
    "TEST_BINARY": TOLD_APART,
    "CROPTYPE20_EUROPE": 8.9,
    "CROPTYPE24": 8.9,
    "CROPTYPE28": 8.0,
    "CROPTYPE_INSEASON_FRANCE": 7.3,
}

#: Every table that is shipped, and lists as readers make them, each with the distance that its colours reach. Below
#: :data:`TOLD_APART` the map, zoomed in, and the legend say in words which class it is.
TABLES = {
    "RPG crop groups": (Nomenclature.rpg_groups, 8.9),
    "PSE-TAE": (lambda: Nomenclature.read(packaged_file("nomenclatures/psetae_44.json")), 6.5),
    "TimeMatch": (timematch_classes, TOLD_APART),
    **{
        f"WorldCereal {mapping}": (partial(worldcereal, mapping), reached)
        for mapping, reached in WORLDCEREAL.items()
    },
    "BreizhCrops": (lambda: named(*BREIZHCROPS), 8.9),
    "twelve ordinary names": (lambda: named(*ORDINARY), 9.4),
    "twelve classes without a name": (lambda: named(*(f"class {code}" for code in range(12))), TOLD_APART),
    "44 classes without a name": (lambda: named(*(f"class {code}" for code in range(44))), 5.9),
}


@pytest.mark.parametrize("vision", VISIONS)
def test_no_two_classes_of_the_study_look_alike_to_the_colour_blind(vision: str) -> None:
    colours = [crop.colour for crop in Nomenclature.rpg_groups().classes if crop.code in STUDY]
    assert smallest_distance(colours, vision) >= TOLD_APART


@pytest.mark.parametrize("table", TABLES)
def test_the_classes_of_every_table_are_as_far_apart_as_its_number_of_colours_allows(table: str) -> None:
    classes, reached = TABLES[table]
    colours = [crop.colour for crop in classes().classes]
    distances = {vision: smallest_distance(colours, vision) for vision in VISIONS}
    assert min(distances.values()) >= reached, distances


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
