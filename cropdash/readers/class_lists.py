"""Nomenclatures made while reading: classes from names, with colours that can be told apart.

A crop keeps the colour that it has among the RPG crop groups, so that wheat looks the same in every data
set; what has no counterpart there gets the colour farthest from all that are taken.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from cropdash.nomenclature import CropClass, Nomenclature

#: Which RPG crop group a word in a class name stands for; the first that fits counts.
_GROUPS = (
    ("buckwheat|oats?|rye|triticale|sorghum|millet|cereals?", 4),
    ("wheat", 1),
    ("maize|corn", 2),
    ("barley", 3),
    ("rapeseed|rape|canola", 5),
    ("sunflowers?", 6),
    ("soy|soybeans?|oilseeds?", 7),
    ("protein|peas?|beans?|horsebeans|pulses|legumes", 8),
    ("fibre|flax|hemp", 9),
    ("fallow", 11),
    ("rice", 14),
    ("fodder|alfalfa|lucerne|clover", 16),
    ("temporary (?:meadows?|grass|grasses|grasslands?)", 19),
    ("meadows?|pasture|grasslands?|grass", 18),
    ("orchards?|fruits?", 20),
    ("grapes?|grapevine|vines?|vineyards?", 21),
    ("nuts?", 22),
    ("olives?", 23),
    ("vegetables|flowers?", 25),
)


def class_list(
    names: Mapping[int, str],
    *,
    name: str,
    title: str,
    source: str,
    mixed: Collection[int] = (),
) -> Nomenclature:
    """A nomenclature of the given classes, in their order, each in a colour of its own.

    Args:
        names: class name by code.
        mixed: codes of the classes that mix crops.
    """
    colours: dict[int, str] = {}
    rpg = Nomenclature.rpg_groups().by_code
    for code, words in names.items():
        group = _group(words)
        if group is not None and rpg[group].colour not in colours.values():
            colours[code] = rpg[group].colour
    without = [code for code in names if code not in colours]
    colours |= dict(zip(without, _farthest_colours(list(colours.values()), len(without)), strict=True))
    classes = tuple(
        CropClass(code=code, name=words, colour=colours[code], mixed=code in mixed)
        for code, words in names.items()
    )
    return Nomenclature(name=name, title=title, source=source, classes=classes)


def readable(identifier: str) -> str:
    """``winter_barley`` as people write it."""
    return identifier.replace("_", " ").strip()


def _group(words: str) -> int | None:
    found = (group for pattern, group in _GROUPS if re.search(rf"\b(?:{pattern})\b", words.lower()))
    return next(found, None)


def _candidates() -> list[str]:
    """Colours that stand out from a light page and from a dark one."""
    found = []
    for lightness in (0.45, 0.6, 0.35, 0.7):
        for saturation in (0.75, 0.45):
            for step in range(48):
                parts = colorsys.hls_to_rgb(step / 48, lightness, saturation)
                found.append("#" + "".join(f"{round(255 * part):02X}" for part in parts))
    return list(dict.fromkeys(found))


def _farthest_colours(taken: Sequence[str], count: int) -> list[str]:
    """Colours chosen one by one, each as far as can be from those taken and those chosen before it."""
    candidates = [colour for colour in _candidates() if colour not in taken]
    if count > len(candidates):
        raise ValueError(f"no more than {len(candidates)} classes can have a colour of their own")
    channels = _channels(candidates)
    nearest = np.full(len(candidates), np.inf)
    for colour in taken:
        nearest = np.minimum(nearest, _distances(channels, _channels([colour])[0]))
    chosen = []
    for _ in range(count):
        at = int(nearest.argmax())
        chosen.append(candidates[at])
        nearest = np.minimum(nearest, _distances(channels, channels[at]))
    return chosen


def _channels(colours: Sequence[str]) -> np.ndarray:
    """``(colours, 3)`` red, green and blue."""
    return np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours], dtype=np.float64)


def _distances(colours: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Squared distance of colours from another, weighted as the eye does (the "redmean" of CompuPhase)."""
    red = (colours[:, 0] + other[0]) / 2
    weights = np.stack([2 + red / 256, np.full_like(red, 4), 2 + (255 - red) / 256], axis=1)
    return (weights * (colours - other) ** 2).sum(axis=1)
