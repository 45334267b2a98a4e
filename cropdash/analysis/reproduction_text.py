"""A reproduction as text for the terminal, as CSV, and as one small HTML page that opens anywhere."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.analysis.reproduction import Reproduction
from cropdash.atomic import write_text

_HEADINGS = ("experiment", "figure", "published", "mean", "sd", "seeds", "difference", "in sd")
_METRICS = {
    "accuracy": "overall accuracy",
    "kappa": "kappa",
    "macro_f1": "macro-F1",
    "macro_recall": "macro recall",
    "macro_precision": "macro precision",
    "macro_iou": "mean IoU",
    "recall": "recall",
}

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 980px; margin: 24px auto; padding: 0 16px; color: #1b1b1b; }
h1 { font-size: 24px; } h2 { font-size: 18px; margin-top: 32px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; border-bottom: 2px solid #555; }
td { border-bottom: 1px solid #ddd; }
th, td { padding: 4px 10px 4px 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.simulated { border: 2px solid #8a5a00; background: #fff6e0; padding: 8px 12px; font-weight: 600; }
@media print { .wide { overflow: visible; } }
</style>
</head>
<body>
<h1>{{ title }}</h1>
{% if simulated %}<p class="simulated">{{ notes[0] }}</p>{% endif %}
{% for part, rows in parts %}
<h2>{{ part }}</h2>
<div class="wide"><table>
<thead><tr>{% for heading in headings %}<th{% if loop.index > 2 %} class="n"{% endif %}>{{ heading }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}<tr>{% for cell in row %}<td{% if loop.index > 2 %} class="n"{% endif %}>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
</table></div>
{% endfor %}
<h2>How to read this</h2>
<ul>{% for note in notes[simulated:] %}<li>{{ note }}</li>{% endfor %}</ul>
<p>Published figures: Ofori-Ampofo, Pelletier and Lang, Remote Sensing 13(22):4668, 2021. {{ runs }} runs of one's own.</p>
</body>
</html>
"""


def reproduction_text(made: Reproduction) -> str:
    """Tables of overall figures and of each class, and the notes; a star marks a doubtful published figure."""
    lines = [_title(made), *made.notes[: made.simulated], ""]
    for part, rows in _parts(made):
        lines += [part, _text_table(list(rows)), ""]
    lines += [f"- {note}" for note in made.notes[made.simulated :]]
    return "\n".join(lines)


def reproduction_html(made: Reproduction) -> str:
    """One page without links or scripts."""
    from jinja2 import Environment

    template = Environment(autoescape=True, trim_blocks=True).from_string(_PAGE)
    return template.render(
        title=_title(made),
        simulated=made.simulated,
        notes=made.notes,
        parts=[(part, list(rows)) for part, rows in _parts(made)],
        headings=_HEADINGS,
        runs=len(made.runs),
    )


def write_reproduction(made: Reproduction, folder: str | Path) -> list[Path]:
    """Write table and page into a folder, in place of earlier ones; returns their paths."""
    stem = Path(folder) / made.study.replace("_", "-")
    table = made.table.assign(simulated=made.simulated)
    contents = {
        ".csv": table.to_csv(index=False, lineterminator="\n"),
        ".html": reproduction_html(made),
    }
    for ending, content in contents.items():
        write_text(stem.with_suffix(ending), content)
    return [stem.with_suffix(ending) for ending in contents]


def _title(made: Reproduction) -> str:
    return f"The study's {made.study.replace('_', ' ')}, redone" + (
        " on simulated data" if made.simulated else ""
    )


def _parts(made: Reproduction) -> Iterator[tuple[str, Iterator[list[str]]]]:
    there = made.table[made.table["seeds"] > 0]
    whole, classes = there[there["code"].isna()], there[there["code"].notna()]
    yield "Overall", (_row(row, _METRICS[row["metric"]]) for _, row in whole.iterrows())
    yield (
        "Each class, by recall (producer's accuracy)",
        (_row(row, row["class"]) for _, row in classes.iterrows()),
    )


def _row(row: pd.Series, figure: str) -> list[str]:
    seen = [row["experiment"]]
    if not np.isnan(row["days"]):
        seen.append(f"{row['days']:.0f} days")
    if not np.isnan(row["s2_share"]):
        seen.append(f"{row['s2_share']:.0%} of S2 dates")
    return [
        ", ".join(seen),
        figure,
        f"{row['published']:.3f}{'*' if row['doubtful'] else ''}",
        _figure(row["mean"]),
        _figure(row["sd"]),
        str(row["seeds"]),
        _figure(row["difference"], signed=True),
        "-" if np.isnan(row["in_sd"]) else f"{row['in_sd']:+.1f}",
    ]


def _figure(value: float, *, signed: bool = False) -> str:
    if np.isnan(value):
        return "-"
    return f"{value:+.3f}" if signed else f"{value:.3f}"


def _text_table(rows: list[list[str]]) -> str:
    from rich.console import Console
    from rich.table import Table

    stream = io.StringIO()
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="right" if place > 1 else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console(file=stream, width=160, no_color=True).print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())
