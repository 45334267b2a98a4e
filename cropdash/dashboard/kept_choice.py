"""Something that somebody chose and that no widget holds: what a legend leaves out, where a map stands.

It has a value as a widget has one, so that a page can keep it in its address.
"""

from __future__ import annotations

from collections.abc import Sequence

import param


class KeptText(param.Parameterized):
    """A text; empty where nobody has chosen anything.

    Args:
        options: what it may be; anything if unset.
    """

    value = param.String(default="")

    def __init__(self, options: Sequence[str] | None = None) -> None:
        super().__init__()
        if options is not None:
            self.options = ["", *options]


class KeptWords(param.Parameterized):
    """Some words, in the order in which they came."""

    value: list[str] = param.List(default=[], item_type=str)  # type: ignore[assignment]

    def __contains__(self, word: str) -> bool:
        return word in self.value

    def put(self, word: str, there: bool) -> None:
        """Add a word, or take it away."""
        others = [one for one in self.value if one != word]
        kept = [*others, word] if there else others
        if there != (word in self.value):
            self.value = kept
