"""An event that follows a change is handled with the document locked."""

from __future__ import annotations

from functools import partial

import panel as pn
from bokeh.document import Document
from panel.io.server import async_execute
from panel.io.state import set_curdoc

from cropdash.dashboard.locked_events import lock_events


class Session:
    """What Panel asks for to tell a served document."""

    session = None


def test_an_event_s_coroutine_is_scheduled_with_the_lock() -> None:
    lock_events()
    document = Document()
    document._session_context = lambda: Session()  # type: ignore[assignment, return-value]
    button = pn.widgets.Button()
    with set_curdoc(document):
        async_execute(partial(button._event_coroutine, document, None))
    (scheduled,) = document.session_callbacks
    assert not getattr(scheduled.callback, "nolock", False)
