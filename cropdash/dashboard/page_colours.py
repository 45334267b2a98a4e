"""The colours of :mod:`~cropdash.dashboard.colours` as CSS, for what is HTML: each follows light and dark.

Bokeh draws on a canvas, which knows no CSS: figures take the ``#rrggbb`` of ``colours``, and the browser
draws their dark partners where the page is dark (:mod:`~cropdash.dashboard.theme_switch`).
"""

from __future__ import annotations

from cropdash.dashboard import colours
from cropdash.dashboard.colours import DARK

_NAMES = {
    "paper": colours.PAPER,
    "ink": colours.INK,
    "muted": colours.MUTED,
    "rule": colours.RULE,
    "ground": colours.GROUND,
    "accent": colours.ACCENT,
    "warning": colours.WARNING,
    "failure": colours.FAILURE,
}

PAPER, INK, MUTED, RULE, GROUND, ACCENT, WARNING, FAILURE = (
    f"var(--cd-{name}, {colour})" for name, colour in _NAMES.items()
)


def follows_theme(colour: str) -> str:
    """A colour of a run, a sensor or a curve for HTML: its dark partner on a dark page, where it has one."""
    return f"var(--cd-{colour[1:].lower()}, {colour})" if colour in DARK else colour


def root_css(dark: bool) -> str:
    """The variables of both themes, and of a presentation, for the document.

    Args:
        dark: which of them holds until the browser says otherwise.
    """
    light_rules, dark_rules = _variables(dark=False), _variables(dark=True)
    return f"""
:root {{ {dark_rules if dark else light_rules} }}
:root[data-cd-theme=light] {{ {light_rules} }}
:root[data-cd-theme=dark] {{ {dark_rules} }}
:root[data-cd-present] {{ --cd-answer-size: clamp(22px, 2.3vw, 38px); --cd-question-size: 20px; --cd-title-size: 18px;
  --cd-heading-size: clamp(18px, 1.6vw, 28px); --cd-legend-size: clamp(17px, 1.4vw, 24px); --cd-chip-height: 2em; --cd-in-text-control: none; --cd-plot-tools: none; }}
body {{ background-color: var(--cd-paper); color: var(--cd-ink); }}
"""


def _variables(*, dark: bool) -> str:
    named = {**_NAMES, **{colour[1:].lower(): colour for colour in DARK}}
    rules = [
        f"--cd-{name}: {DARK.get(colour, colour) if dark else colour};" for name, colour in named.items()
    ]
    # Bokeh's hover boxes.
    rules.append(f"color-scheme: {'dark' if dark else 'light'};")
    return " ".join(rules)
