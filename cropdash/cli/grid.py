"""``cropdash grid``: many experiments from one file, on this machine or on a Dask scheduler."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cropdash.cli.verbs import RUNS, verb

if TYPE_CHECKING:
    from cropdash.training.grid.definition import Grid
    from cropdash.training.grid.plan import GridPlan
    from cropdash.training.grid.record import GridRecord
    from cropdash.training.grid.standing import GridStanding
    from cropdash.training.grid.work import GridWork

SCHEDULER = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="A running Dask scheduler, such as tcp://10.0.0.5:8786, whose workers see the same folders; "
    "this machine's own cores if unset.",
)
WORKERS = click.option(
    "--workers", type=click.IntRange(1), help="Runs trained at once on this machine; as many as fit if unset."
)
RETRY = click.option("--retry-failed", is_flag=True, help="Also try those again that failed.")
DATA = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the data set's store; the one that the grid names if unset.",
)
CHANGES = click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Another value for a field, such as optimisation.epochs=20 or seed=[1,42]; may be repeated.",
)
_ID = click.argument("grid_id", metavar="GRID", default="")


@click.group("grid")
def grid_group() -> None:
    """Run many experiments from one file; see which are done, cancel them, go on."""


@verb("list")
def list_command() -> None:
    """List the grids that ship with cropdash: runs, and what they answer."""
    from cropdash.cli.grid_view import plain_table
    from cropdash.training.grid.definition import shipped_grids

    rows = []
    for name, grid in shipped_grids().items():
        plan = grid.plan("data")
        rows.append([name, str(len(plan)), f"{len(plan.trained)} + {len(plan.fused)}", grid.about])
    click.echo(plain_table(["grid", "runs", "trained + fused", "what it answers"], rows, right=(1, 2)))


@verb("run")
@click.argument("file", metavar="FILE")
@DATA
@RUNS
@CHANGES
@SCHEDULER
@WORKERS
@RETRY
@click.option(
    "--dry-run", is_flag=True, help="Only list the runs that the grid comes to, and how long they take."
)
def run_command(
    file: str,
    data: Path | None,
    runs_folder: Path,
    changes: tuple[str, ...],
    scheduler: str | None,
    workers: int | None,
    retry_failed: bool,
    dry_run: bool,
) -> None:
    """Run the grid FILE, a YAML file or a name that `cropdash grid list` shows.

    What is finished is skipped; what was cancelled or interrupted goes on from its last epoch. Ctrl-C stops the
    grid on this machine; on a scheduler it goes on without this view.
    """
    from cropdash.training.grid.plan import item_name

    name, grid = grid_from(file, changes)
    if dry_run:
        plan = grid.plan(data)
        for item in plan:
            click.echo(item_name(item))
        tell_cost(plan, runs_folder, scheduler, workers)
        return
    record = begin(name, grid, data_of(grid, data), runs_folder, scheduler)
    leave(work_through(record, workers=workers, retry_failed=retry_failed))


@verb("status")
@_ID
@RUNS
def status_command(grid_id: str, runs_folder: Path) -> None:
    """Tell where a grid stands, by its id or the beginning of it; all grids of the folder if none is named."""
    from cropdash.cli.grid_view import plain_table, standing_text
    from cropdash.training.grid.record import GridRecord
    from cropdash.training.grid.standing import Observer

    if grid_id:
        record = GridRecord.open(runs_folder, grid_id)
        click.echo(standing_text(record, Observer(record).look()))
        return
    records = GridRecord.all(runs_folder)
    if not records:
        click.echo("no grid was begun here yet: cropdash grid run --help tells how")
        return
    rows = []
    for record in records:
        counts = Observer(record).look().counts
        rows.append([record.id, *(str(count) for count in counts.values())])
    click.echo(plain_table(["grid", *counts], rows, right=range(1, len(counts) + 1)))


@verb("cancel")
@_ID
@RUNS
def cancel_command(grid_id: str, runs_folder: Path) -> None:
    """Cancel a grid, whichever process works on it: its runs stop at their next batch and can be resumed."""
    from contextlib import nullcontext

    from cropdash.engine import Engine
    from cropdash.training.grid.record import GridRecord
    from cropdash.training.grid.work import cancel_grid

    record = GridRecord.open(runs_folder, grid_id)
    with Engine(record.scheduler) if record.scheduler else nullcontext() as engine:
        standing = cancel_grid(record, engine)
    if standing.note:
        click.echo(standing.note)
    counts = standing.counts
    click.echo(
        f"{record.id} is cancelled; {counts['finished']} runs are finished, {counts['running']} stop at their next "
        f"batch. Go on with: cropdash grid resume {record.id} --runs {runs_folder}"
    )


@verb("resume")
@_ID
@RUNS
@SCHEDULER
@WORKERS
@RETRY
def resume_command(
    grid_id: str, runs_folder: Path, scheduler: str | None, workers: int | None, retry_failed: bool
) -> None:
    """Go on with a grid that was cancelled or interrupted, on this machine or on a scheduler."""
    from cropdash.training.grid.record import GridRecord

    before = GridRecord.open(runs_folder, grid_id)
    record = GridRecord.begin(before.name, before.grid, before.data, runs_folder, scheduler=scheduler)
    leave(work_through(record, workers=workers, retry_failed=retry_failed))


for command in (list_command, run_command, status_command, cancel_command, resume_command):
    grid_group.add_command(command)


def grid_from(name: str, changes: tuple[str, ...]) -> tuple[str, Grid]:
    """A grid by name or file, with the changes of the command line.

    Raises:
        FileNotFoundError, ValueError: there is no such grid, or a change is none.
    """
    import yaml

    from cropdash.training.grid.definition import open_grid

    values: dict[str, Any] = {}
    for change in changes:
        field, given, value = change.partition("=")
        if not given or not field:
            raise ValueError(f"--set {change}: write FIELD=VALUE, such as optimisation.epochs=20")
        try:
            values[field] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ValueError(f"--set {change}: the value is not valid YAML ({error})") from None
    found, grid = open_grid(name)
    return found, grid.changed(values)


def begin(name: str, grid: Grid, data: Path, runs_folder: Path, scheduler: str | None) -> GridRecord:
    """Note a grid as begun, once it is known to fit its data.

    Raises:
        FileNotFoundError, ValueError: it does not; the message says why.
    """
    from cropdash.training.grid.record import GridRecord
    from cropdash.training.grid.work import check_fits

    check_fits(grid.plan(data))
    return GridRecord.begin(name, grid, data, runs_folder, scheduler=scheduler)


def work_through(
    record: GridRecord, *, workers: int | None = None, retry_failed: bool = False
) -> GridStanding:
    """Run a grid in view of the terminal; the command ends here where it was stopped."""
    from cropdash.cli.grid_view import grid_view, standing_text
    from cropdash.training.grid.machine import grid_engine
    from cropdash.training.grid.work import GridWork

    click.echo(record.id, err=True)
    tell_cost(record.plan, record.runs_folder, record.scheduler, workers)
    with grid_engine(record.plan, record.scheduler, workers=workers) as engine:
        work = GridWork(engine, record, retry_failed=retry_failed)
        try:
            with grid_view(record) as show:
                standing = work.start()
                show(standing)
                while not work.is_over(standing):
                    _wait()
                    standing = work.look()
                    show(standing)
        except KeyboardInterrupt:
            if record.scheduler is not None:
                click.echo(
                    f"The runs go on at {record.scheduler}. Look with: cropdash grid status {record.id}; "
                    f"stop them with: cropdash grid cancel {record.id}",
                    err=True,
                )
                sys.exit(130)
            standing = _stopped(work)
    click.echo(standing_text(record, standing))
    if standing.cancelled:
        sys.exit(130)
    return standing


def tell_cost(plan: GridPlan, runs_folder: Path, scheduler: str | None, workers: int | None) -> None:
    """Say on standard error what a grid comes to, before it starts; the workers of a scheduler are not known yet."""
    from cropdash.cli.grid_view import before_start
    from cropdash.runs.library import RunLibrary
    from cropdash.runs.run import Run
    from cropdash.training.existing_runs import data_fingerprint, is_made_from
    from cropdash.training.grid.machine import this_machine

    # All runs of a grid are of one data set; those of other data would tell another time.
    fingerprint = next((data_fingerprint(item.spec.data) for item in plan.trained), "")
    results = RunLibrary(runs_folder).results() if fingerprint and runs_folder.is_dir() else []
    earlier = [one for one in results if isinstance(one, Run) and is_made_from(one.folder, fingerprint)]
    at_once = 1 if scheduler is not None else workers or this_machine(max(len(plan.trained), 1)).workers
    click.echo(before_start(plan, earlier, at_once), err=True)


def leave(standing: GridStanding) -> None:
    """End the command with 1 where a run is not finished."""
    if not standing.is_complete:
        sys.exit(1)


def _stopped(work: GridWork) -> GridStanding:
    """Stop a grid of this machine and wait until its runs have said so; they go on later."""
    work.cancel()
    click.echo("Stopping; a run ends at its next batch.", err=True)
    standing = work.look()
    for _ in range(_PATIENCE):
        if work.is_over(standing):
            break
        _wait()
        standing = work.look()
    return standing


def _wait() -> None:
    import time

    time.sleep(_SECONDS_BETWEEN_LOOKS)


def data_of(grid: Grid, data: Path | None) -> Path:
    """The data set that the command line names, else the grid.

    Raises:
        ValueError: neither does.
    """
    named = data if data is not None else grid.base.get("data")
    if not named:
        raise ValueError("the grid names no data set; give one with --data")
    return Path(named)


_SECONDS_BETWEEN_LOOKS = 1.0
#: Looks at a grid that is being stopped.
_PATIENCE = 30
