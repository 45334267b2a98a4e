"""The picture of the Classes page: one confusion matrix, two side by side, or the difference of two."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import panel as pn

from cropdash.dashboard.classes.confusion_figure import confusion_figure
from cropdash.dashboard.classes.confusions import Mode
from cropdash.dashboard.classes.difference import same_parcels
from cropdash.dashboard.classes.matrix_data import difference_data, matrix_data
from cropdash.dashboard.classes.painted_cells import (
    FEWER,
    MORE,
    WRONG,
    PaintedCells,
    painted_difference,
    painted_matrix,
)
from cropdash.dashboard.colours import ACCENT
from cropdash.dashboard.figures import PHONE
from cropdash.dashboard.page import side_by_side, text_pane
from cropdash.dashboard.page_colours import follows_theme
from cropdash.dashboard.plot_frame import LegendSign, framed
from cropdash.runs.metrics import ConfusionMatrix

#: Width of a cell and room for the names of the classes, in pixels; a narrower place scrolls.
_CELL, _NAMES = 52, 220
_SHORT_CELL, _SHORT_NAMES = 30, 170
_WIDEST = 980
#: On a phone a cell is narrower, and the names stand in two lines.
_PHONE_CELL, _PHONE_NAMES = 40, 190
#: What stands in the cells.
NUMBERS: dict[Mode, str] = {
    "counts": "Numbers: test parcels.",
    "row": "Numbers: per cent of the parcels that truly are of a row's class.",
    "column": "Numbers: per cent of the parcels that are mapped as a column's class.",
}


@dataclass(frozen=True, eq=False)
class ShownMatrix:
    """A matrix, what its run is called, and the run's colour."""

    matrix: ConfusionMatrix
    run: str
    colour: str


class Matrices(pn.viewable.Viewer):
    """The picture.

    Args:
        on_cell: called with the true and the mapped class index of a cell that was tapped.
    """

    def __init__(self, on_cell: Callable[[int, int], None]) -> None:
        super().__init__()
        self._on_cell = on_cell
        self._pictures = [_Picture(), _Picture()]
        self._place = side_by_side(self._pictures[0].layout, least=500, margin=(4, 0, 0, 0))
        self._note = text_pane("", "cd-classes-picture-note")
        self._layout = pn.Column(
            self._place, self._note, sizing_mode="stretch_width", css_classes=["cd-classes-picture"]
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def draw(
        self,
        one: ShownMatrix,
        other: ShownMatrix | None,
        *,
        mode: Mode,
        difference: bool,
        order: Sequence[int],
        chosen: int | None,
        cell: tuple[int, int] | None,
    ) -> None:
        """Draw the matrix, with another one beside it, or the difference of both.

        Args:
            difference: of two matrices; without another there is none.
            order: class indices in the order in view.
            chosen, cell: what is marked, as class indices.
        """
        marks: dict[str, Any] = {"chosen": chosen, "cell": cell}
        names = one.matrix.class_names
        notes = []
        if not (other and difference):
            notes.append(
                f"{NUMBERS[mode]} Green: mapped right. Orange: mapped wrong. The stronger, the larger the share."
            )
        if other is None:
            picture = Saved(
                f"Confusion matrix of {one.run}", partial(matrix_data, one.matrix, order), _matrix_signs()
            )
            self._draw_one(
                0, painted_matrix(one.matrix, mode), names, order, "", picture, short=False, **marks
            )
        elif difference:
            cells = painted_difference(one.matrix, other.matrix, mode, (one.run, other.run))
            title = f"{_more(MORE, one.run)} &emsp; {_more(FEWER, other.run)}"
            picture = Saved(
                f"Confusion matrix of {one.run} less that of {other.run}",
                partial(difference_data, one.matrix, other.matrix, order, (one.run, other.run)),
                (
                    LegendSign(f"more by {one.run}", MORE),
                    LegendSign(f"more by {other.run}", FEWER),
                ),
            )
            self._draw_one(0, cells, names, order, title, picture, short=False, **marks)
            notes.append(
                f"Each cell: {'parcels' if mode == 'counts' else 'points of the share'} by {one.run}, less those by "
                f"{other.run}. On the diagonal more is better, elsewhere less."
            )
        else:
            for index, shown in enumerate((one, other)):
                cells = painted_matrix(shown.matrix, mode, short=True)
                picture = Saved(
                    f"Confusion matrix of {shown.run}",
                    partial(matrix_data, shown.matrix, order),
                    _matrix_signs(),
                )
                self._draw_one(index, cells, names, order, _titled(shown), picture, short=True, **marks)
        if other is not None and not same_parcels(one.matrix, other.matrix):
            notes.append("The two runs were tested on different parcels: compare shares rather than parcels.")
        notes.append(
            "Click a cell to list its parcels; its class is then chosen on all pages. A second click takes it back."
        )
        wanted = [picture.layout for picture in self._pictures[: 2 if other and not difference else 1]]
        if self._place.objects != wanted:
            self._place.objects = wanted
        self._place.max_width = _WIDEST if len(wanted) == 1 else None
        self._note.object = f"<p class='note'>{html.escape(' '.join(notes))}</p>"

    def _draw_one(
        self,
        index: int,
        cells: PaintedCells,
        names: Sequence[str],
        order: Sequence[int],
        title: str,
        picture: Saved,
        **options: Any,
    ) -> None:
        plot, source = confusion_figure(cells, names, order, **options)

        def tapped(_attr: str, _old: list[int], new: list[int]) -> None:
            if new:
                self._on_cell(int(source.data["truth"][new[0]]), int(source.data["predicted"][new[0]]))

        source.selected.on_change("indices", tapped)
        cell, room = (_SHORT_CELL, _SHORT_NAMES) if options["short"] else (_CELL, _NAMES)
        self._pictures[index].show(
            plot,
            title,
            picture,
            least=cell * len(names) + room,
            phone_least=(_SHORT_CELL if options["short"] else _PHONE_CELL) * len(names) + _PHONE_NAMES,
        )


@dataclass(frozen=True)
class Saved:
    """What a picture is called, and what goes with it when it is saved."""

    name: str
    data: Callable[[], pd.DataFrame]
    legend: Sequence[LegendSign]


class _Picture:
    """A figure that scrolls inside its place, below a title."""

    def __init__(self) -> None:
        self._title = text_pane("", "cd-classes-picture-title", visible=False)
        self._figure = pn.pane.Bokeh(None, sizing_mode="stretch_width")
        self._saved = Saved("Confusion matrix", pd.DataFrame, ())
        self.layout = pn.Column(
            self._title,
            framed(
                pn.Column(self._figure, sizing_mode="stretch_width", styles={"overflow-x": "auto"}, margin=0),
                name=lambda: self._saved.name,
                data=lambda: self._saved.data(),
                legend=lambda: self._saved.legend,
            ),
            sizing_mode="stretch_width",
            margin=0,
        )

    def show(self, plot: Any, title: str, saved: Saved, *, least: int, phone_least: int) -> None:
        self._saved = saved
        self._title.param.update(object=f"<h2>{title}</h2>", visible=bool(title))
        # In CSS, where it makes the picture scroll inside its place; Panel would widen the page instead.
        # A style of its own, since Bokeh's pane passes no stylesheet on: the one width up to a phone's window, the
        # other from there on.
        width = f"clamp({phone_least}px, calc({phone_least}px + (100vw - {PHONE}px) * 100), {least}px)"
        self._figure.styles = {"min-width": width}
        self._figure.object = plot


def _matrix_signs() -> tuple[LegendSign, LegendSign]:
    return LegendSign("right", ACCENT), LegendSign("wrong", WRONG)


def _titled(shown: ShownMatrix) -> str:
    return f"{_swatch(shown.colour)}{html.escape(shown.run)}"


def _more(colour: str, run: str) -> str:
    return f"{_swatch(colour)}more by {html.escape(run)}"


def _swatch(colour: str) -> str:
    return f"<span class='swatch' style='background:{follows_theme(colour)}'></span>"
