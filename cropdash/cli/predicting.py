"""``cropdash predict`` and ``cropdash calibrate``: what finished runs say of parcels, and how sure they should be."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cropdash.cli.verbs import DEVICE, RUNS, progress_bar, run_path, verb
from cropdash.training.experiment import Device


@verb("predict")
@click.option(
    "--run",
    "chosen",
    multiple=True,
    required=True,
    help="A finished run: its folder, or its id in the runs folder. May be repeated: probabilities are averaged.",
)
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The store to predict; it needs no labels.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--regions", multiple=True, help="Only these regions: A,B or repeated; all if unset.")
@RUNS
@click.option(
    "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that work at once."
)
@click.option("--threads", type=click.IntRange(1), help="CPU threads of each process.")
@click.option(
    "--scheduler",
    help="Address of a running Dask scheduler to work on instead; with --device cuda on its workers that offer a GPU.",
)
@DEVICE
@click.option(
    "--calibrated", is_flag=True, help="Divide scores by the temperature fitted on the validation regions."
)
@click.option("--restart", is_flag=True, help="Throw away what OUT holds of another prediction.")
def predict_command(
    chosen: tuple[str, ...],
    data: Path,
    out: Path,
    regions: tuple[str, ...],
    runs_folder: Path,
    workers: int,
    threads: int | None,
    scheduler: str | None,
    device: Device | None,
    calibrated: bool,
    restart: bool,
) -> None:
    """Predict the crop of every parcel of a data set with one run or the mean of several.

    OUT receives parcels.parquet (GeoParquet), parcels.gpkg (GeoPackage), parcels.qml (their colours in QGIS)
    and prediction.json (what was predicted by what). An interrupted call goes on when it is made again.
    """
    from cropdash.training.wide_prediction.predict_wide import predict_wide

    names = [name.strip() for part in regions for name in part.split(",") if name.strip()]
    try:
        with progress_bar("predicting parcels") as progress:
            written = predict_wide(
                [run_path(run, runs_folder) for run in chosen],
                data,
                out,
                regions=names or None,
                calibrated=calibrated,
                workers=workers,
                scheduler=scheduler,
                threads=threads,
                device=device,
                restart=restart,
                progress=progress,
            )
    except KeyboardInterrupt:
        click.echo("stopped; the same command goes on from the last whole partition", err=True)
        sys.exit(130)
    click.echo(written.text())


@verb("calibrate")
@click.argument("run")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The store that the run was trained on, where it has moved.",
)
@RUNS
@DEVICE
def calibrate_command(run: str, data: Path | None, runs_folder: Path, device: Device | None) -> None:
    """Fit a finished run's temperature on its validation regions, and keep it with the run.

    Runs do so when they finish; this is for older ones, and for two runs fused afterwards. Predictions stay as they are: `cropdash predict
    --calibrated` applies the temperature.
    """
    from cropdash.analysis.calibration import temperature_text
    from cropdash.runs.run import Run
    from cropdash.training.calibrate import calibrate

    path = run_path(run, runs_folder)
    calibrate(path, data, device=device)
    click.echo(temperature_text(Run(path)))
