"""``cropdash import``: data and runs made elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from cropdash.cli.verbs import RUNS, progress_bar, verb


@click.group("import")
def import_group() -> None:
    """Bring data or runs made elsewhere into cropdash."""


@verb(import_group, "reference")
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
    from cropdash.readers.reference_layout import import_reference

    with progress_bar("importing parcels") as progress:
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


@verb(import_group, "run")
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@RUNS
def import_run_command(archive: Path, runs_folder: Path) -> None:
    """Unpack a run that `cropdash export` wrote."""
    from cropdash.runs.archive import import_run

    click.echo(import_run(archive, runs_folder))
