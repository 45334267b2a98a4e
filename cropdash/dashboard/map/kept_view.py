"""Where somebody has moved the map, for the address: ``map.view=x0_y0_x1_y1``, in units of the data set's own map.

The map's own moves to where all parcels are need no word there, nor does the browser's squaring of a view.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import param
from bokeh.document import Document
from panel.io.state import set_curdoc

from cropdash.dashboard.kept_choice import KeptText
from cropdash.dashboard.map.outlines import View

#: So long nobody has moved the map, in milliseconds: every address is a step of the browser's history.
SETTLED_MS = 700
#: Views that differ by less than this share of their width are one.
_SAME = 0.01
_EDGE = r"-?[0-9]{1,9}(?:\.[0-9])?"


class KeptView(KeptText):
    """The view that the address names; empty where the map stands as it would of itself.

    Args:
        view: tells where the map stands, in units of the data set's own map; None where nothing is on it.
    """

    value = param.String(default="", regex=f"^({'_'.join([_EDGE] * 4)}|)$")

    def __init__(self, view: Callable[[], View | None]) -> None:
        super().__init__()
        self._view = view
        self._home: View | None = None
        self._waiting: Any = None

    def opens_at(self, home: View) -> View:
        """Where a map begins that would stand at ``home`` of itself."""
        self._home = home
        return self.named or home

    @property
    def named(self) -> View | None:
        """The view of the address; None where it names none."""
        if not self.value:
            return None
        view = View(*map(float, self.value.split("_")))
        return view if view.width > 0 and view.height > 0 else None

    def moved(self, document: Document) -> None:
        """Write the view down once the map has come to rest."""
        if self._waiting is not None:
            document.remove_timeout_callback(self._waiting)

        def at_rest() -> None:
            self._waiting = None
            # Others ask whose session it is, which a callback of Bokeh's does not tell by itself.
            with set_curdoc(document):
                self.write()

        self._waiting = document.add_timeout_callback(at_rest, SETTLED_MS)

    def write(self) -> None:
        """Take down where the map stands."""
        view = self._view()
        if view is None or self._home is None:
            return
        if _same(view, self._home):
            self.value = ""
        elif self.named is None or not _same(view, self.named):
            self.value = "_".join(f"{edge:.1f}".removesuffix(".0") for edge in view)


def _same(view: View, meant: View) -> bool:
    """Whether a view is one that a browser makes of another for the shape of its window."""
    shaped = meant.shaped(view.width, view.height)
    return max(abs(a - b) for a, b in zip(view, shaped, strict=True)) < _SAME * view.width
