"""The ``cropdash`` command: one thin function a verb.

What a verb needs is imported when it runs, so that ``cropdash --help`` answers at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from cropdash.cli.demo import demo_command
from cropdash.cli.evaluating import evaluate_command
from cropdash.cli.evidence import evidence_command
from cropdash.cli.grid import grid_group
from cropdash.cli.importing import import_group
from cropdash.cli.options import spec_from_options, spec_options
from cropdash.cli.predicting import calibrate_command, predict_command
from cropdash.cli.preparing import prepare_command
from cropdash.cli.reporting import report_command
from cropdash.cli.reproducing import reproduce_command
from cropdash.cli.simulating import simulate_command
from cropdash.cli.transferring import transfer_command
from cropdash.cli.verbs import RUNS, run_path, verb


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="cropdash")
def main() -> None:
    """Find out which satellite sensors, and which way of fusing them, map crops best."""


@verb("inspect")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def inspect_command(data: Path, as_json: bool) -> None:
    """Tell what is in a data set: a store, or a folder in the reference layout."""
    from cropdash.readers.inspection import inspect

    inspection = inspect(data)
    click.echo(json.dumps(inspection.to_dict(), indent=2) if as_json else inspection.text())


@verb("train")
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
    from cropdash.training.idle_fields import misgivings, set_in_vain
    from cropdash.training.progress import reporter
    from cropdash.training.train import train

    if vain := set_in_vain(spec):
        click.echo(f"of no effect on a {spec.classifier.replace('_', ' ')}: {', '.join(vain)}", err=True)
    for sentence in misgivings(spec):
        click.echo(sentence, err=True)
    with reporter(progress) as on_progress:
        run = train(spec, runs_folder, resume=resume, on_progress=on_progress)
    if progress != "json":
        click.echo(run.folder.path)
    if run.status != "finished":
        click.echo(
            f"{run.status}: the same command with --resume goes on from the last whole epoch", err=True
        )
        sys.exit(130)


@verb("fuse")
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
        fuse(run_path(run_s1, runs_folder), run_path(run_s2, runs_folder), rule, runs_folder).folder.path
    )


@verb("runs")
@RUNS
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def runs_command(runs_folder: Path, as_json: bool) -> None:
    """List the runs of a folder, best macro-F1 first."""
    from cropdash.runs.listing import run_rows, table_text

    rows = run_rows(runs_folder)
    click.echo(json.dumps(rows, indent=2) if as_json else table_text(rows))


@verb("show")
@click.argument("run")
@RUNS
@click.option(
    "--region", "regions", multiple=True, help="Only the test parcels of this region; may be repeated."
)
def show_command(run: str, runs_folder: Path, regions: tuple[str, ...]) -> None:
    """Print a run's figures per class and overall."""
    from cropdash.analysis.calibration import temperature_text
    from cropdash.runs.library import open_result
    from cropdash.runs.listing import scores_text

    result = open_result(run_path(run, runs_folder))
    click.echo(scores_text(result, list(regions) or None))
    if calibration := temperature_text(result, list(regions) or None):
        click.echo(f"\n{calibration}")


@verb("export")
@click.argument("run")
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
@RUNS
def export_command(run: str, archive: Path, runs_folder: Path) -> None:
    """Pack a run into one zip file that opens elsewhere."""
    from cropdash.runs.archive import export_run

    click.echo(export_run(run_path(run, runs_folder), archive))


@verb("serve")
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
@click.option("--read-only", is_flag=True, help="For public screens: nothing can be launched or cancelled.")
@click.option(
    "--basic-auth",
    default="",
    envvar="CROPDASH_BASIC_AUTH",
    help="Let visitors sign in: a JSON file of passwords by name, or one password (which other users of this machine "
    "then see in its list of processes).",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="Host under which a proxy shows this dashboard, such as maps.example.org; may be repeated.",
)
def serve_command(
    data: tuple[Path, ...],
    runs_folder: Path | None,
    port: int,
    address: str,
    show: bool,
    read_only: bool,
    basic_auth: str,
    origins: tuple[str, ...],
) -> None:
    """Start the dashboard; on the packaged demo where no data is named.

    Without options it reads CROPDASH_DATA, CROPDASH_RUNS and CROPDASH_READ_ONLY, then cropdash.toml in the
    working folder.
    """
    from cropdash.dashboard.serving import serve

    serve(
        data=data,
        runs=runs_folder,
        port=port,
        address=address,
        open_browser=show,
        read_only=read_only,
        basic_auth=basic_auth,
        origins=origins,
    )


for command in (
    import_group,
    prepare_command,
    simulate_command,
    inspect_command,
    train_command,
    grid_group,
    reproduce_command,
    fuse_command,
    evaluate_command,
    transfer_command,
    predict_command,
    calibrate_command,
    runs_command,
    show_command,
    export_command,
    report_command,
    evidence_command,
    serve_command,
    demo_command,
):
    main.add_command(command)
