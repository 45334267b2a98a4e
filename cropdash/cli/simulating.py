"""``cropdash simulate``: a simulated Finistère as a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cropdash.cli.verbs import progress_bar, verb


@verb("simulate")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--parcels", type=int, required=True, help="Parcels of the four regions together.")
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Fixes every value, with the other options."
)
@click.option(
    "--imbalance",
    type=click.Choice(["study", "softened"]),
    default="study",
    show_default=True,
    help="Classes as rare as in the study, or each with at least 40 test parcels.",
)
@click.option(
    "--pixels", type=int, help="Keep at most this many pixels of a parcel, evenly spaced; all if unset."
)
@click.option(
    "--mislabelled",
    type=float,
    default=0.02,
    show_default=True,
    help="Share of parcels declared as what they are not; the label field TRUE_GROUP tells.",
)
@click.option("--overwrite", is_flag=True, help="Replace the store at OUT if it is there.")
def simulate_command(
    out: Path,
    parcels: int,
    seed: int,
    imbalance: Any,
    pixels: int | None,
    mislabelled: float,
    overwrite: bool,
) -> None:
    """Simulate a Finistère of parcels in four regions and write it as a store at OUT.

    What both satellites would have seen from October 2018 to December 2019, on their real days. Simulated
    data is no evidence about the real world, and every page says that it is simulated.
    """
    from cropdash.simulation.finistere import simulate_finistere

    with progress_bar("simulating parcels") as progress:
        written = simulate_finistere(
            out,
            parcels=parcels,
            seed=seed,
            imbalance=imbalance,
            pixels=pixels,
            mislabelled=mislabelled,
            overwrite=overwrite,
            progress=progress,
        )
    click.echo(f"{written} simulated parcels in {out}")
