"""The list of pages, in the order of the navigation. A page's module is imported on its first visit."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cropdash.dashboard.page import Page


class PageEntry(NamedTuple):
    """Where a page lives and how the navigation shows it.

    Attributes:
        icon: a Material icon.
        acts: whether it starts or stops work; a dashboard for looking only is without it.
        explained: the part of the Explain page that tells how to read this one; empty where none does.
    """

    slug: str
    title: str
    icon: str
    explained: str
    module: str
    name: str
    acts: bool = False

    def load(self) -> type[Page]:
        return getattr(importlib.import_module(self.module), self.name)


def _entry(slug: str, title: str, icon: str, explained: str = "") -> PageEntry:
    return PageEntry(slug, title, icon, explained, f"cropdash.dashboard.{slug}.page", f"{title}Page")


PAGES: dict[str, PageEntry] = {
    entry.slug: entry
    for entry in (
        _entry("compare", "Compare", "leaderboard", "metrics"),
        _entry("classes", "Classes", "grid_on", "confusion"),
        _entry("attention", "Attention", "insights", "model"),
        _entry("map", "Map", "map", "map"),
        _entry("season", "Season", "show_chart", "season"),
        _entry("launch", "Launch", "play_circle", "fusion")._replace(acts=True),
        _entry("data", "Data", "dataset", "data"),
        _entry("explain", "Explain", "help_outline"),
    )
}
