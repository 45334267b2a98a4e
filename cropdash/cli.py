"""The ``cropdash`` command: one thin function a verb.

What a verb needs is imported when it runs, so that ``cropdash --help`` answers at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from cropdash.cli_options import spec_from_options, spec_options
from cropdash.training.experiment import explain

RUNS = click.option(
    "--runs",
    "runs_folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder of the runs.",
)


@contextmanager
def _sentences_for_errors() -> Iterator[None]:
    """Show what a user can mend as one sentence instead of a traceback."""
    try:
        yield
    except ValidationError as error:
        raise click.ClickException(explain(error)) from None
    except (ValueError, OSError, LookupError) as error:
        raise click.ClickException(str(error)) from None


class _Verb(click.Command):
    def invoke(self, ctx: click.Context) -> Any:
        with _sentences_for_errors():
            return super().invoke(ctx)


def _verb(group: click.Group, name: str) -> Callable[[Callable[..., Any]], click.Command]:
    return group.command(name, cls=_Verb)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="cropdash")
def main() -> None:
    """Find out which satellite sensors, and which way of fusing them, map crops best."""


@main.group("import")
def import_group() -> None:
    """Bring data or runs made elsewhere into cropdash."""


@_verb(import_group, "reference")
@click.argument("root", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--parcels", type=click.Path(exists=True, path_type=Path), help="Vector file of the parcel outlines."
)
@click.option("--id-field", help="Its field that holds the parcel id, such as ID_PARCEL.")
@click.option(
    "--label-field", help="Label to use by default where labels.json has several, such as CODE_GROUP."
)
@click.option(
    "--nomenclature",
    type=click.Path(exists=True, path_type=Path),
    help="Nomenclature file; RPG groups if unset.",
)
@click.option(
    "--season-origin", default="10-01", show_default=True, help="Month and day (MM-DD) that days count from."
)
@click.option(
    "--s2-scale",
    type=float,
    help="Reflectance per stored unit of Sentinel-2; 0.0001 for integers and 1 for other arrays if unset.",
)
@click.option("--name", help="Name of the data set; the folder's if unset.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it is there.")
def import_reference_command(
    root: Path,
    out: Path,
    parcels: Path | None,
    id_field: str | None,
    label_field: str | None,
    nomenclature: Path | None,
    season_origin: str,
    s2_scale: float | None,
    name: str | None,
    overwrite: bool,
) -> None:
    """Convert the reference layout at ROOT (s1_data/…, s2_data/…) to a store at OUT."""
    from cropdash.datasets.reference_layout import import_reference

    with _progress("importing parcels") as progress:
        report = import_reference(
            root,
            out,
            parcels=parcels,
            id_field=id_field,
            label_field=label_field,
            nomenclature=nomenclature,
            season_origin=season_origin,
            scales=None if s2_scale is None else {"S2": s2_scale},
            name=name,
            overwrite=overwrite,
            progress=progress,
        )
    click.echo(report.text())


@_verb(import_group, "run")
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@RUNS
def import_run_command(archive: Path, runs_folder: Path) -> None:
    """Unpack a run that `cropdash export` wrote."""
    from cropdash.runs.archive import import_run

    click.echo(import_run(archive, runs_folder))


@_verb(main, "inspect")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def inspect_command(data: Path, as_json: bool) -> None:
    """Tell what is in a data set: a store, or a folder in the reference layout."""
    from cropdash.datasets.inspection import inspect

    inspection = inspect(data)
    click.echo(json.dumps(inspection.to_dict(), indent=2) if as_json else inspection.text())


@_verb(main, "train")
@click.option(
    "--spec",
    "spec_file",
    type=click.Path(exists=True, path_type=Path),
    help="Spec file (YAML or JSON); options override it.",
)
@spec_options
@RUNS
@click.option(
    "--resume", is_flag=True, help="Go on from the last epoch of a cancelled, failed or interrupted run."
)
@click.option(
    "--progress",
    type=click.Choice(["bar", "quiet", "json"]),
    default="bar",
    show_default=True,
    help="What to show meanwhile.",
)
def train_command(
    spec_file: Path | None, runs_folder: Path, resume: bool, progress: Any, **options: str | bool | None
) -> None:
    """Train one model and write its run folder, whose path is printed last.

    Ctrl-C stops at the next batch; `--resume` then goes on from the last whole epoch.
    """
    spec = spec_from_options(options, spec_file)
    from cropdash.training.progress import reporter
    from cropdash.training.train import train

    with reporter(progress) as on_progress:
        run = train(spec, runs_folder, resume=resume, on_progress=on_progress)
    if progress != "json":
        click.echo(run.folder.path)
    if run.status != "finished":
        click.echo(
            f"{run.status}: the same command with --resume goes on from the last whole epoch", err=True
        )
        sys.exit(130)


@_verb(main, "fuse")
@click.argument("run_s1")
@click.argument("run_s2")
@click.option(
    "--rule",
    type=click.Choice(["avg", "product"]),
    default="avg",
    show_default=True,
    help="Mean or product of the class probabilities.",
)
@RUNS
def fuse_command(run_s1: str, run_s2: str, rule: Any, runs_folder: Path) -> None:
    """Fuse two finished single-sensor runs at decision level."""
    from cropdash.training.fuse import fuse

    click.echo(
        fuse(_run_path(run_s1, runs_folder), _run_path(run_s2, runs_folder), rule, runs_folder).folder.path
    )


@_verb(main, "runs")
@RUNS
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def runs_command(runs_folder: Path, as_json: bool) -> None:
    """List the runs of a folder, best macro-F1 first."""
    from cropdash.runs.listing import run_rows, table_text

    rows = run_rows(runs_folder)
    click.echo(json.dumps(rows, indent=2) if as_json else table_text(rows))


@_verb(main, "show")
@click.argument("run")
@RUNS
@click.option(
    "--region", "regions", multiple=True, help="Only the test parcels of this region; may be repeated."
)
def show_command(run: str, runs_folder: Path, regions: tuple[str, ...]) -> None:
    """Print a run's figures per class and overall."""
    from cropdash.runs.library import open_result
    from cropdash.runs.listing import scores_text

    click.echo(scores_text(open_result(_run_path(run, runs_folder)), list(regions) or None))


@_verb(main, "export")
@click.argument("run")
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
@RUNS
def export_command(run: str, archive: Path, runs_folder: Path) -> None:
    """Pack a run into one zip file that opens elsewhere."""
    from cropdash.runs.archive import export_run

    click.echo(export_run(_run_path(run, runs_folder), archive))


@_verb(main, "serve")
@click.option(
    "--data",
    "data",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A store, or a folder of stores; may be repeated.",
)
@click.option(
    "--runs", "runs_folder", type=click.Path(file_okay=False, path_type=Path), help="Folder of the runs."
)
@click.option("--port", type=int, default=5006, show_default=True, help="Port; 0 takes any free one.")
@click.option(
    "--address",
    default="localhost",
    show_default=True,
    help="Address to bind to; others on the network see any but localhost.",
)
@click.option("--show/--no-show", default=False, help="Open the page in a browser.")
def serve_command(
    data: tuple[Path, ...], runs_folder: Path | None, port: int, address: str, show: bool
) -> None:
    """Start the dashboard.

    Without options it reads CROPDASH_DATA and CROPDASH_RUNS, then cropdash.toml in the working folder.
    """
    from cropdash.dashboard.serving import serve

    serve(data=data, runs=runs_folder, port=port, address=address, open_browser=show)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time left on a terminal; nothing where the output goes to a file."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _run_path(run: str, runs_folder: Path) -> Path:
    """A run is named by its path, or by its id in the runs folder."""
    for path in (Path(run), runs_folder / run):
        if path.is_dir():
            return path
    raise FileNotFoundError(f"no run {run!r}: neither a folder nor a run of {runs_folder}")


if __name__ == "__main__":
    main()
