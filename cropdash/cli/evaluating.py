"""``cropdash evaluate``: one run on parts of the season, without training anew."""

from __future__ import annotations

from pathlib import Path

import click

from cropdash.cli.verbs import DEVICE, RUNS, progress_bar, run_path, verb
from cropdash.training.experiment import Device


@verb("evaluate")
@click.argument("run")
@RUNS
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The run's data set, if it lies elsewhere now.",
)
@click.option(
    "--days", type=click.IntRange(min=1), multiple=True, help="Days of data, such as 182; repeatable."
)
@click.option(
    "--s2-share",
    "s2_shares",
    type=click.FloatRange(0, 1, min_open=True),
    multiple=True,
    help="Share of the Sentinel-2 dates, such as 0.4; repeatable.",
)
@click.option(
    "--sensors",
    type=click.Choice(["S1", "S2"]),
    multiple=True,
    help="This sensor alone, over the whole season and each of --days; repeatable.",
)
@DEVICE
def evaluate_command(
    run: str,
    runs_folder: Path,
    data: Path | None,
    days: tuple[int, ...],
    s2_shares: tuple[float, ...],
    sensors: tuple[str, ...],
    device: Device | None,
) -> None:
    """Evaluate one run with the first days of the season, with few optical dates, with one sensor alone.

    RUN is the folder of a finished run, or its id in the runs folder. Without a choice it is evaluated on the
    study's quarters, on its shares of Sentinel-2 dates and, where the fusion can, with each sensor alone. The
    counts are kept in the run's folder and drawn on the Season page.
    """
    from cropdash.datasets.store import ParcelStore
    from cropdash.runs.run import Run
    from cropdash.training.season_evaluation import evaluate_parts, given_parts
    from cropdash.training.trained_model import load_model

    folder = run_path(run, runs_folder)
    one = Run(folder)
    parts = given_parts(load_model(one).spec, days, s2_shares, sensors)
    store = ParcelStore.open(data) if data is not None else None
    with progress_bar("Evaluating") as told:
        found = evaluate_parts(one, parts, store, on_part=told, device=device)
    names = [crop.name for crop in one.classes]
    click.echo(
        f"{'days':>5} {'S2 dates':>8} {'sensors':>8} {'parcels':>8} {'unanswered':>10}  accuracy macro F1   mIoU"
    )
    for part in found.parts:
        matrix = part.confusion(names)
        assert matrix is not None
        click.echo(
            f"{part.days or 'all':>5} {'all' if part.s2_share is None else f'{part.s2_share:.0%}':>8} "
            f"{'+'.join(part.sensors):>8} {matrix.total:>8} {matrix.no_prediction:>10}  "
            f"{matrix.accuracy:8.3f} {matrix.macro_f1:8.3f} {matrix.macro_iou:6.3f}"
        )
