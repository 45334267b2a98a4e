"""Typography and colours of the dashboard: one accent, much white, system fonts only."""

from __future__ import annotations

from typing import Any

from cropdash.dashboard import colours
from cropdash.dashboard.colours import DARK
from cropdash.dashboard.page_colours import ACCENT, FAILURE, GROUND, INK, MUTED, PAPER, RULE, WARNING

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


def _material(*, dark: bool) -> dict[str, Any]:
    """Material counts with its colours, so that they cannot be CSS variables."""

    def of(colour: str) -> str:
        return DARK[colour] if dark else colour

    return {
        "palette": {
            "primary": {"main": of(colours.ACCENT), "contrastText": of(colours.PAPER)},
            "error": {"main": of(colours.FAILURE)},
            "warning": {"main": of(colours.WARNING)},
            "text": {"primary": of(colours.INK), "secondary": of(colours.MUTED)},
            "background": {"default": of(colours.PAPER), "paper": of(colours.PAPER)},
            "divider": of(colours.RULE),
        },
        "typography": {
            "fontFamily": FONT,
            "fontSize": 14,
            "button": {"textTransform": "none", "fontWeight": 600},
        },
        "shape": {"borderRadius": 6},
        # Material lightens what it thinks lies above the page; on a phone the drawer lies outside of it as well.
        "components": {"MuiDrawer": {"styleOverrides": {"paper": {"backgroundImage": "none"}}}},
    }


#: Material theme of every widget.
THEME: dict[str, Any] = {"light": _material(dark=False), "dark": _material(dark=True)}

#: Inside HTML panes.
PAGE_CSS = f"""
:host {{ font-family: {FONT}; color: {INK}; font-size: 15px; line-height: 1.5; }}
p {{ margin: 0; }}
a {{ color: {ACCENT}; }}
:host(.cd-answer) p {{ font-size: var(--cd-answer-size, 21px); line-height: 1.38; font-weight: 500; max-width: 62em; margin: 10px 0 6px; text-wrap: pretty; }}
.badge {{ display: inline-block; font-size: 12px; font-weight: 600; line-height: 1; vertical-align: middle; color: {WARNING};
  border: 1px solid currentColor; border-radius: 99px; padding: 4px 9px; }}
.note {{ font-size: 13px; color: {MUTED}; max-width: 78em; }}
.note ul {{ margin: 4px 0 0; padding-left: 18px; }}
.note li {{ margin: 2px 0; }}
h2 {{ font-size: var(--cd-heading-size, 15px); font-weight: 600; margin: 0; }}
.empty p, .loading p, .failed p {{ font-size: 17px; max-width: 46em; margin: 18px 0 12px; overflow-wrap: anywhere; }}
.failed p {{ color: {FAILURE}; }}
.problem {{ color: {FAILURE}; font-weight: 500; }}
.swatch {{ display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 8px; flex: none; }}
@media (max-width: 600px) {{
  :host(.cd-answer) p {{ font-size: var(--cd-answer-size, 18px); }}
}}
"""

#: On the page's root: the white header, and what is shown on wide or narrow screens only.
PAGE_SX: dict[str, Any] = {
    "& .header": {
        "backgroundColor": PAPER,
        "backgroundImage": "none",
        "color": INK,
        "boxShadow": "none",
        "borderBottom": f"1px solid {RULE}",
    },
    "& .header .title": {
        "color": f"{ACCENT} !important",
        "fontSize": "20px",
        "fontWeight": 700,
        "letterSpacing": "-.01em",
    },
    "& .sidebar": {"borderRight": f"1px solid {RULE}", "backgroundColor": GROUND},
    "& .contextbar": {"borderLeft": f"1px solid {RULE}"},
    '& [aria-label="Open contextbar"], & [aria-label="Close contextbar"]': {"display": "none"},
    "& .cd-only-narrow": {"display": "none !important"},
    "@media (max-width: 899px)": {
        "& .cd-only-wide": {"display": "none !important"},
        "& .cd-only-narrow": {"display": "flex !important"},
    },
}
