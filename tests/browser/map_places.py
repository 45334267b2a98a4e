"""Where a parcel stands on the screen, to click it as a user does."""

from __future__ import annotations

from typing import Any

from tests.browser.waiting import at_rest

# The map's figure, by its scale of squares: finds a parcel's place on the screen.
PLACE_OF = """parcel => {
  for (const document of Bokeh.documents) for (const source of document._all_models.values()) {
    if (source.type !== 'ColumnDataSource' || !('parcel' in source.data) || !('code' in source.data)) continue
    const at = [...source.data.parcel].indexOf(parcel)
    if (at < 0) continue
    for (const plot of document._all_models.values()) {
      if (plot.type !== 'Figure' || !plot.renderers.some(r => r.data_source === source)) continue
      const mean = values => values.reduce((a, b) => a + b) / values.length
      const ring = axis => [...source.data[axis][at][0][0]].slice(0, 4)
      const x = (mean(ring('xs')) - plot.x_range.start) / (plot.x_range.end - plot.x_range.start)
      const y = (mean(ring('ys')) - plot.y_range.start) / (plot.y_range.end - plot.y_range.start)
      return {x: x * plot.inner_width, y: (1 - y) * plot.inner_height,
              square: Math.abs((plot.x_range.end - plot.x_range.start) / plot.inner_width
                     / ((plot.y_range.end - plot.y_range.start) / plot.inner_height) - 1)}
    }
  }
  return null
}"""


def place_on_screen(page: Any, parcel: str) -> tuple[float, float]:
    """The middle of a parcel on the map, in pixels of the window, once page and map have come to rest."""
    page.wait_for_function(f"parcel => ({PLACE_OF})(parcel) !== null", arg=parcel)
    plot = page.locator(".cd-map-plot")
    plot.scroll_into_view_if_needed()

    def look() -> tuple[float, float]:
        place, box = page.evaluate(PLACE_OF, parcel), plot.bounding_box()
        return box["x"] + place["x"], box["y"] + place["y"]

    return at_rest(page, look)


def tap(page: Any, parcel: str) -> None:
    """Click into the middle of a parcel on the map."""
    page.mouse.click(*place_on_screen(page, parcel))
