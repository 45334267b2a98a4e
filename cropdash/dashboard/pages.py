"""The list of pages, in the order of the navigation. A page's module is imported on its first visit."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cropdash.dashboard.page import Page


class PageEntry(NamedTuple):
    """Where a page lives and how the navigation shows it; ``icon`` is a Material icon."""

    slug: str
    title: str
    icon: str
    module: str
    name: str

    def load(self) -> type[Page]:
        return getattr(importlib.import_module(self.module), self.name)


def _entry(slug: str, title: str, icon: str) -> PageEntry:
    return PageEntry(slug, title, icon, f"cropdash.dashboard.{slug}.page", f"{title}Page")


PAGES: dict[str, PageEntry] = {
    entry.slug: entry
    for entry in (
        _entry("compare", "Compare", "leaderboard"),
        _entry("classes", "Classes", "grid_on"),
        _entry("attention", "Attention", "insights"),
        _entry("map", "Map", "map"),
        _entry("launch", "Launch", "play_circle"),
        _entry("data", "Data", "dataset"),
    )
}
