"""``cropdash transfer``: one run tested on another place or year."""

from __future__ import annotations

from pathlib import Path

import click

from cropdash.cli.verbs import RUNS, run_path, verb


@verb("transfer")
@click.argument("run")
@RUNS
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Store of the target: another place or year.",
)
@click.option("--regions", default="", metavar="A,B,…", help="Regions of the target; all if unset.")
@click.option(
    "--adapt-normalisation",
    is_flag=True,
    help="Also with channels scaled by the target's own parcels, which needs no labels.",
)
@click.option(
    "--csv", type=click.Path(dir_okay=False, path_type=Path), help="Also write the table to this file."
)
def transfer_command(
    run: str, runs_folder: Path, data: Path, regions: str, adapt_normalisation: bool, csv: Path | None
) -> None:
    """Test a run on parcels of another place or year, and show what it loses there.

    RUN is the folder of a finished run, or its id in the runs folder. The counts are kept in its folder.
    """
    from cropdash.analysis.transfer_drop import transfer_drop
    from cropdash.atomic import write_text
    from cropdash.training.transfer import transfer

    names = [name.strip() for name in regions.split(",") if name.strip()]
    found = transfer(run_path(run, runs_folder), data, names or None, adapt_normalisation=adapt_normalisation)
    table = transfer_drop(found)
    if csv is not None:
        write_text(csv, table.to_csv(index=False, lineterminator="\n"))
    click.echo(
        f"{'figure':10} {'scaling':8} {'source':>7} {'target':>7} {'drop':>7}  95 % interval of the drop"
    )
    for row in table.itertuples():
        click.echo(
            f"{row.figure:10} {row.normalisation:8} {row.source:7.3f} {row.target:7.3f} {row.drop:7.3f}  "
            f"{row.low:.3f} to {row.high:.3f}"
        )
    first = table.iloc[0]
    click.echo(
        f"{first['source_parcels']} test parcels of the run, {first['target_parcels']} of {found.data} "
        f"({', '.join(found.regions)}); macro figures over the {first['classes']} classes of both."
    )
    if found.unknown:
        told = ", ".join(f"{label} ({count})" for label, count in sorted(found.unknown.items()))
        click.echo(f"Left out, since the run knows no such class: {told}.")
