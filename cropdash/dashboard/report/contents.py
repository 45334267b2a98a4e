"""What a report can hold: its sections by name, in their order. Caveats and provenance are in every report."""

from __future__ import annotations

from collections.abc import Iterable

#: Heading of each section, by the name under which it is chosen.
SECTIONS = {
    "runs": "The runs",
    "classes": "Class by class",
    "tests": "Is the difference real?",
    "confusions": "Which crops are confused",
    "attention": "When in the season the models look",
    "maps": "The crops on the map, right and wrong",
    "areas": "How much land each class covers",
    "season": "How early, and under how much cloud",
    "curves": "How the runs were trained",
}


def chosen_sections(names: Iterable[str]) -> frozenset[str]:
    """The sections of these names; all of them if there is no name.

    Raises:
        ValueError: a name is unknown; the message lists those that are known.
    """
    names = list(names)
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        raise ValueError(f"a report has no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    return frozenset(names or SECTIONS)
