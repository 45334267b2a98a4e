"""Keeps out of the server's log what is no fault: that a page was closed while the server still wrote to it.

Panel and Bokeh log each such message as a warning or with a traceback. Bokeh also stumbles when its keep-alive has
given a closed connection up before the connection's own end is handled: ``bokeh/server/views/ws.py``, ``on_close``.
"""

from __future__ import annotations

import logging
from pathlib import PurePath
from types import TracebackType

from tornado.websocket import WebSocketClosedError

_LOGGERS = ("asyncio", "tornado.application", "bokeh.server.views.ws", "panel.io.document", "panel")
_SENTENCE = "Failed sending message as connection was closed"


class _OfAClosedPage(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not is_of_a_closed_page(record)


_FILTER = _OfAClosedPage()


def quieten_closed_pages() -> None:
    """Leave such records out of the log of this process; all others stay."""
    for name in _LOGGERS:
        # Adding the same filter again changes nothing.
        logging.getLogger(name).addFilter(_FILTER)


def is_of_a_closed_page(record: logging.LogRecord) -> bool:
    """Whether a record says only that the browser has gone."""
    if record.getMessage() == _SENTENCE:
        return True
    kind, error, trace = record.exc_info or (None, None, None)
    if isinstance(error, WebSocketClosedError):
        return True
    return kind is AssertionError and _ends_in(trace, "bokeh", "server", "connection.py")


def _ends_in(trace: TracebackType | None, *parts: str) -> bool:
    """Whether an error rose in a file whose path ends so."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and PurePath(trace.tb_frame.f_code.co_filename).parts[-len(parts) :] == parts
