"""The dashboard's server, as ``cropdash serve`` starts it; on localhost unless told otherwise."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropdash.dashboard.authentication import basic_auth_options
from cropdash.dashboard.closed_pages import quieten_closed_pages
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.workbench import Workbench

if TYPE_CHECKING:
    from bokeh.server.server import Server


def serve(
    data: Sequence[str | Path] = (),
    runs: str | Path | None = None,
    port: int = 5006,
    address: str = "localhost",
    open_browser: bool = False,
    read_only: bool = False,
    basic_auth: str = "",
    origins: Sequence[str] = (),
) -> None:
    """Serve the dashboard until interrupted or terminated; the engine stops with it.

    Args:
        data: folders that are stores or hold some; as :meth:`Settings.read` finds them if empty.
        runs: folder of the runs; likewise.
        port: 0 takes any free one.
        address: what to bind to; only ``localhost`` keeps others on the network out.
        open_browser: whether to open the page.
        read_only: whether visitors can only look; as :meth:`Settings.read` says if False.
        basic_auth: a JSON file of passwords by name, or one password; visitors then sign in.
        origins: hosts, such as ``maps.example.org``, under which a proxy shows this server.

    Raises:
        ValueError: the settings or the file of passwords are malformed; the message names file and field.
        OSError: the port is taken, or this machine has no such address; the message says which.
    """
    import panel as pn

    from cropdash.dashboard.frame import dashboard

    sign_in = basic_auth_options(basic_auth) if basic_auth else {}
    found = Settings.read()
    named = Settings.of(data, runs or found.runs)
    # All else, such as a basemap's tiles and the folders of grids, is as it was found.
    settings = replace(
        found,
        data=named.data or found.data,
        runs=named.runs,
        demo=found.demo and not data,
        read_only=read_only or found.read_only,
    )
    if settings.demo:
        print("opening the demo, whose parcels are simulated at the first start: some seconds", flush=True)
    workbench = Workbench.shared(settings)

    quieten_closed_pages()

    def session() -> Any:
        return dashboard(workbench)

    try:
        server = pn.serve(
            {"/": session},
            port=port,
            address=address,
            title="cropdash",
            show=open_browser,
            start=False,
            verbose=False,
            # Behind a proxy or on another address the origin is not localhost; it must be allowed by name.
            websocket_origin=_origins(address, port, origins),
            **sign_in,
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise OSError(
                f"port {port} is taken, perhaps by a dashboard that is running already; "
                "give another one with --port, or --port 0 for any free one"
            ) from error
        raise OSError(f"cannot serve at {address}, port {port}: {error.strerror or error}") from error
    try:
        _answer_until_told(server, f"cropdash is at http://{address}:{server.port} (Ctrl-C stops it)")
    finally:
        workbench.close()


def _answer_until_told(server: Server, words: str) -> None:
    """Print that the server is there, and answer until Ctrl-C or SIGTERM.

    Bokeh's own ``run_until_shutdown`` prints a line at SIGTERM before it stops, and so never stops where nobody
    reads any more what it prints, as after the end of the program that started it.
    """
    server.start()
    loop = server.io_loop
    with_signals = sys.platform != "win32"
    if with_signals:
        loop.asyncio_loop.add_signal_handler(signal.SIGTERM, loop.stop)
    try:
        print(words, flush=True)
        # Panel answers Ctrl-C.
        loop.start()
    finally:
        # A second SIGTERM ends at once what takes too long to close.
        if with_signals:
            loop.asyncio_loop.remove_signal_handler(signal.SIGTERM)
        server.stop()
    with suppress(BrokenPipeError):
        print("\nstopping", flush=True)


def _origins(address: str, port: int, named: Sequence[str]) -> list[str] | None:
    """Hosts whose pages may open a session; None for this machine's own."""
    if address == "localhost" and not named:
        return None
    return [f"{address}:{port}", *named]
