"""``cropdash prepare``: a store from satellite images and parcel outlines."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cropdash.cli.verbs import progress_bar, verb


@verb("prepare")
@click.argument("recipe", type=click.Path(path_type=Path), required=False)
@click.argument("out", type=click.Path(path_type=Path), required=False)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Processes that work at once; as many as there are processors if unset, where there are many blocks.",
)
@click.option("--scheduler", help="Address of a running Dask scheduler to work on instead.")
@click.option("--limit", type=click.IntRange(1), help="Prepare so many parcels only, to try a recipe out.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it is there.")
@click.option(
    "--restart", is_flag=True, help="Throw away the finished blocks of an earlier, unfinished call."
)
@click.option("--example", is_flag=True, help="Print a recipe with comments and end.")
def prepare_command(
    recipe: Path | None,
    out: Path | None,
    workers: int | None,
    scheduler: str | None,
    limit: int | None,
    overwrite: bool,
    restart: bool,
    example: bool,
) -> None:
    """Make a store at OUT from satellite images and parcel outlines, as the file RECIPE says.

    An interrupted call goes on from its last whole block when it is made again.
    """
    if example:
        from cropdash.preparation.example_recipe import EXAMPLE

        click.echo(EXAMPLE, nl=False)
        return
    if recipe is None or out is None:
        raise click.UsageError(
            "name RECIPE and OUT; `cropdash prepare --example` prints a recipe to begin with"
        )
    from cropdash.preparation.prepare import prepare

    try:
        with progress_bar("preparing parcels") as progress:
            report = prepare(
                recipe,
                out,
                workers=workers,
                scheduler=scheduler,
                overwrite=overwrite,
                restart=restart,
                limit=limit,
                progress=progress,
            )
    except KeyboardInterrupt:
        click.echo("stopped; the same command goes on from the last whole block", err=True)
        sys.exit(130)
    click.echo(report.text())
