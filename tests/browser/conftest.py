"""A real server and a real browser: every page that a test opens is watched for errors and outside requests."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.browser.find_browser import started_browser
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

WIDE, NARROW = (1440, 900), (390, 844)
#: A busy machine starts a server slowly.
START_SECONDS = 180
TIMEOUT_MILLISECONDS = 90_000
#: Files that take longest, the longest first: of two processes, neither is left alone with one of them at the end.
LONG_FILES = (
    "test_journey.py",
    "test_pages.py",
    "test_frame.py",
    "test_newcomer.py",
    "test_map_attention.py",
    "test_season_explain.py",
    "test_report.py",
)

OpenPage = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run browser tests after all others, since Playwright leaves an event loop running in the main thread."""

    def place(item: pytest.Item) -> tuple[bool, int]:
        in_browser = item.get_closest_marker("browser") is not None
        long = in_browser and item.path.name in LONG_FILES
        return in_browser, LONG_FILES.index(item.path.name) if long else len(LONG_FILES)

    items.sort(key=place)


def free_port() -> int:
    """A port that nobody listens at, for a server that is to come back where it was."""
    with socket.socket() as asked:
        asked.bind(("localhost", 0))
        return int(asked.getsockname()[1])


def process_at(address: str) -> int:
    """The process that listens at a port of this machine."""
    port = urlsplit(address).port
    return next(
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid
    )


@contextmanager
def dashboard_server(
    data: Path | None, runs: Path, port: int = 0, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    """``cropdash serve`` on a port, any free one for 0, of the demo if there is no data; yields its address, ends it afterwards.

    It works in the folder that holds ``runs``, and so reads ``cropdash.toml`` there; ``settings`` are variables
    of its environment.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CROPDASH_")}
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", **(settings or {})}
    command = [
        sys.executable,
        "-m",
        "cropdash.cli",
        "serve",
        *(() if data is None else ("--data", str(data))),
        "--runs",
        str(runs),
        "--port",
        str(port),
    ]
    server = subprocess.Popen(
        command, cwd=runs.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines: list[str] = []
    address: list[str] = []
    started = threading.Event()

    def read() -> None:
        # Read to the end, or a full pipe would stop the server.
        assert server.stdout is not None
        for line in server.stdout:
            lines.append(line)
            if found := re.search(r"http://\S+", line):
                address.append(found.group())
                started.set()
        started.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        started.wait(START_SECONDS)
        if not address:
            pytest.fail("the dashboard did not start:\n" + "".join(lines))
        yield address[0]
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over a random data set with three finished runs, and one of other, unknown parcels."""
    folder = tmp_path_factory.mktemp("dashboard")
    random_store(folder / "data" / "fields", 36, classes=(1, 2, 3, 4, 5, 8, 11, 16, 17, 18, 20, 25))
    for experiment, accuracy in (("S1", 0.5), ("S2", 0.75), ("early (nn)", 0.9)):
        example_run(folder / "runs", folder / "data" / "fields", experiment, accuracy=accuracy)
    example_run(folder / "runs", experiment="tsa", parcels=300, regions=("east", "west"))
    with dashboard_server(folder / "data", folder / "runs") as address:
        yield address


@pytest.fixture(scope="session")
def empty_dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard with neither data nor a run of one's own."""
    folder = tmp_path_factory.mktemp("empty")
    (folder / "data").mkdir()
    with dashboard_server(folder / "data", folder / "runs") as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    with started_browser() as browser:
        yield browser


@pytest.fixture
def open_page(chromium: Any) -> Iterator[OpenPage]:
    """Open an address in a fresh browser session; errors and outside requests fail the test at its end."""
    faults: list[str] = []
    contexts: list[Any] = []

    def inside(url: str) -> bool:
        return urlsplit(url).scheme in ("data", "blob", "about") or urlsplit(url).hostname in (
            "localhost",
            "127.0.0.1",
        )

    def open_address(
        url: str, size: tuple[int, int] = WIDE, color_scheme: str = "light", touch: bool = False
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=color_scheme, has_touch=touch
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MILLISECONDS)
        page.on(
            "console",
            lambda message: faults.append(f"console: {message.text}") if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: None if inside(request.url) else faults.append(f"outside: {request.url}"),
        )
        page.on(
            "websocket",
            lambda asked: None if inside(asked.url) else faults.append(f"outside: {asked.url}"),
        )
        page.goto(url)
        page.wait_for_function("window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle")
        return page

    yield open_address
    for context in contexts:
        context.close()
    assert faults == []
