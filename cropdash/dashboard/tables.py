"""Tables as the dashboard shows them: fixed decimals, numbers to the right, scrolling inside themselves.

The browser is told the rows in view alone and writes only the cells that have changed, so that no row
goes away under a pointer: its side is ``data_table.js``. Order and pages are made here. Each table has a CSV beside
it.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
import panel_material_ui as pmu
import param
from panel.custom import JSComponent

from cropdash.dashboard.page_colours import ACCENT, GROUND, INK, MUTED, RULE
from cropdash.dashboard.theme import FONT

_CSS = f"""
:host {{ font-family: {FONT}; font-size: 14px; color: {INK}; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; min-width: 100%; }}
th {{ text-align: left; padding: 0; border-bottom: 1px solid {RULE}; font-weight: 600; font-size: 13px; color: {MUTED}; vertical-align: bottom; }}
th > span, th > button {{ display: block; width: 100%; padding: 8px 10px; text-align: inherit; white-space: pre; }}
th > button {{ font: inherit; color: inherit; background: none; border: 0; cursor: pointer; }}
th > button:hover {{ color: {INK}; }}
th > button::after {{ content: "\\2002"; display: inline-block; width: 1em; text-align: right; }}
th[aria-sort=ascending] > button::after {{ content: "\\2191"; }}
th[aria-sort=descending] > button::after {{ content: "\\2193"; }}
td {{ padding: 8px 10px; border-bottom: 1px solid {RULE}; white-space: nowrap; font-variant-numeric: tabular-nums; }}
.number {{ text-align: right; }}
/* The arrow stands before the heading of numbers, which ends where they end. */
th.number > button {{ display: flex; flex-direction: row-reverse; justify-content: flex-start; align-items: end; }}
th.number > button::after {{ text-align: left; }}
/* What is left of the width goes to the last column, which holds nothing. */
.rest {{ width: 100%; padding: 0; }}
.clickable tbody tr:not(.group) {{ cursor: pointer; }}
tbody th {{ padding: 14px 10px 6px; color: {INK}; }}
.clickable tbody tr:not(.group):hover {{ background: {GROUND}; }}
:is(tr, button, input):focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: -2px; }}
.tick {{ padding: 8px 4px 8px 10px; line-height: 0; }}
input {{ accent-color: {ACCENT}; width: 16px; height: 16px; margin: 0; cursor: pointer; }}
input:disabled {{ cursor: default; }}
nav {{ display: flex; align-items: center; gap: 6px; padding: 8px 0; color: {MUTED}; font-size: 13px; }}
nav[hidden] {{ display: none; }}
nav button {{ font: inherit; color: {ACCENT}; background: none; border: 1px solid {RULE}; border-radius: 6px; padding: 4px 10px; cursor: pointer; }}
nav button:disabled {{ color: {MUTED}; opacity: .5; cursor: default; }}
"""


class TableClick(NamedTuple):
    """A click on a cell; ``row`` is its position in the frame, whatever the order in view."""

    row: int
    column: str


class TableRows(Protocol):
    """Rows of a table that are written out when they come into view, for tables too long to hold as a frame."""

    @property
    def columns(self) -> Sequence[str]: ...

    def __len__(self) -> int: ...

    def part(self, positions: Sequence[int]) -> pd.DataFrame:
        """The rows at these positions."""

    def ordered(self, column: str, downwards: bool) -> Sequence[int]:
        """Positions of all rows in the order of a column."""


class DataTable(JSComponent):
    """A table over a frame, its columns as wide as their content.

    Args:
        frame: one row a line, or :class:`TableRows`; a column ``id`` tells rows from one another while others come and go.
        formats: by column: :func:`number`, :data:`DAY`, or :data:`TICK` for cells of :func:`tick`; with an
            entry ``absent`` it says what stands for an unknown value.
        titles: heading by column, where the name is not one; a line break in it stays one.
        hidden: columns that carry ids.
        page_size: rows on a page; all of them on one if unset.
    """

    columns = param.List(doc="Name, title, kind and whether it can be sorted, of each column in view.")
    rows = param.List(doc="Key and cells of each row in view; no key before the heading of a group.")
    order = param.List(doc="The column that the rows are ordered by, and whether downwards.")
    page = param.Integer(default=1, doc="The page in view, counted from 1.")
    pages = param.Integer(default=1)
    told = param.String(doc="Which rows of how many are in view.")
    clickable = param.Boolean(default=False, doc="Whether a row can be chosen.")

    _stylesheets = [_CSS]

    _esm = files("cropdash.dashboard").joinpath("data_table.js").read_text(encoding="utf-8")

    def __init__(
        self,
        frame: pd.DataFrame | TableRows,
        *css_classes: str,
        formats: Mapping[str, Any] | None = None,
        titles: Mapping[str, str] | None = None,
        hidden: tuple[str, ...] = (),
        page_size: int | None = None,
        **params: Any,
    ) -> None:
        params.setdefault("sizing_mode", "stretch_width")
        params.setdefault("margin", 0)
        super().__init__(css_classes=list(css_classes), **params)
        self._formats = dict(formats or {})
        self._titles = dict(titles or {})
        self._hidden = hidden
        self._page_size = page_size
        self._clicked: Callable[[TableClick], None] | None = None
        self.fill(frame)

    def fill(
        self,
        frame: pd.DataFrame | TableRows,
        *,
        page: int | None = None,
        groups: Sequence[str] | None = None,
    ) -> None:
        """Show new values. Order and page stay, unless a page is named.

        Args:
            groups: heading of each row's group; rows of a group stand together below it, and groups in the
                order of their first rows.
        """
        self.value = frame
        self._groups = None if groups is None else list(groups)
        has_ids = isinstance(frame, pd.DataFrame) and "id" in frame
        self._ids = [str(key) for key in frame["id"]] if has_ids else None  # type: ignore[index]
        self._columns = [name for name in frame.columns if name not in self._hidden]
        self._show_page(self.page if page is None else page)

    def on_click(self, clicked: Callable[[TableClick], None], *, rows: bool = True) -> None:
        """Call this for every click on a tick and, unless told otherwise, on a row."""
        self._clicked = clicked
        self.clickable = rows

    def _show_page(self, page: int) -> None:
        count = len(self.value)
        size = self._page_size or max(count, 1)
        pages = max(1, math.ceil(count / size))
        page = min(max(page, 1), pages)
        first = (page - 1) * size
        positions = self._together(self._ordered())[first : first + size]
        rows = self.value
        part = rows.iloc[list(positions)] if isinstance(rows, pd.DataFrame) else rows.part(positions)
        cells = [[self._text(name, value) for value in part[name]] for name in self._columns]
        self.param.update(
            columns=[
                {
                    "name": str(name),
                    "title": self._titles.get(name, str(name)),
                    "kind": self._kind(name),
                    "sortable": self._kind(name) != "tick",
                }
                for name in self._columns
            ],
            rows=self._under_headings(
                positions,
                [
                    [self._ids[at] if self._ids else str(at), *row]
                    for at, row in zip(positions, zip(*cells, strict=True), strict=True)
                ],
            ),
            page=page,
            pages=pages,
            told=f"{first + 1:,} to {first + len(part):,} of {count:,}",
        )

    def _together(self, positions: Sequence[int]) -> Sequence[int]:
        """The positions with those of each group beside one another."""
        if self._groups is None:
            return positions
        place: dict[str, int] = {}
        for at in positions:
            place.setdefault(self._groups[at], len(place))
        return sorted(positions, key=lambda at: place[self._groups[at]])  # type: ignore[index]

    def _under_headings(self, positions: Sequence[int], rows: list[list[Any]]) -> list[list[Any]]:
        """The rows in view with the heading of each group before its first one."""
        if self._groups is None:
            return rows
        told: list[list[Any]] = []
        for before, at, row in zip([None, *positions], positions, rows, strict=False):
            if before is None or self._groups[before] != self._groups[at]:
                told.append([None, f"{self._groups[at]} ({self._groups.count(self._groups[at])})"])
            told.append(row)
        return told

    def _ordered(self) -> Sequence[int]:
        """Positions of all rows in the order in view; unknown values come last."""
        if not self.order or self.order[0] not in self._columns:
            return range(len(self.value))
        column, downwards = self.order
        if not isinstance(self.value, pd.DataFrame):
            return self.value.ordered(column, downwards)
        values = self.value[column].reset_index(drop=True)
        if self._kind(column) == "number":
            values = pd.to_numeric(values)
        elif self._kind(column) != "day":
            values = values.astype(str).str.casefold()
        ordered = values.sort_values(ascending=not downwards, kind="stable", na_position="last")
        return [int(position) for position in ordered.index]

    def _kind(self, column: str) -> str:
        if self._formats.get(column) == TICK:
            return "tick"
        if column not in self._formats:
            return "text"
        return "day" if "day" in self._formats[column] else "number"

    def _text(self, column: str, value: Any) -> Any:
        if self._kind(column) == "tick":
            return value
        form = self._formats.get(column)
        if value is None or value is pd.NaT or (isinstance(value, float | np.floating) and math.isnan(value)):
            return form.get("absent", "") if form else ""
        if form is None:
            return str(value)
        if "day" in form:
            return f"{value:{form['day']}}"
        return f"{value:,.{form['decimals']}f}".replace(",", form["thousand"])

    def _handle_msg(self, message: dict[str, Any]) -> None:
        if "sort" in message:
            self._sort(message["sort"])
        elif "page" in message:
            self._show_page(int(message["page"]))
        elif "click" in message and self._clicked is not None:
            row = self._position(message["click"])
            if row is not None:
                self._clicked(TableClick(row, message["column"]))

    def _position(self, key: str) -> int | None:
        """Where the row of this key stands in the frame; None once it has gone."""
        if self._ids is not None:
            return self._ids.index(key) if key in self._ids else None
        return int(key) if int(key) < len(self.value) else None

    def _sort(self, column: str) -> None:
        """Numbers with the largest first, words from A; then the other way round; then as they came."""
        first = self._kind(column) == "number"
        if not self.order or self.order[0] != column:
            self.order_by([column, first])
        else:
            self.order_by([column, not first] if self.order[1] == first else [])

    def order_by(self, order: list[Any]) -> None:
        """Put the rows in an order, as in :attr:`order`, and show the first page; nothing if they are in it."""
        if order != self.order:
            self.order = order
            self._show_page(1)


#: Format of a column of :func:`tick` cells.
TICK = "tick"
#: Format of a column of days (pandas timestamps), ordered as days are.
DAY = {"day": "%d %b %Y"}


def tick(label: str, checked: bool, *, disabled: bool = False) -> list[Any]:
    """A cell with a tick box; ``label`` is what it is for."""
    return [label, checked, disabled]


def number(decimals: int) -> dict[str, Any]:
    """Column format of a number with fixed decimals and thousands apart; an unknown one stays blank."""
    return {"decimals": decimals, "thousand": ","}


def csv_button(filename: str, frame: Callable[[], pd.DataFrame], *css_classes: str) -> pmu.FileDownload:
    """A button that downloads a table as CSV, asked for when it is clicked."""

    def content() -> io.StringIO:
        return io.StringIO(frame().to_csv(index=False, lineterminator="\n"))

    return pmu.FileDownload(
        callback=content,
        filename=filename,
        label="CSV",
        icon="download",
        variant="text",
        size="small",
        description="Download this table",
        css_classes=list(css_classes),
        margin=(0, 0),
    )
