"""Tables as the dashboard shows them: fixed decimals, numbers to the right, scrolling inside themselves.

A table is told new values without losing its scroll position or order, and each has a CSV beside it.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.colours import ACCENT, GROUND, INK, MUTED, RULE
from cropdash.dashboard.theme import FONT

_CSS = f"""
.tabulator {{ font-family: {FONT}; font-size: 14px; color: {INK}; border: 0; background: #fff; }}
.tabulator .tabulator-header, .tabulator .tabulator-header .tabulator-col {{ background: #fff !important; border: 0 !important; }}
.tabulator .tabulator-header {{ border-bottom: 1px solid {RULE} !important; color: {MUTED}; font-weight: 600; font-size: 13px; }}
.tabulator .tabulator-header .tabulator-col .tabulator-col-title {{ color: {MUTED}; white-space: normal; }}
.tabulator .tabulator-tableholder .tabulator-table {{ background: #fff; }}
.tabulator .tabulator-row, .tabulator .tabulator-row.tabulator-row-even {{
  background: #fff !important; color: {INK} !important; border-bottom: 1px solid {RULE}; min-height: 34px; }}
.tabulator .tabulator-row.tabulator-selected, .tabulator .tabulator-row.tabulator-selectable:hover {{ background: {GROUND} !important; }}
.tabulator .tabulator-row .tabulator-cell {{ border: 0; padding: 8px 10px; font-variant-numeric: tabular-nums; }}
.tabulator .tabulator-row .tabulator-frozen {{ border-right: 0 !important; }}
.tabulator .tabulator-row .tabulator-cell:has(> input[type=checkbox]) {{ padding: 8px 4px; text-overflow: clip; }}
.tabulator input[type=checkbox] {{ accent-color: {ACCENT}; width: 16px; height: 16px; }}
"""


def number(decimals: int) -> dict[str, Any]:
    """Column format of a number with fixed decimals and thousands apart; an unknown one stays blank."""
    return {"type": "money", "precision": decimals, "thousand": ",", "decimal": "."}


def data_table(
    frame: pd.DataFrame,
    *css_classes: str,
    formats: Mapping[str, Any] | None = None,
    titles: Mapping[str, str] | None = None,
    widths: Mapping[str, int] | None = None,
    hidden: tuple[str, ...] = (),
    **params: Any,
) -> pn.widgets.Tabulator:
    """A table over ``frame``, its columns as wide as their content.

    Args:
        formats: by column; number formats are aligned to the right.
        titles: heading by column, where the name is not one.
        hidden: columns that carry ids.
    """
    formats = dict(formats or {})
    numeric = [
        column for column, kind in formats.items() if isinstance(kind, dict) and kind.get("type") == "money"
    ]
    return pn.widgets.Tabulator(
        _plain(frame),
        show_index=False,
        disabled=True,
        layout=params.pop("layout", "fit_data_fill"),
        formatters=formats,
        titles=dict(titles or {}),
        widths=dict(widths or {}),
        text_align=dict.fromkeys(numeric, "right"),
        hidden_columns=list(hidden),
        theme="simple",
        stylesheets=[_CSS],
        css_classes=list(css_classes),
        sizing_mode="stretch_width",
        margin=0,
        **params,
    )


def update_table(table: pn.widgets.Tabulator, frame: pd.DataFrame) -> None:
    """Show new values; cells are patched where the rows stayed, so that nothing jumps under the reader."""
    old, new = table.value, _plain(frame)
    if (
        list(old.columns) != list(new.columns)
        or len(old) != len(new)
        or "id" not in new
        or list(old["id"]) != list(new["id"])
    ):
        if not old.equals(new):
            table.value = new
        return
    changes = {
        column: [
            (row, value)
            for row, (before, value) in enumerate(zip(old[column], new[column], strict=True))
            if before is not value and before != value
        ]
        for column in new.columns
    }
    changes = {column: cells for column, cells in changes.items() if cells}
    if changes:
        table.patch(changes)


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


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """NaN as None, which a table leaves blank, and numpy's numbers as Python's."""
    return pd.DataFrame(
        {column: pd.Series([_cell(value) for value in frame[column]], dtype=object) for column in frame}
    )


def _cell(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value
