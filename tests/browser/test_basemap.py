"""The basemap: asked for at a source of tiles only once somebody has switched it on."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import TIMEOUT_MILLISECONDS, OpenPage, dashboard_server
from tests.browser.map_places import PLACE_OF
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MILLISECONDS)

#: A colour that no class, word or line of the dashboard has.
PAINT = [255, 0, 170]
CREDIT = "© the surveyors"

#: How many pixels of the map's canvases are painted as the tiles are, or nearly so.
PAINTED = """paint => {
  let found = 0
  for (const view of Bokeh.index.query((one) => one.model.type === "Figure")) {
    const { canvas } = view.canvas_view.primary
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 250 && paint.every((value, at) => Math.abs(data[i + at] - value) < 8)) found += 1
    }
  }
  return found
}"""

#: The map's colour, red to opacity, in the middle of a parcel.
COLOUR_OF = f"""parcel => {{
  const place = ({PLACE_OF})(parcel)
  if (place === null) return null
  const canvas = Bokeh.index.query((one) => one.model.type === "Figure").next().value.canvas_view.primary.canvas
  const ratio = canvas.width / canvas.getBoundingClientRect().width
  return [...canvas.getContext("2d").getImageData(place.x * ratio, place.y * ratio, 1, 1).data]
}}"""


class TileServer(ThreadingHTTPServer):
    """Tiles of one colour for every place of the world; ``asked`` has the paths that were asked for."""

    def __init__(self) -> None:
        super().__init__(("localhost", 0), _Tile)
        self.asked: list[str] = []
        picture = io.BytesIO()
        Image.new("RGB", (256, 256), tuple(PAINT)).save(picture, "png")
        self.picture = picture.getvalue()


class _Tile(BaseHTTPRequestHandler):
    server: TileServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(self.server.picture)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(self.server.picture)

    def log_message(self, *_: object) -> None:
        """Nothing: the paths are kept."""


@pytest.fixture
def tiles() -> Iterator[TileServer]:
    with TileServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_basemap_is_asked_for_and_drawn_under_the_parcels_only_while_it_is_switched_on(
    tiles: TileServer, open_page: OpenPage, tmp_path: Path
) -> None:
    fields = tmp_path / "data" / "fields"
    random_store(fields, 12)
    example_run(tmp_path / "runs", fields, "S2")
    source = f"http://localhost:{tiles.server_port}/{{z}}/{{x}}/{{y}}.png"
    (tmp_path / "cropdash.toml").write_text(f'[cropdash]\ntiles = "{source}"\n', encoding="utf-8")
    credit = {"CROPDASH_TILES_CREDIT": CREDIT}
    with dashboard_server(tmp_path / "data", tmp_path / "runs", settings=credit) as address:
        page = open_page(f"{address}?page=map&runs=S2_seed1_example&data=fields")
        on_the_map = f"parcel => ({PLACE_OF})(parcel) !== null"
        page.wait_for_function(on_the_map, arg="r4-003")
        note = page.locator(".cd-map-basemap-note")
        expect(note).to_contain_text(f"loads map tiles from localhost:{tiles.server_port}")
        switch = page.get_by_role("switch", name="Basemap")
        expect(switch).not_to_be_checked()
        assert not tiles.asked and not page.evaluate(PAINTED, PAINT)

        switch.check()
        page.wait_for_function(f"paint => ({PAINTED})(paint) > 10_000", arg=PAINT)
        # The parcels lie in Belgium, and over the tiles.
        assert all(re.fullmatch(r"/\d+/\d+/\d+\.png", path) for path in tiles.asked)
        zoom, column, row = (int(part) for part in tiles.asked[-1].removesuffix(".png").split("/")[1:])
        assert abs(column / 2**zoom - (3 / 360 + 0.5)) < 0.01 and 0.32 < row / 2**zoom < 0.36
        expect(page.get_by_text(CREDIT)).to_be_visible()
        page.wait_for_function(
            f"([parcel, paint]) => {{ const colour = ({COLOUR_OF})(parcel); "
            "return colour && colour[3] === 255 && paint.some((value, at) => Math.abs(colour[at] - value) > 50) }",
            arg=["r4-003", PAINT],
        )
        assert "basemap" not in page.url

        switch.uncheck()
        page.wait_for_function(f"paint => ({PAINTED})(paint) === 0", arg=PAINT)
        page.wait_for_function(on_the_map, arg="r4-003")
        expect(page.get_by_text(CREDIT)).to_have_count(0)
        page.close()
