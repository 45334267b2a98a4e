"""Nomenclatures made while reading: classes from names, with colours that can be told apart.

A crop keeps the colour that it has among the RPG crop groups, so that wheat looks the same in every data
set; what has no counterpart there gets the colour farthest from all that are taken, also for those who
cannot tell red from green.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import product

from cropdash.nomenclature import CropClass, Nomenclature
from cropdash.readers.colour_vision import Apart, luminance

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

#: Relative luminance of what is neither lost on a dark page nor on a white one; rapeseed and other cereals are lighter
#: than most, meadows darker.
_DARKEST, _LIGHTEST = 0.03, 0.78


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


@cache
def _candidates() -> tuple[str, ...]:
    """Colours that stand out from a light page and from a dark one."""
    steps = range(0, 256, 28)
    every = [f"#{red:02X}{green:02X}{blue:02X}" for red, green, blue in product(steps, steps, steps)]
    return tuple(
        colour
        for colour, light in zip(every, luminance(every), strict=True)
        if _DARKEST <= light <= _LIGHTEST
    )


def _farthest_colours(taken: Sequence[str], count: int) -> list[str]:
    """Colours chosen one by one, each as far as can be from those taken and those chosen before it."""
    candidates = [colour for colour in _candidates() if colour not in taken]
    if count > len(candidates):
        raise ValueError(f"no more than {len(candidates)} classes can have a colour of their own")
    if not count:
        return []
    apart = Apart(candidates)
    for colour in taken:
        apart.take(colour)
    chosen: list[str] = []
    for _ in range(count):
        chosen.append(candidates[int(apart.nearest.argmax())])
        apart.take(chosen[-1])
    return chosen
