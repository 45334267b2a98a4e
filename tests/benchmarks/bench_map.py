"""The map of 500,000 parcels as a browser meets it: opening, moving, tapping, and what a session costs the server.

Outlines are simulated, answers random; see ``large_region``. Making the region takes some minutes: name a
folder with ``--large-region`` to keep it, else it is made anew. Every figure is of a warm server, on which
somebody has opened the map before.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cropdash.datasets.store import ParcelStore
from tests.benchmarks.conftest import Report
from tests.benchmarks.large_region import large_region, random_answers
from tests.benchmarks.memory import anonymous
from tests.browser.conftest import WIDE, dashboard_server
from tests.browser.find_browser import started_browser

PARCELS = 500_000
RUN = "first-random-run"
_REPEATS = 5
_SESSIONS = 5
_TIMEOUT = 120_000

# The sources that the map draws from: what the browser was sent, and when.
_SOURCES = """
const sources = () => {
  const found = {}
  for (const document of window.Bokeh?.documents ?? []) for (const model of document._all_models.values()) {
    if (model.type !== 'ColumnDataSource') continue
    if ('image' in model.data) found.image = model
    if ('code' in model.data) found.polygons = model
    if (Object.keys(model.data).sort().join() === 'xs,ys') (found.shapes ??= []).push(model)
  }
  return found
}
const figure = () => {
  for (const document of Bokeh.documents) for (const model of document._all_models.values())
    if (model.type === 'Figure' && model.renderers.some(({ data_source }) => data_source && 'image' in data_source.data))
      return model
}
"""
_DRAWN = f"""() => {{ {_SOURCES}
  const {{ image, polygons }} = sources()
  return Boolean(image?.data.image.length || polygons?.data.code.length)
}}"""
# Resolves with the milliseconds from an action to what it draws: a turn of the wheel, a tap, or a move of the map
# by its own width, as the pan tool moves it. A tap beside all parcels has no answer.
_LISTEN = f"""kind => {{ {_SOURCES}
  const {{ image, polygons, shapes }} = sources()
  window.answered = new Promise((resolve) => {{
    let begun
    setTimeout(() => resolve(NaN), 8000)
    const begin = () => {{ begun ??= performance.now() }}
    const done = () => requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)))
    const drawn = kind === 'tap' ? shapes : [image, polygons]
    for (const source of drawn)
      source.properties.data.change.connect(() => {{ if (Object.values(source.data)[0].length) done() }})
    window.addEventListener(kind === 'tap' ? 'pointerup' : 'wheel', begin, {{ capture: true, once: true }})
    if (kind !== 'pan') return
    const {{ x_range }} = figure()
    begin()
    x_range.setv({{ start: x_range.end, end: 2 * x_range.end - x_range.start }})
  }})
}}"""
# Shows a share of the width of the whole, about its middle, each step a little further on.
_LOOK = f"""([share, step]) => {{ {_SOURCES}
  const {{ x_range, y_range }} = figure()
  // As it was opened: a tap leads to its parcel.
  window.whole ??= [x_range.reset_start, x_range.reset_end, y_range.reset_start, y_range.reset_end]
  const [left, right, low, high] = window.whole, width = right - left, height = high - low
  const x = left + width * (0.4 + 0.02 * step), y = (low + high) / 2
  x_range.setv({{ start: x - share * width / 2, end: x + share * width / 2 }})
  y_range.setv({{ start: y - share * height / 2, end: y + share * height / 2 }})
}}"""


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    kept = request.config.getoption("--large-region")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("large")
    data, runs = folder / "data" / f"r{PARCELS}", folder / f"runs{PARCELS}"
    store = ParcelStore.open(data) if data.is_dir() else large_region(data, PARCELS)
    if not (runs / RUN).is_dir():
        random_answers(runs, store, "first random run", accuracy=0.85, seed=1)
    with dashboard_server(data, runs) as address:
        yield f"{address}/?page=map&runs={RUN}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started_browser() as started:
        yield started


def test_map_of_many_parcels(served: str, browser: Any, report: Report) -> None:
    context = browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    with _opened(context, served):
        pass
    report("first map of 500,000 parcels, warm server", _opening(context, served), "s", target="2")
    with _opened(context, served) as page:
        report("zoom of the map, the whole region", _redraw(page, "wheel", 1), "s", target="0.5")
        report("zoom of the map, 30,000 parcels in view", _redraw(page, "wheel", 1 / 4), "s", target="0.5")
        report("pan of the map, 30,000 parcels in view", _redraw(page, "pan", 1 / 4), "s", target="0.5")
        report("pan of the map, 2,000 parcels in view", _redraw(page, "pan", 1 / 16), "s", target="0.5")
        report("tap on a parcel, to its outline", _redraw(page, "tap", 1 / 8), "s", target="0.3")
    context.close()


def test_memory_of_a_session(served: str, browser: Any, report: Report) -> None:
    context = browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    process = _process_of(served)
    pages = [_open(context, served) for _ in range(2)]
    before = anonymous(process)
    pages += [_open(context, served) for _ in range(_SESSIONS)]
    report(
        "server memory of one more session on the map",
        (anonymous(process) - before) / _SESSIONS,
        "MiB",
        target="10",
    )
    context.close()


def _opening(context: Any, address: str) -> float:
    """Median over some openings, from asking for the page until the map is drawn."""
    seconds = []
    for _ in range(_REPEATS):
        with _opened(context, address) as page:
            # Counted in the browser from the start of the navigation.
            seconds.append(page.evaluate("performance.now()") / 1000)
    return statistics.median(seconds)


def _redraw(page: Any, kind: str, share: float) -> float:
    """Median over some actions, each in another part of the region, from its event to what it draws.

    Args:
        share: of the region's width that is in view.
    """
    box = page.locator(".cd-map-plot").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    seconds = []
    for step in range(2 * _REPEATS):
        page.evaluate(_LOOK, [share, step])
        page.mouse.move(*middle)
        page.wait_for_timeout(1_000)
        page.evaluate(_LISTEN, kind)
        if kind == "wheel":
            page.mouse.wheel(0, 60)
        elif kind == "tap":
            page.mouse.click(*middle)
        seconds.append(page.evaluate("window.answered") / 1000)
    answered = [one for one in seconds if not math.isnan(one)]
    assert len(answered) >= _REPEATS, f"only {len(answered)} of {len(seconds)} were answered"
    return statistics.median(answered)


@contextmanager
def _opened(context: Any, address: str) -> Iterator[Any]:
    page = _open(context, address)
    yield page
    page.close()


def _open(context: Any, address: str) -> Any:
    page = context.new_page()
    page.set_default_timeout(_TIMEOUT)
    page.goto(address)
    page.wait_for_function(_DRAWN)
    return page


def _process_of(address: str) -> int:
    """The process that listens at a port of this machine."""
    port = int(address.split(":")[2].split("/")[0])
    wanted = f":{port:04X}"
    inodes = {
        line.split()[9]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[1].endswith(wanted) and line.split()[3] == "0A"
    }
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(opened.readlink())[8:-1] in inodes:
                return int(opened.parts[2])
        except OSError:
            continue  # ended meanwhile, or not ours to look at
    raise LookupError(f"no process listens at port {port}")
