"""The basemap under the parcels: off until somebody switches it on, from the address that the settings name.

The only thing on any page that asks another host for something, and it says which before it does. It is
not part of the page's address: who opens a link switches it on himself.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from urllib.parse import urlsplit

import panel as pn
import panel_material_ui as pmu
from bokeh.models import WMTSTileSource

from cropdash.dashboard.map.outlines import WEB_MERCATOR
from cropdash.dashboard.map.parcel_map import ParcelMap
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.settings import Settings

_HOW = (
    "No basemap is set up. Name a source of map tiles in cropdash.toml, below a line [cropdash], such as tiles = "
    '"https://…/{z}/{x}/{y}.png", or in CROPDASH_TILES, and start the dashboard again.'
)


class BasemapSwitch(pn.viewable.Viewer):
    """A switch with a sentence on where the tiles come from, or on how to set some up.

    Args:
        settings: name the address of the tiles.
        on_change: called after it was switched.

    Attributes:
        switch: the widget; disabled where no tiles are set up.
    """

    def __init__(self, settings: Settings, parcel_map: ParcelMap, on_change: Callable[[], None]) -> None:
        super().__init__()
        self._tiles, self._credit = settings.tiles, settings.tiles_credit
        host = urlsplit(self._tiles).netloc or "this server"
        self.switch = pmu.Switch(
            label="Basemap", size="small", margin=0, disabled=not self._tiles, css_classes=["cd-map-basemap"]
        )
        said = (
            f"Switched on, your browser loads map tiles from {host}, over the internet unless that is near; "
            "that host then learns which places you look at."
            if self._tiles
            else _HOW
        )
        self._map = parcel_map
        self._laid = False
        self.switch.param.watch(lambda _: on_change(), "value")
        note = text_pane("", "cd-map-basemap-note")
        note.object = f"<p class='note'>{html.escape(said)}</p>"
        self._layout = pn.FlexBox(
            self.switch,
            note,
            gap="12px",
            align_items="center",
            flex_wrap="nowrap",
            margin=(4, 0),
            sizing_mode="stretch_width",
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    @property
    def crs(self) -> str | None:
        """The reference system that the parcels must have; None where any will do."""
        return f"EPSG:{WEB_MERCATOR}" if self.switch.value else None

    def lay(self) -> None:
        """Bring the map in line with the switch, once its parcels have the system of the tiles."""
        if self.switch.value != self._laid:
            self._laid = self.switch.value
            self._map.lay_over(self._source() if self._laid else None)

    def _source(self) -> WMTSTileSource:
        return WMTSTileSource(url=self._tiles, attribution=html.escape(self._credit))
