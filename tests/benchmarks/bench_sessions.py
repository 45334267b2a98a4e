"""What sessions leave behind: the server's memory after rounds of visitors who look at every page and leave.

All data are generated. A visitor speaks with the server as BokehJS does, without a browser: it asks for a page,
opens the session's websocket, takes the whole document, and goes. The server forgets the session seconds later.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from itertools import cycle, islice
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from cropdash.dashboard.pages import PAGES
from tests.benchmarks.bench_dashboard import message
from tests.benchmarks.conftest import Report
from tests.benchmarks.memory import anonymous
from tests.browser.conftest import dashboard_server, process_at
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

SESSIONS, ROUNDS = 20, 5
#: Growth from the second round to the last; the first fills what all sessions share.
MOST = 0.10
#: The server looks for sessions to forget every 17 s, and forgets those without a page for 15 s.
FORGOTTEN_SECONDS = 40


@pytest.mark.timeout(3600)
def test_sessions_leave_no_memory_behind(report: Report, tmp_path: Path) -> None:
    held = memory_by_round(tmp_path, SESSIONS, ROUNDS)
    for number, megabytes in enumerate(held, start=1):
        report(f"server's memory after round {number} of {SESSIONS} sessions", megabytes, "MiB")
    growth = held[-1] / held[1] - 1
    report("growth from the second round to the last", 100 * growth, "%", target="10")
    assert growth <= MOST, held


def memory_by_round(folder: Path, sessions: int, rounds: int) -> list[float]:
    """MiB that belong to the server alone, after each round of so many sessions has been forgotten."""
    store = folder / "data/fields"
    random_store(store, 100, classes=(1, 2, 3, 4, 5, 8, 11, 16, 17, 18, 20, 25))
    for experiment in ("S1", "S2", "early (nn)", "tsa"):
        example_run(folder / "runs", store, experiment)
    held = []
    with dashboard_server(folder / "data", folder / "runs") as address:
        server = process_at(address)
        for _ in range(rounds):
            asyncio.run(_round(address, sessions))
            time.sleep(FORGOTTEN_SECONDS)
            held.append(anonymous(server))
            print(f"{held[-1]:.1f} MiB", flush=True)
    return held


async def _round(address: str, sessions: int) -> None:
    """All sessions are open at once, each on a page of its own, before the first one goes."""
    opened = [await _visitor(f"{address}?page={slug}") for slug in islice(cycle(PAGES), sessions)]
    for socket in opened:
        socket.close()


async def _visitor(address: str) -> WebSocketClientConnection:
    answer = await AsyncHTTPClient().fetch(address, request_timeout=300)
    found = re.search(r'"token":\s*"([^"]+)"', answer.body.decode())
    assert found is not None, "the page holds no token of its session"
    host, _, query = address.partition("?")
    request = HTTPRequest(
        f"{host.replace('http', 'ws', 1).rstrip('/')}/ws?{query}", headers={"Origin": host.rstrip("/")}
    )
    socket = await websocket_connect(
        request, subprotocols=["bokeh", found[1]], max_message_size=100 * 1024 * 1024
    )
    # The server greets first, and takes no message before.
    await message(socket, "ACK")
    for fragment in (json.dumps({"msgid": "1", "msgtype": "PULL-DOC-REQ"}), "{}", "{}"):
        await socket.write_message(fragment)
    assert '"roots"' in await message(socket, "PULL-DOC-REPLY")
    return socket
