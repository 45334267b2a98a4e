"""One piece of work on the launch page, a run or a grid: what is said of it, how far it is, and what can be done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, NamedTuple

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.page import text_pane

#: Does something with the work of an id; whether it could be done.
Act = Callable[[str], Awaitable[bool]]


class Action(NamedTuple):
    """A button of the row.

    Attributes:
        doing: what it says once it was pressed.
        lasting: it goes on saying so until it is offered no more: what it asked for takes its time.
    """

    label: str
    doing: str
    act: Act
    colour: str = "primary"
    lasting: bool = False


class WorkRow:
    """Its widgets are kept while their values change.

    Args:
        kind: begins the names of its CSS classes: ``cd-launch`` has ``cd-launch-run``, ``cd-launch-progress`` and a
            class for each button, such as ``cd-launch-cancel``.
    """

    def __init__(self, kind: str, actions: Sequence[Action]) -> None:
        self._id = ""
        self._text = text_pane("", f"{kind}-standing")
        self._bar = pmu.LinearProgress(
            value=0, sizing_mode="stretch_width", margin=(8, 0), css_classes=[f"{kind}-progress"]
        )
        self._below = text_pane("", f"{kind}-failed")
        self._buttons = {action.label: self._button(kind, action) for action in actions}
        self.layout = pn.Row(
            pn.Column(self._text, self._bar, self._below, sizing_mode="stretch_width", margin=0),
            *self._buttons.values(),
            sizing_mode="stretch_width",
            css_classes=[f"{kind}-run"],
            margin=(4, 0),
        )

    def show(
        self, id: str, content: str, *, percent: float | None, offered: Collection[str], below: str = ""
    ) -> None:
        """Bring the row in line with the work.

        Args:
            id: that the actions are called with.
            content, below: HTML over and under the bar.
            percent: of the bar; None where nothing is to come, and NaN where it is not known how much has been done.
            offered: labels of the actions that are possible now.
        """
        self._id = id
        self._text.object = content
        self._below.object = below
        self._bar.visible = percent is not None
        if percent is not None:
            known = percent == percent
            self._bar.param.update(
                variant="determinate" if known else "indeterminate", value=round(percent) if known else 0
            )
        for label, button in self._buttons.items():
            button.visible = label in offered
            if label not in offered:
                button.param.update(disabled=False, label=label)

    def _button(self, kind: str, action: Action) -> pmu.Button:
        button = pmu.Button(
            label=action.label,
            variant="outlined",
            color=action.colour,
            size="small",
            css_classes=[f"{kind}-{action.label.lower().replace(' ', '-')}"],
            margin=(2, 0, 2, 14),
        )

        async def clicked(_: Any) -> None:
            button.param.update(disabled=True, label=action.doing)
            done = await action.act(self._id)
            if not (done and action.lasting and button.visible):
                button.param.update(disabled=False, label=action.label)

        button.on_click(clicked)
        return button
