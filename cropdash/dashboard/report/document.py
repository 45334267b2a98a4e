"""The report as one HTML file that opens anywhere: no request leaves it, and it prints.

What it holds is gathered beside this module; here it meets the template. The file's own content
security policy allows its scripts by their digests and nothing from any host.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup, escape

from cropdash.dashboard.report import attention_figures as attention
from cropdash.dashboard.report import pair_tables as pairs
from cropdash.dashboard.report.area_tables import area_tables
from cropdash.dashboard.report.calibration_figures import calibration
from cropdash.dashboard.report.contents import SECTIONS
from cropdash.dashboard.report.cover import Cover
from cropdash.dashboard.report.drawings import (
    class_plot,
    class_rows_with_intervals,
    for_paper,
    learning_curves,
)
from cropdash.dashboard.report.findings import (
    RunRow,
    answer_sentences,
    caveat_list,
    class_metric,
    notes,
    run_rows,
    simulated_sentence,
)
from cropdash.dashboard.report.map_image import map_images
from cropdash.dashboard.report.matrix_table import MOST, matrix_tables
from cropdash.dashboard.report.provenance import provenance
from cropdash.dashboard.report.season_figures import season_figures
from cropdash.dashboard.report.subject import Subject
from cropdash.dashboard.run_words import CLASS_METRICS, METRICS, count, listed

#: Characters that look like Bokeh's markers.
_GLYPHS = {
    "circle": "●", "square": "■", "triangle": "▲", "diamond": "◆",
    "inverted_triangle": "▼", "hex": "⬢", "star": "★", "plus": "✚",
}  # fmt: skip


#: A hyphen is a place to break a line, but not in the name of a metric or a satellite.
_NAMES = re.compile(r"macro-F1|Sentinel-\d")


class _Embedded(NamedTuple):
    """Figures ready for a page: the scripts in order, and a ``div`` for each figure by its key."""

    scripts: list[str]
    divs: dict[str, str]


def report_html(subject: Subject, cover: Cover) -> str:
    """The whole file.

    Raises:
        ValueError: a file of a run or of its data set is malformed; the message names it.
        OSError: one cannot be read.
    """
    plots: dict[str, Any] = {}
    sections = {name: heading for name, heading in SECTIONS.items() if name in subject.sections}
    found: dict[str, Any] = {}
    for name in sections:
        content, drawn = _SECTIONS[name](subject)
        found |= content
        plots |= drawn
    embedded = _embedded({key: for_paper(plot) for key, plot in plots.items()})
    return _template().render(
        policy=_policy(embedded.scripts),
        scripts=[Markup(script) for script in embedded.scripts],
        figures={key: Markup(div) for key, div in embedded.divs.items()},
        css=Markup(_css()),
        cover=cover,
        title=cover.title or _title(subject),
        day=f"{cover.day.day} {cover.day:%B %Y}",
        region=subject.region,
        answers=answer_sentences(subject),
        best_by=METRICS[subject.metric],
        simulated=simulated_sentence(subject),
        headings=SECTIONS,
        most=MOST,
        caveats=caveat_list(subject),
        provenance=provenance(subject.in_order, subject.other_seeds),
        version=_version(),
        **(_NOTHING | found),
    )


#: What a section adds to the template, and its figures by key.
_Content = tuple[dict[str, Any], dict[str, Any]]


def _runs(subject: Subject) -> _Content:
    return {"runs": [_run_row(row, subject) for row in run_rows(subject)], "folded": subject.is_folded}, {}


def _classes(subject: Subject) -> _Content:
    dots = class_plot(subject)
    if dots is None:
        return {}, {}
    figures = class_rows_with_intervals(subject)
    told, plots = calibration(subject)
    content = {
        "class_keys": [_line_key(subject, run) for run in figures["run"].unique()],
        "metric": CLASS_METRICS[class_metric(subject)],
        "classes": _class_rows(figures),
        "notes": notes(subject, figures),
        "calibration": told,
        "calibration_keys": {row["id"]: _key(subject, row["id"]) for row in told.rows},
    }
    return content, {"classes": dots, **plots}


def _tests(subject: Subject) -> _Content:
    tables, why = pairs.pair_tables(subject)
    alone = len(subject.runs) == 1
    keys = {run.id: _key(subject, run.id) for run in subject.in_order}
    content = {
        "tests": tables,
        "tests_notes": pairs.notes(subject),
        "tests_keys": keys,
        "not_tested": [] if alone else why,
    }
    return content, {}


def _confusions(subject: Subject) -> _Content:
    matrices, with_matrix = matrix_tables(subject)
    return {"matrices": matrices, "with_matrix": with_matrix}, {}


def _attention(subject: Subject) -> _Content:
    shown, drawn, able = attention.attention_figures(subject)
    return {
        "attentions": shown,
        "with_attention": able,
        "attention_note": attention.NOTE,
        "order_keys": attention.ORDER_KEYS,
    }, drawn


def _maps(subject: Subject) -> _Content:
    return {"maps": map_images(subject), "without_map": subject.without_map}, {}


def _areas(subject: Subject) -> _Content:
    tables, drawn = area_tables(subject)
    return {"areas": tables}, drawn


def _season(subject: Subject) -> _Content:
    shown, drawn = season_figures(subject)
    keys = {
        one.key: [(name, colour, _glyph(marker)) for name, colour, marker in one.curves]
        for one in shown.figures
    }
    return {"season": shown, "season_keys": keys}, drawn


def _curves(subject: Subject) -> _Content:
    curves, trained = learning_curves(subject)
    drawn = {f"curve{index}": plot for index, plot in enumerate(curves.values())}
    content = {
        "curves": list(zip(curves, drawn, strict=True)),
        "curve_keys": [_key(subject, run) for run in trained],
        "curve_seeds": bool(subject.other_seeds),
    }
    return content, drawn


_SECTIONS = {
    "runs": _runs,
    "classes": _classes,
    "tests": _tests,
    "confusions": _confusions,
    "attention": _attention,
    "maps": _maps,
    "areas": _areas,
    "season": _season,
    "curves": _curves,
}
#: What the template asks for, where a section is not chosen or has nothing to show.
_NOTHING: dict[str, Any] = {
    **dict.fromkeys(("runs", "tests", "not_tested", "matrices", "attentions", "maps", "without_map"), ()),
    **dict.fromkeys(("areas", "season", "curves"), ()),
}


def _title(subject: Subject) -> str:
    # What a title says behind a comma stands with where the figures come from.
    titles = dict.fromkeys(
        store.info.title.partition(", ")[0] for store in subject.stores.values() if store.info.title
    )
    what = "Sensors and fusion compared" if len(subject.runs) > 1 else "One run in figures"
    return f"{what}: {listed(list(titles))}" if titles else what


def _embedded(plots: dict[str, Any]) -> _Embedded:
    """The figures with Bokeh's own script, which draws them where the page is read."""
    from bokeh.embed import components
    from bokeh.resources import Resources

    if not plots:
        return _Embedded([], {})
    library = Resources(mode="inline", components=["bokeh"], minified=True, log_level="warn")
    script, divs = components(plots, wrap_script=False)
    scripts = ("\n".join(library.js_raw), script, _resource("report_figures.js"))
    return _Embedded([_one_line_ending(one) for one in scripts], dict(divs))


def _one_line_ending(script: str) -> str:
    """As a browser reads it, which a digest must agree with."""
    return script.replace("\r\n", "\n").replace("\r", "\n")


def _policy(scripts: list[str]) -> str:
    allowed = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}'"
        for script in scripts
    )
    allowed = allowed or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _run_row(row: RunRow, subject: Subject) -> dict[str, Any]:
    return {**_key(subject, row.run.id), **row._asdict()}


def _line_key(subject: Subject, run_id: str) -> dict[str, Any]:
    """How a line is told from others, by the name of its experiment where it is a mean."""
    line = next(one for one in subject.compared if one.result.id == run_id)
    return {**_key(subject, run_id), "name": line.name}


def _key(subject: Subject, run_id: str) -> dict[str, Any]:
    """How a run is told from others: number, name, colour and mark."""
    run = next(run for run in subject.in_order if run.id == run_id)
    style = subject.styles[run_id]
    return {
        "number": subject.number(run_id),
        "name": subject.name_of(run),
        "colour": style.colour,
        "glyph": _glyph(style.marker),
    }


def _glyph(marker: str) -> str:
    return _GLYPHS.get(marker, "●")


def _class_rows(figures: pd.DataFrame) -> list[dict[str, Any]]:
    """The table behind the picture: a row a class, a cell a run, blank where a run does not tell."""
    runs = list(figures["run"].unique())
    rows = []
    for _, of_class in figures.groupby("code", sort=False):
        values = dict(zip(of_class["run"], of_class["value"], strict=True))
        support = of_class["support"].iloc[0]
        rows.append(
            {
                "name": of_class["name"].iloc[0],
                "support": "" if pd.isna(support) else f"{int(support):,}",
                "values": [f"{values[run]:.3f}" if run in values else "" for run in runs],
            }
        )
    return rows


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("cropdash.dashboard.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["count"] = count
    environment.filters["unbroken"] = _unbroken
    return environment.get_template("report.html.j2")


def _unbroken(sentence: str) -> Markup:
    """The sentence, escaped, that keeps names and per cents on one line."""
    text = str(escape(sentence)).replace(" %", "&nbsp;%")
    return Markup(_NAMES.sub(r"<span class='unbroken'>\g<0></span>", text))


@cache
def _css() -> str:
    """The style sheet, in the dashboard's typography and colours."""
    from cropdash.dashboard import colours
    from cropdash.dashboard.theme import FONT

    text = _resource("report.css")
    values = {
        name: getattr(colours, name) for name in ("ACCENT", "INK", "MUTED", "RULE", "GROUND", "WARNING")
    }
    variables = "; ".join(f"--{name.lower()}: {value}" for name, value in values.items())
    return f":root {{ {variables}; --font: {FONT} }}\n{text}"


def _resource(name: str) -> str:
    from importlib.resources import files

    return files("cropdash.dashboard.report").joinpath(name).read_text(encoding="utf-8")


def _version() -> str:
    from importlib.metadata import version

    return version("cropdash")
