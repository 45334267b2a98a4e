"""A page's own controls in the address: ``classes.order=similarity`` opens the same order again.

What all pages share is the matter of :class:`~cropdash.dashboard.state.Choices`, which keeps the words of
these controls as well and does not read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote

from param import Integer, Number, edit_constant

from cropdash.dashboard.state import Choices

#: A number that was taken out of its field, which an address without the control would put back.
_EMPTY = "none"


class PageControls:
    """The remembered controls of one page.

    A control stands in the address while it is away from where it stood when it was named here. What an
    address says is put into a control as soon as the control has it to offer.
    """

    def __init__(self, choices: Choices, page: str) -> None:
        self._choices = choices
        self._page = page
        self._controls: dict[str, tuple[Any, str, Any]] = {}
        #: Controls that have not taken up what the address says.
        self._waiting = {
            key.partition(".")[2]: text
            for key, text in choices.controls.items()
            if key.partition(".")[0] == page
        }
        self._quiet = False

    def add(self, name: str, widget: Any, parameter: str = "") -> None:
        """Remember a control.

        Args:
            name: as the address calls it; letters, digits and hyphens.
            widget: with the parameter, and ``options`` where it chooses from some.
            parameter: that holds the value; ``value``, or ``value_throttled`` where the widget has one.
        """
        listened = parameter or ("value_throttled" if "value_throttled" in widget.param else "value")
        held = "value" if listened == "value_throttled" else listened
        self._controls[name] = (widget, held, getattr(widget, held))
        if name in self._waiting:
            self._take_up(name)
        widget.param.watch(lambda _: self._moved(name), listened)

    def filling(self, quiet: bool) -> None:
        """While the page itself moves its controls, only what has gone leaves the address."""
        self._quiet = quiet

    def settle(self) -> list[str]:
        """Put what the address says into the controls that now offer it.

        Returns:
            A sentence for everything else that it says of this page; it is left out.
        """
        refused = []
        # In the order in which they were named: one may decide what those after it offer.
        for name in [name for name in self._controls if name in self._waiting] + list(self._waiting):
            if name not in self._waiting or (name in self._controls and self._settled(name)):
                continue
            text = self._waiting[name]
            self._waiting.pop(name, None)
            self._write(name, "")
            what = (
                "which this page does not have" if name not in self._controls else "which it does not offer"
            )
            refused.append(
                f"The address sets the control “{name[:40]}” to “{unquote(text)[:60]}”, {what}; it was left out."
            )
        return refused

    def _settled(self, name: str) -> bool:
        """Take a control up; what the page then moves of itself does not count as somebody's choice."""
        self._quiet = True
        try:
            taken = self._take_up(name)
        finally:
            self._quiet = False
        if taken:
            self._moved(name)
        return taken

    def _take_up(self, name: str) -> bool:
        """Move a control to where the address says; whether it can be."""
        widget, held, at_first = self._controls[name]
        said = self._waiting[name]
        try:
            # Only a text that was not empty at first says so when it is.
            value = "" if said == _EMPTY and _is_text(widget, at_first) else _value(said, widget, held)
        except ValueError:
            return False
        del self._waiting[name]
        if held == "value" and "value_throttled" in widget.param:
            # What a browser alone may say of some controls.
            with edit_constant(widget):
                widget.param.update(value=value, value_throttled=value)
        else:
            setattr(widget, held, value)
        return True

    def _moved(self, name: str) -> None:
        widget, held, at_first = self._controls[name]
        value = getattr(widget, held)
        if self._quiet:
            said = self._choices.controls.get(f"{self._page}.{name}")
            if (_text(value) or _EMPTY) != said and name not in self._waiting:
                self._write(name, "")
            return
        self._waiting.pop(name, None)
        can_be_emptied = _is_text(widget, at_first) or (value is None and _is_number(widget, held))
        emptied = _EMPTY if can_be_emptied else ""
        self._write(name, "" if value == at_first else _text(value) or emptied)

    def _write(self, name: str, text: str) -> None:
        key = f"{self._page}.{name}"
        controls = {**self._choices.controls, key: text}
        if not text:
            del controls[key]
        if controls != self._choices.controls:
            self._choices.controls = controls


def _text(value: Any) -> str:
    """A value as the address says it; lists with commas between."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ",".join(quote(_text(one), safe="/") for one in value)
    return str(value)


def _value(text: str, widget: Any, held: str) -> Any:
    """What the address says, as a value of the control.

    Raises:
        ValueError: the control cannot stand there.
    """
    now = getattr(widget, held)
    options = getattr(widget, "options", None) if held == "value" else None
    if options is not None:
        offered: Iterable[Any] = options.values() if isinstance(options, dict) else options
        by_text = {_text(one): one for one in offered}
        if isinstance(now, list):
            return [_known(by_text, unquote(part)) for part in text.split(",") if part]
        return _known(by_text, text)
    if isinstance(now, bool):
        return _known({"yes": True, "no": False}, text)
    if _is_number(widget, held):
        if text == _EMPTY and getattr(widget.param[held], "allow_None", False):
            return None
        whole = isinstance(widget.param[held], Integer) or type(now) is int
        number = int(text) if whole else float(text)
        start, end = getattr(widget, "start", None), getattr(widget, "end", None)
        if number != number or (start is not None and number < start) or (end is not None and number > end):
            raise ValueError(f"{text} lies outside")
        return number
    if isinstance(now, list):
        return [unquote(part) for part in text.split(",") if part]
    if now is None or isinstance(now, str):
        form = getattr(widget.param[held], "regex", None)
        if form and not re.match(form, text):
            raise ValueError(f"{text} is not of the form {form}")
        return text
    raise TypeError(f"a control with a value of {type(now).__name__} cannot be remembered in an address")


def _is_text(widget: Any, value: Any) -> bool:
    """Whether a control is typed, and was not empty at first."""
    return isinstance(value, str) and value != "" and getattr(widget, "options", None) is None


def _is_number(widget: Any, held: str) -> bool:
    kind = widget.param[held]
    # An integer may stand in what param knows as any object.
    return isinstance(kind, Number) or type(getattr(widget, held)) in (int, float)


def _known(by_text: dict[str, Any], text: str) -> Any:
    if text not in by_text:
        raise ValueError(f"{text} is not offered")
    return by_text[text]
