"""``cropdash report``: chosen runs as one HTML file, and the data behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cropdash.cli.verbs import RUNS, run_path, verb
from cropdash.dashboard.report.contents import SECTIONS, chosen_sections

if TYPE_CHECKING:
    from cropdash.runs.results import Result


@verb("report")
@click.argument("runs", nargs=-1, required=True)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The HTML file to write."
)
@RUNS
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The store that the runs were made from, for the maps; the one that a run names if unset.",
)
@click.option("--region", default="", help="Only the test parcels of this region.")
@click.option(
    "--section",
    "sections",
    multiple=True,
    help="Only this section, with caveats and provenance, which are in every report; may be repeated: "
    f"{', '.join(SECTIONS)}.",
)
@click.option(
    "--area",
    "areas",
    multiple=True,
    metavar="X0,Y0,X1,Y1",
    help="A rectangle of the map, or a polygon by three corners or more (X,Y,X,Y,X,Y), that gets pictures and a table "
    "of areas of its own, in the units of the outlines (EPSG:3857 where these are degrees); may be repeated.",
)
@click.option(
    "--over-seeds/--single-runs",
    default=None,
    help="Whether a run stands for all seeds of its experiment in its folder, with mean and standard deviation, or for "
    "itself; as the Compare page has it at first if unset: over seeds, unless all runs are seeds of one experiment.",
)
@click.option("--title", default="", help="Title; made from the data set if unset.")
@click.option("--author", default="", help="Who stands behind the report.")
@click.option(
    "--logo", type=click.Path(path_type=Path), help="An image (PNG, JPEG, WebP or SVG) for the head."
)
@click.option(
    "--tables",
    type=click.Path(path_type=Path),
    help="A new folder for the data behind the report: every figure and table as CSV, test parcels as "
    "GeoPackage and GeoParquet.",
)
def report_command(
    runs: tuple[str, ...],
    out: Path,
    runs_folder: Path,
    data: Path | None,
    region: str,
    sections: tuple[str, ...],
    areas: tuple[str, ...],
    over_seeds: bool | None,
    title: str,
    author: str,
    logo: Path | None,
    tables: Path | None,
) -> None:
    """Write a report on RUNS, each a path or an id in the runs folder, as one self-contained HTML file.

    It opens offline and prints. Maps need the data set with its outlines.
    """
    from cropdash.atomic import write_text
    from cropdash.dashboard.report.cover import Cover, logo_file
    from cropdash.dashboard.report.document import report_html
    from cropdash.dashboard.report.subject import Subject, read_area
    from cropdash.dashboard.report.tables import write_tables
    from cropdash.datasets.store import ParcelStore
    from cropdash.runs.library import open_result
    from cropdash.runs.telling_apart import tell_apart

    paths = list(dict.fromkeys(run_path(run, runs_folder).resolve() for run in runs))
    results = [open_result(path) for path in paths]
    names = [result.id for result in results]
    for path, result in zip(paths, results, strict=True):
        # Runs of several folders may share a name.
        if names.count(result.id) > 1:
            result.id = f"{path.parent.name}/{path.name}"
    at_hand = [*results, *_beside(paths, names)]
    # As on the dashboard's pages, whether or not a run of the same name is in the report.
    tell_apart(at_hand)
    opened: dict[Path, ParcelStore] = {}
    stores: dict[str, ParcelStore] = {}
    for result in results:
        named = getattr(result, "data", None)
        place = data or (Path(named) if named else None)
        # A run from elsewhere names a data set that is not on this machine.
        if place is not None and (place == data or (place / "dataset.json").is_file()):
            if place not in opened:
                opened[place] = ParcelStore.open(place)
            stores[result.id] = opened[place]
    subject = Subject.of(
        results,
        stores,
        region,
        chosen_sections(sections),
        [read_area(area) for area in areas],
        at_hand,
        over_seeds,
    )
    cover = Cover(date.today(), title, author, logo_file(logo) if logo else "")
    if tables is not None and tables.exists():
        raise FileExistsError(f"{tables} exists already; choose a new folder for the tables")
    write_text(out, report_html(subject, cover))
    click.echo(out)
    if tables is not None:
        written = write_tables(subject, tables)
        click.echo(f"{len(written)} files in {tables}")


def _beside(paths: Sequence[Path], taken: Sequence[str]) -> list[Result]:
    """The other results in the folders of some runs, none called as one of ``taken``."""
    from cropdash.runs.library import RunLibrary

    found = []
    names = set(taken)
    for folder in dict.fromkeys(path.parent for path in paths):
        for result in RunLibrary(folder).results():
            if (folder / result.id).resolve() in paths:
                continue
            if result.id in names:
                result.id = f"{folder.name}/{result.id}"
            names.add(result.id)
            found.append(result)
    return found
