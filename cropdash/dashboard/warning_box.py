"""A box that warns in plain text.

Material's box takes Markdown, and HTML within it. A sentence quotes what an address says or a run is called, which
anybody may have written: nothing of it is markup.
"""

from __future__ import annotations

import re
from typing import Any

import panel_material_ui as pmu

#: What Markdown may take for markup, ``<`` and ``&`` included; behind a backslash each is itself.
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")

_SX = {
    # An empty heading would push the sentence below its sign.
    "& .MuiAlertTitle-root": {"display": "none"},
    "& .MuiAlert-message p": {"margin": 0, "overflowWrap": "anywhere"},
    "& .MuiAlert-message": {"paddingBottom": "8px"},
}


def warning_box(sentence: str, **params: Any) -> pmu.Alert:
    """The sentence as it stands, beside a sign of warning.

    Args:
        params: of the box, such as ``closeable``.
    """
    params = {"sizing_mode": "stretch_width", "margin": (0, 0, 8, 0), **params}
    # A new line could begin a block of Markdown.
    plain = _PUNCTUATION.sub(r"\\\g<0>", " ".join(sentence.split()))
    return pmu.Alert(object=plain, severity="warning", sx=_SX, **params)
