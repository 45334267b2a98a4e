"""What the dashboard costs its server: starting, the first page, a redraw of the map, opening and listing runs.

All data are generated.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import geopandas as gpd
import numpy as np
import pytest
import shapely
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from cropdash.dashboard.compare.comparison import run_table
from cropdash.dashboard.map.answers import ParcelAnswers
from cropdash.dashboard.map.colours import ColourBy
from cropdash.dashboard.map.mapped_run import MappedRun
from cropdash.dashboard.map.outlines import ParcelOutlines, View
from cropdash.dashboard.map.parcel_map import Painted, ParcelMap
from cropdash.dashboard.map.raster import ParcelRaster
from cropdash.nomenclature import Nomenclature
from cropdash.runs.library import RunLibrary
from tests.benchmarks.conftest import Report
from tests.browser.conftest import dashboard_server
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

_REPEATS = 5
_PARCEL_METRES = 100


def test_start(report: Report) -> None:
    report("from cropdash serve to its first page, 100 runs", start_seconds(100), "s")


@pytest.mark.parametrize("runs", [10, 100])
def test_first_page(runs: int, report: Report) -> None:
    report(f"first page of a warm server, {runs} runs", first_page_seconds(runs), "s", target="1")


@pytest.mark.parametrize("parcels", [1_000, 10_000, 100_000])
def test_map_redraw(parcels: int, report: Report) -> None:
    report(f"redraw of the map, {parcels:,} parcels", map_redraw_seconds(parcels), "s")


def test_open_run(report: Report) -> None:
    report("opening a run of 42,000 parcels", open_run_seconds(42_000), "s")


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_run_table(warm: bool, report: Report) -> None:
    name = "warm" if warm else "cold"
    report(f"table of 1,000 runs, {name}", run_table_seconds(1_000, warm=warm), "s")


def start_seconds(runs: int) -> float:
    """From the command to the last byte of the first page's document."""
    with _folder() as folder:
        store = folder / "data/fields"
        random_store(store, 36)
        _example_runs(folder / "runs", runs, store)

        def first_page() -> float:
            start = time.perf_counter()
            with dashboard_server(folder / "data", folder / "runs") as address:
                _load_page(address)
                return time.perf_counter() - start

        return min(first_page() for _ in range(3))


def first_page_seconds(runs: int) -> float:
    """From the request for the first page to the last byte of its document, on a server that is warm.

    The document travels over the websocket that the page opens; what the browser then does with it is
    not counted.
    """
    with _folder() as folder:
        store = folder / "data/fields"
        random_store(store, 36)
        _example_runs(folder / "runs", runs, store)
        with dashboard_server(folder / "data", folder / "runs") as address:
            _load_page(address)
            return _best(lambda: _load_page(address))


def map_redraw_seconds(parcels: int) -> float:
    """Drawing so many parcels, all in view, from nothing; outlines and raster being ready."""
    side = int(np.ceil(np.sqrt(parcels)))
    y, x = (_PARCEL_METRES * at for at in np.divmod(np.arange(parcels), side))
    boxes = shapely.box(x, y, x + 0.9 * _PARCEL_METRES, y + 0.9 * _PARCEL_METRES)
    outlines = ParcelOutlines(gpd.GeoSeries(boxes, crs=32631))
    raster = ParcelRaster(outlines)
    classes = tuple(Nomenclature.rpg_groups().by_code.values())[:12]
    random = np.random.default_rng(0)
    answers = ParcelAnswers(
        classes=classes,
        parcel_id=np.array([f"p{i}" for i in range(parcels)], dtype=object),
        region=np.full(parcels, "r1", dtype=object),
        truth=random.integers(0, len(classes), parcels, dtype=np.int16),
        predicted=random.integers(0, len(classes), parcels, dtype=np.int16),
        probabilities=random.dirichlet(np.ones(len(classes)), parcels).astype(np.float32),
    )
    mapped = MappedRun(answers, outlines, np.arange(parcels))
    parcel_map = ParcelMap(lambda _: None, lambda _: None, lambda _: raster)
    colouring, extent = mapped.colouring(ColourBy.PREDICTION, None), side * _PARCEL_METRES
    parcel_map.look_at(View(0, 0, extent, extent))
    painted = [Painted(colouring, mapped.hover)]
    parcel_map.show(outlines, painted)
    # Another view each time, since the raster keeps its latest images.
    shifts = iter(range(1, 1_000))

    def redraw() -> None:
        shift = 0.001 * extent * next(shifts)
        parcel_map.look_at(View(shift, 0, extent + shift, extent))

    return _best(redraw)


def open_run_seconds(parcels: int = 42_000) -> float:
    """Opening the folder of a run, reading its predictions and counting its figures."""
    with _folder() as folder:
        path = example_run(folder, experiment="S2", parcels=parcels, epochs=1).folder.path

        def open_run() -> None:
            run = RunLibrary(folder).get(path.name)
            predictions = run.predictions()
            assert predictions is not None and len(predictions) == parcels
            assert run.scores().parcels

        return _best(open_run)


def run_table_seconds(runs: int = 1_000, *, warm: bool = False) -> float:
    """The table of so many runs with their figures; ``warm`` once the server has read them all."""
    with _folder() as folder:
        _example_runs(folder, runs)
        known = RunLibrary(folder)

        def table(library: RunLibrary) -> None:
            results = library.results()
            assert len(run_table(results, {result.id: result.scores() for result in results})) == runs

        if not warm:
            return _seconds(lambda: table(known))
        table(known)
        return _best(lambda: table(known))


def _example_runs(folder: Path, runs: int, store: Path | None = None) -> None:
    """One run and its copies: what a folder costs does not depend on its figures."""
    first = example_run(folder, store, "early (nn)", epochs=12).folder.path
    for index in range(2, runs + 1):
        shutil.copytree(first, folder / f"run{index:04d}")


def _load_page(address: str) -> None:
    page = urlopen(address, timeout=60).read().decode()
    found = re.search(r'"token":\s*"([^"]+)"', page)
    assert found is not None, "the page holds no token of its session"
    asyncio.run(_pull_document(address, found[1]))


async def _pull_document(address: str, token: str) -> None:
    """Ask for the document as BokehJS does."""
    request = HTTPRequest(address.replace("http", "ws", 1).rstrip("/") + "/ws", headers={"Origin": address})
    socket = await websocket_connect(
        request, subprotocols=["bokeh", token], max_message_size=100 * 1024 * 1024
    )
    # The server greets first, and takes no message before.
    await message(socket, "ACK")
    for fragment in (json.dumps({"msgid": "1", "msgtype": "PULL-DOC-REQ"}), "{}", "{}"):
        await socket.write_message(fragment)
    assert '"roots"' in await message(socket, "PULL-DOC-REPLY")
    socket.close()


async def message(socket: WebSocketClientConnection, kind: str) -> str:
    """The content of the next message of this kind; a message comes as header, metadata and content."""
    while True:
        header, _, content = [await socket.read_message() for _ in range(3)]
        assert header is not None, "the server has closed the connection"
        if json.loads(header)["msgtype"] == kind:
            return str(content)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _best(action: Callable[[], object]) -> float:
    return min(_seconds(action) for _ in range(_REPEATS))


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
