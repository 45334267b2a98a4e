"""Explain: drawings of the data, the networks and the figures, each a part that other pages lead to."""

from __future__ import annotations

import html
from functools import cache
from typing import Any

from cropdash.dashboard.explain.contents import part_html
from cropdash.dashboard.explain.help_text import HelpText
from cropdash.dashboard.explain.parts import PARTS
from cropdash.dashboard.page import Page
from cropdash.dashboard.pages import PAGES
from cropdash.dashboard.run_words import listed
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench

ANSWER = (
    "cropdash names one crop for each parcel, from what two satellites saw of it over a season, and counts how often "
    "that is right in a region that it has never seen."
)


class ExplainPage(Page):
    """One document; the part in view is a choice like any other, so that an address can name it."""

    slug = "explain"
    title = "Explain"
    question = "What do these pages show, and how is it made?"
    watches = ("part",)

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(choices, workbench, **params)
        self._text = HelpText(
            self._show_part,
            self._open_page,
            content=document(),
            part=choices.part,
            css_classes=["cd-explain-text"],
        )
        self.body.objects = [self._text]

    def refresh(self) -> None:
        self.say(ANSWER)
        self._text.part = self.choices.part

    def deactivate(self) -> None:
        """Left behind, the page opens at its top the next time that nobody asks for a part."""
        super().deactivate()
        self.choices.part = ""

    def _show_part(self, part: str) -> None:
        if part in PARTS:
            self.choices.part = part

    def _open_page(self, page: str) -> None:
        if page in self.workbench.pages:
            self.choices.page = page


@cache
def document() -> str:
    """All parts as HTML, below a list of them."""
    contents = "".join(
        f"<li><a href='' data-to-part='{name}'>{html.escape(title)}</a></li>" for name, title in PARTS.items()
    )
    sections = "".join(
        f"<section data-part='{name}' aria-labelledby='part-{name}'><h2 id='part-{name}' tabindex='-1'>"
        f"{html.escape(title)}</h2>{_shown_on(name)}{part_html(name)}</section>"
        for name, title in PARTS.items()
    )
    return f"<nav aria-label='Parts of this page'><ul>{contents}</ul></nav>{sections}"


def _shown_on(part: str) -> str:
    """Links to the pages that this part tells how to read."""
    pages = [
        f"<a href='' data-page='{entry.slug}'>{html.escape(entry.title)}</a>"
        for entry in PAGES.values()
        if entry.explained == part
    ]
    return f"<p class='shown-on'>To be read with {listed(pages)}</p>" if pages else ""
