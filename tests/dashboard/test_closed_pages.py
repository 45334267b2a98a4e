"""A page that closes is no error in the server's log; everything else stays in it."""

from __future__ import annotations

import asyncio
import logging

import pytest
from bokeh.server.connection import ServerConnection
from tornado.websocket import WebSocketClosedError

from cropdash.dashboard.closed_pages import quieten_closed_pages


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    quieten_closed_pages()
    caplog.set_level(logging.WARNING)
    return caplog


def test_a_write_to_a_closed_page_is_not_logged(log: pytest.LogCaptureFixture) -> None:
    logging.getLogger("bokeh.server.views.ws").warning("Failed sending message as connection was closed")

    async def forget(error: Exception) -> None:
        # As asyncio logs the error of a task that nobody has awaited.
        asyncio.get_running_loop().call_exception_handler(
            {"message": "Task exception was never retrieved", "exception": error}
        )

    asyncio.run(forget(WebSocketClosedError()))
    assert not log.records
    asyncio.run(forget(ValueError("a fault")))
    assert [record.exc_info[1].args for record in log.records if record.exc_info] == [("a fault",)]


def test_the_end_of_a_connection_that_was_given_up_is_not_logged_but_other_assertions_are(
    log: pytest.LogCaptureFixture,
) -> None:
    given_up = ServerConnection.__new__(ServerConnection)
    given_up._session = None
    server = logging.getLogger("tornado.application")
    try:
        _ = given_up.session
    except AssertionError:
        server.exception("Uncaught exception GET /ws")
    assert not log.records
    try:
        raise AssertionError("ours")
    except AssertionError:
        server.exception("Uncaught exception GET /ws")
    assert len(log.records) == 1
