"""``cropdash demo``: the packaged demo's runs, made anew."""

from __future__ import annotations

from pathlib import Path

import click

from cropdash.cli.verbs import progress_bar, verb


@verb("demo")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Runs trained at once.")
def demo_command(out: Path, workers: int) -> None:
    """Train the packaged demo's runs anew and put their results at OUT.

    The parcels are simulated first; everything is defined in data/demo/demo.yaml.
    """
    from cropdash.training.demo import Demo, train_demo

    with progress_bar("training the demo's runs") as progress:
        runs = train_demo(Demo.read(), out, workers=workers, progress=progress)
    click.echo(f"{len(runs)} runs in {out}")
