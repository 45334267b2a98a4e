"""``cropdash import``: data and runs made elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cropdash.cli.verbs import RUNS, progress_bar, verb

if TYPE_CHECKING:
    from cropdash.datasets.import_report import ImportReport


@click.group("import")
def import_group() -> None:
    """Bring data or runs made elsewhere into cropdash."""


_SOURCE = click.argument("source", type=click.Path(exists=True, path_type=Path))
_OUT = click.argument("out", type=click.Path(path_type=Path))


def _import_verb(name: str, *, season_origin: str) -> Callable[[Callable[..., ImportReport]], click.Command]:
    """A verb of the group that reads SOURCE into OUT with the options that all readers take.

    The function imports its reader and calls it with what it is given; the report is printed here.
    """

    def decorate(read: Callable[..., ImportReport]) -> click.Command:
        @wraps(read)
        def command(**options: Any) -> None:
            with progress_bar("importing parcels") as progress:
                report = read(**options, progress=progress)
            click.echo(report.text())

        decorated: Any = command
        for option in (
            click.option("--overwrite", is_flag=True, help="Replace OUT if it is there."),
            click.option("--name", help="Name of the data set; the source's if unset."),
            click.option(
                "--season-origin",
                default=season_origin,
                show_default=True,
                help="Month and day (MM-DD) that days count from.",
            ),
        ):
            decorated = option(decorated)
        made = verb(name)(_SOURCE(_OUT(decorated)))
        import_group.add_command(made)
        return made

    return decorate


def _outlines(command: Callable[..., Any]) -> Callable[..., Any]:
    field = click.option("--id-field", help="Its field that holds the parcel id, such as ID_PARCEL.")
    file = click.option(
        "--parcels", type=click.Path(exists=True, path_type=Path), help="Vector file of the parcel outlines."
    )
    return file(field(command))


def _nomenclature(otherwise: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--nomenclature",
        type=click.Path(exists=True, path_type=Path),
        help=f"Nomenclature file; {otherwise} if unset.",
    )


_keep_unlabelled = click.option(
    "--keep-unlabelled", is_flag=True, help="Import parcels without a label too, to be predicted."
)


@_import_verb("reference", season_origin="10-01")
@_outlines
@click.option(
    "--label-field", help="Label to use by default where labels.json has several, such as CODE_GROUP."
)
@_nomenclature("RPG groups")
@_keep_unlabelled
@click.option(
    "--s2-scale",
    type=float,
    help="Reflectance per stored unit of Sentinel-2; 0.0001 for integers and 1 for other arrays if unset.",
)
def import_reference_command(source: Path, out: Path, s2_scale: float | None, **options: Any) -> ImportReport:
    """Convert the reference layout at SOURCE (s1_data/…, s2_data/…) to a store at OUT."""
    from cropdash.readers.reference_layout import import_reference

    return import_reference(source, out, scales=None if s2_scale is None else {"S2": s2_scale}, **options)


@_import_verb("pixel-set", season_origin="01-01")
@_outlines
@click.option(
    "--sensor",
    type=click.Choice(["S1", "S2"]),
    default="S2",
    show_default=True,
    help="Whose series they are.",
)
@click.option("--label-field", help="Label to use by default; label_44class or CODE_GROUP if unset.")
@_nomenclature("the published one of the label")
@_keep_unlabelled
@click.option(
    "--folds",
    type=click.IntRange(min=2),
    help="Divide the parcels into so many regions at random; figures are then too good. One region if unset.",
)
@click.option(
    "--scale", type=float, help="Physical value of one stored unit; 0.0001 for S2 integers if unset."
)
def import_pixel_set_command(**options: Any) -> ImportReport:
    """Convert PSE-TAE's Pixel-Set layout at SOURCE (DATA, META with one date list) to a store at OUT."""
    from cropdash.readers.pixel_set import import_pixel_set

    return import_pixel_set(**options)


@_import_verb("timematch", season_origin="01-01")
@click.option(
    "--country", help="Whose crop codes: denmark, france or austria; told by the folder's name if unset."
)
def import_timematch_command(**options: Any) -> ImportReport:
    """Convert TimeMatch tiles at SOURCE (…/meta/metadata.pkl, …/data/*.zarr) to a store at OUT.

    The spatial blocks become the regions. Needs the extra cropdash[readers].
    """
    from cropdash.readers.timematch import import_timematch

    return import_timematch(**options)


@_import_verb("worldcereal", season_origin="09-01")
@click.option(
    "--classes", default="CROPTYPE28", show_default=True, help="WorldCereal mapping whose classes are learnt."
)
@click.option(
    "--mappings",
    type=click.Path(exists=True, path_type=Path),
    help="File of mappings; WorldCereal's if unset.",
)
@click.option("--region-field", default="tile", show_default=True, help="Column that names the regions.")
def import_worldcereal_command(**options: Any) -> ImportReport:
    """Convert WorldCereal extractions at SOURCE (a Parquet file or a folder of them) to a store at OUT."""
    from cropdash.readers.worldcereal import import_worldcereal

    return import_worldcereal(**options)


@_import_verb("eurocropsml", season_origin="01-01")
@click.option("--all-bands", is_flag=True, help="Keep all 13 bands of Sentinel-2, not the 10 usual ones.")
@click.option(
    "--names", type=click.Path(exists=True, path_type=Path), help="Class names (HCAT3.csv); HCAT 3 if unset."
)
def import_eurocropsml_command(**options: Any) -> ImportReport:
    """Convert EuroCropsML's preprocessed files at SOURCE (S1/*.npz, S2/*.npz) to a store at OUT."""
    from cropdash.readers.eurocropsml import import_eurocropsml

    return import_eurocropsml(**options)


@_import_verb("breizhcrops", season_origin="01-01")
@_outlines
@click.option("--level", type=click.Choice(["L1C", "L2A"]), help="Processing level; the one there if unset.")
@click.option("--year", type=int, default=2017, show_default=True, help="Year of the series.")
@click.option(
    "--labels",
    type=click.Choice(["classes", "groups"]),
    default="classes",
    show_default=True,
    help="BreizhCrops' classes, or RPG groups.",
)
@click.option("--all-bands", is_flag=True, help="Keep all 13 bands of L1C, not the 10 usual ones.")
def import_breizhcrops_command(**options: Any) -> ImportReport:
    """Convert BreizhCrops at SOURCE (classmapping.csv, 2017/L1C/frh01.h5, …) to a store at OUT.

    Needs the extra cropdash[readers].
    """
    from cropdash.readers.breizhcrops import import_breizhcrops

    return import_breizhcrops(**options)


@verb("run")
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@RUNS
def import_run_command(archive: Path, runs_folder: Path) -> None:
    """Unpack a run that `cropdash export` wrote."""
    from cropdash.runs.archive import import_run

    click.echo(import_run(archive, runs_folder))


import_group.add_command(import_run_command)
