"""``cropdash reproduce``: one of the study's grids, run and set beside the published figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cropdash.cli.grid import (
    CHANGES,
    DATA,
    RETRY,
    SCHEDULER,
    WORKERS,
    begin,
    data_of,
    grid_from,
    leave,
    work_through,
)
from cropdash.cli.verbs import RUNS, verb

if TYPE_CHECKING:
    from cropdash.runs.results import Result


@verb("reproduce")
@click.argument("study")
@DATA
@RUNS
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reproduced"),
    show_default=True,
    help="Folder for the comparison as CSV and HTML.",
)
@click.option("--no-run", is_flag=True, help="Compare the finished runs of the folder; train nothing.")
@CHANGES
@SCHEDULER
@WORKERS
@RETRY
def reproduce_command(
    study: str,
    data: Path | None,
    runs_folder: Path,
    out: Path,
    no_run: bool,
    changes: tuple[str, ...],
    scheduler: str | None,
    workers: int | None,
    retry_failed: bool,
) -> None:
    """Run STUDY, a grid that `cropdash grid list` shows, and set it beside the published figures.

    Per class and overall: the mean over the seeds, their spread, and the difference in units of it. Runs that
    are finished already are not trained again.
    """
    from cropdash.analysis.reproduction import STUDIES, reproduction
    from cropdash.analysis.reproduction_text import reproduction_text, write_reproduction
    from cropdash.runs.library import RunLibrary

    name, grid = grid_from(study, changes)
    table = next((known for known in STUDIES if known == grid.published), None)
    if table is None:
        raise ValueError(f"the grid {name} names no published table of the study to stand beside")
    results: list[Result] = []
    standing = None
    if no_run:
        results = RunLibrary(runs_folder).results()
    else:
        record = begin(name, grid, data_of(grid, data), runs_folder, scheduler)
        standing = work_through(record, workers=workers, retry_failed=retry_failed)
        own = {one.run for one in standing.items}
        results = [result for result in RunLibrary(runs_folder).results() if result.id in own]
    made = reproduction(table, results)
    click.echo(reproduction_text(made))
    for path in write_reproduction(made, out):
        click.echo(path)
    if standing is not None:
        leave(standing)
