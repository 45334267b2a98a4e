"""The report as one HTML file that opens anywhere: no request leaves it, and it prints.

What it holds is gathered beside this module; here it meets the template. The file's own content
security policy allows its two scripts by their digests and nothing from any host.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup, escape

from cropdash.dashboard.report.drawings import class_plot, learning_curves
from cropdash.dashboard.report.findings import (
    answer_sentence,
    caveat_list,
    class_figures,
    class_metric,
    notes,
    run_rows,
    simulated_sentence,
)
from cropdash.dashboard.report.map_image import map_images
from cropdash.dashboard.report.matrix_table import MOST, matrix_tables
from cropdash.dashboard.report.provenance import provenance
from cropdash.dashboard.report.subject import Cover, Subject
from cropdash.dashboard.run_words import CLASS_METRICS, count, listed, run_name

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
    dots = class_plot(subject)
    curves, trained = learning_curves(subject)
    plots = ({} if dots is None else {"classes": dots}) | {
        f"curve{index}": plot for index, plot in enumerate(curves.values())
    }
    embedded = _embedded(plots)
    matrices, with_matrix = matrix_tables(subject)
    maps, without_map = map_images(subject)
    figures = class_figures(subject)
    return _template().render(
        policy=_policy(embedded.scripts),
        scripts=[Markup(script) for script in embedded.scripts],
        figures={key: Markup(div) for key, div in embedded.divs.items()},
        css=Markup(_css()),
        cover=cover,
        title=cover.title or _title(subject),
        day=f"{cover.day.day} {cover.day:%B %Y}",
        region=subject.region,
        answer=answer_sentence(subject),
        simulated=simulated_sentence(subject),
        runs=[_run_row(row, subject) for row in run_rows(subject).to_dict("records")],
        class_keys=[_key(subject, run) for run in figures["run"].unique()],
        curve_keys=[_key(subject, run) for run in trained],
        metric=CLASS_METRICS[class_metric(subject)],
        classes=_class_rows(figures),
        notes=notes(subject),
        matrices=matrices,
        most_matrices=MOST,
        with_matrix=with_matrix,
        maps=maps,
        without_map=without_map,
        curves=[(heading, f"curve{index}") for index, heading in enumerate(curves)],
        caveats=caveat_list(subject),
        provenance=provenance(subject.runs),
        version=_version(),
    )


def _title(subject: Subject) -> str:
    titles = dict.fromkeys(store.info.title for store in subject.stores.values() if store.info.title)
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
    return _Embedded([_one_line_ending("\n".join(library.js_raw)), _one_line_ending(script)], dict(divs))


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


def _run_row(row: dict[Any, Any], subject: Subject) -> dict[str, Any]:
    finished = row["state"] in ("finished", "published", "reference")
    return {
        **_key(subject, row["id"]),
        "state": "" if finished else row["state"],
        "accuracy": "" if pd.isna(row["accuracy"]) else f"{100 * row['accuracy']:.1f} %",
        **{metric: "" if pd.isna(row[metric]) else f"{row[metric]:.3f}" for metric in ("macro_f1", "kappa")},
        **{
            what: "" if pd.isna(row[what]) else f"{int(row[what]):,}" for what in ("parcels", "no_prediction")
        },
        # What one sensor is called, or how several meet, which names them too.
        "what": row["sensors"] if row["fusion"] in ("", "one sensor") else row["fusion"],
    }


def _key(subject: Subject, run_id: str) -> dict[str, Any]:
    """How a run is told from others: number, name, colour and mark."""
    run = next(run for run in subject.runs if run.id == run_id)
    style = subject.styles[run_id]
    return {
        "number": subject.number(run_id),
        "name": run_name(run),
        "colour": style.colour,
        "glyph": _GLYPHS.get(style.marker, "●"),
    }


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
    from importlib.resources import files

    from cropdash.dashboard import colours
    from cropdash.dashboard.theme import FONT

    text = files("cropdash.dashboard.report").joinpath("report.css").read_text(encoding="utf-8")
    values = {
        name: getattr(colours, name) for name in ("ACCENT", "INK", "MUTED", "RULE", "GROUND", "WARNING")
    }
    variables = "; ".join(f"--{name.lower()}: {value}" for name, value in values.items())
    return f":root {{ {variables}; --font: {FONT} }}\n{text}"


def _version() -> str:
    from importlib.metadata import version

    return version("cropdash")
