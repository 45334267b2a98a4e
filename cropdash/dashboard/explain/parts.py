"""The parts of the Explain page: their names in an address, and their titles, in the order of the page."""

from __future__ import annotations

#: Title by name.
PARTS: dict[str, str] = {
    "data": "From satellite images to one series a parcel",
    "model": "How the network reads a series",
    "fusion": "One sensor, or five ways of fusing two",
    "season": "How early, and under how much cloud",
    "confusion": "How to read a confusion matrix",
    "metrics": "What the figures mean",
    "certainty": "Is a difference real, and is a run as sure as it is right?",
    "map": "What the map shows",
    "limits": "What no figure tells",
}
