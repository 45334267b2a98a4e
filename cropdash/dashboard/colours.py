"""Colours of runs and of classes, the same on every page, and the one accent of the frame.

Runs take theirs from the place that they hold among the chosen runs; classes from their nomenclature.
"""

from __future__ import annotations

from typing import NamedTuple

from cropdash.dashboard.state import Choices
from cropdash.nomenclature import CropClass

PAPER = "#FFFFFF"
ACCENT = "#0B6B57"
INK = "#1F2933"
MUTED = "#5B6770"
RULE = "#E3E7EA"
GROUND = "#F6F8F8"
WARNING = "#9A5B00"
FAILURE = "#B3261E"
#: A wrong answer of a run.
MISTAKE = "#C2410C"

#: What stands for a colour on a dark page; a colour that is not here reads well on both. No two are alike, so that
#: the browser finds its way back.
DARK = {
    PAPER: "#12181B",
    ACCENT: "#4CC2A3",
    INK: "#E6EBED",
    MUTED: "#A6B3B9",
    RULE: "#323E44",
    GROUND: "#1A2226",
    WARNING: "#F0B35A",
    FAILURE: "#FF8A80",
    MISTAKE: "#FF9966",
    # Land without a parcel.
    "#EDF0F0": "#20292D",
    # Parcels that are not meant, and those of unknown class.
    "#D5DBDE": "#39454B",
    "#D9DDE0": "#46535A",
    # Runs.
    "#4D4D4D": "#ABABAB",
    "#332288": "#8F84E8",
    "#882255": "#D0679A",
    # More by the one of two runs.
    "#1F5FA8": "#5B9BE6",
    # Radar, and curves of the season.
    "#4A5B8C": "#90A4DC",
    "#8A2F7A": "#C76BB7",
    "#7B3F2A": "#C07A5F",
    "#B5460F": "#E07B3F",
    "#7A6A00": "#BBA638",
    "#5A6B1E": "#9AAF55",
    # Bands and indices over time.
    "#1F3A5F": "#B7C9EE",
    "#2F7D3B": "#63BB70",
    "#C23B22": "#EC6B54",
    "#7B3F61": "#C983A9",
    "#4A4A4A": "#BEBEBE",
}

#: Okabe and Ito's palette, which the colour-blind can tell apart, without its yellow, which white swallows;
#: then dark tones of Paul Tol's, so that as many runs as can be chosen have a colour of their own.
_RUN_COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D", "#8C564B"),
    *("#332288", "#882255", "#999933", "#44AA99"),
)
#: The second sign by which runs are told apart; bokeh's marker names.
_RUN_MARKERS = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex", "star", "plus")


class RunStyle(NamedTuple):
    """How a run is drawn: a colour, and a marker for those who cannot tell the colours apart."""

    colour: str
    marker: str


def place_style(place: int) -> RunStyle:
    """Colour and marker of a place; markers shift by one each time that the colours begin anew."""
    around, index = divmod(place, len(_RUN_COLOURS))
    return RunStyle(_RUN_COLOURS[index], _RUN_MARKERS[(index + around) % len(_RUN_MARKERS)])


def run_style(choices: Choices, run_id: str) -> RunStyle:
    """Colour and marker of a chosen run.

    Raises:
        KeyError: the run is not chosen.
    """
    return place_style(choices.place_of(run_id))


def run_colour(choices: Choices, run_id: str) -> str:
    return run_style(choices, run_id).colour


def class_colours(classes: tuple[CropClass, ...]) -> dict[int, str]:
    """Colour by class code."""
    return {crop.code: crop.colour for crop in classes}


def readable_on(background: str) -> str:
    """Black or white, whichever reads better on a ``#rrggbb`` background (WCAG relative luminance)."""
    channels = [int(background[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else "#FFFFFF"
