"""Importing the Pixel-Set layout of PSE-TAE: one sensor, one list of dates for all parcels.

The layout is the reference layout without regions, as ``PixelSetData`` of github.com/VSainteuf/pytorch-psetae reads it:
``DATA/<id>.npy`` (dates x channels x pixels), ``META/labels.json``, ``META/dates.json`` keyed by position, and
``META/geomfeat.json``. Its own Sentinel-2 data (tile T31TFM, 2017, reflectance x 10000) have the bands B2 B3 B4 B5
B6 B7 B8 B8A B11 B12, in this order.
"""

from __future__ import annotations

from pathlib import Path

from cropdash.datasets.import_report import ImportReport
from cropdash.nomenclature import Nomenclature
from cropdash.packaged import packaged_file
from cropdash.readers.class_lists import class_list
from cropdash.readers.reference_folder import ReferenceFolder
from cropdash.readers.reference_layout import DEFAULT_LABEL_FIELD, import_reference
from cropdash.readers.reference_metadata import read_labels
from cropdash.readers.store_import import Progress

#: The finest labels of the published data, those that PSE-TAE is trained on.
PUBLISHED_LABEL_FIELD = "label_44class"


def import_pixel_set(
    source: str | Path,
    out: str | Path,
    *,
    sensor: str = "S2",
    label_field: str | None = None,
    nomenclature: Nomenclature | str | Path | None = None,
    folds: int | None = None,
    parcels: str | Path | None = None,
    id_field: str | None = None,
    scale: float | None = None,
    season_origin: str | None = None,
    name: str | None = None,
    keep_unlabelled: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Convert a Pixel-Set folder into a store.

    Args:
        source: the folder with ``DATA`` and ``META``.
        out: the store to make.
        sensor: whose series they are, ``S1`` or ``S2``.
        label_field: the label to learn by default; ``label_44class``, ``CODE_GROUP``, or the only one, if
            None.
        nomenclature: what the codes mean, or the file that says so. If None, the published classes for
            ``label_44class``, the RPG crop groups for ``CODE_GROUP`` and where there is no label, and numbers
            for any other.
        folds: divide the parcels into so many regions at random, as PSE-TAE's own cross-validation does;
            one region if None. The layout does not say where parcels lie, so neighbours then stand on both
            sides of a split and figures are too good.
        parcels: a vector file of outlines; its ``id_field`` (``ID_PARCEL`` if None) holds the parcel ids.
        scale: physical value of one stored unit; 0.0001 for Sentinel-2 integers, else 1, if None.
        season_origin: month and day that days count from; 1 January if None.
        name: the data set's name; that of the folder if None.
        keep_unlabelled: import parcels without a label too, for prediction; ``META/labels.json`` is then not needed.
        overwrite: replace a store that is already there.
        progress: called with the parcels read so far and their number.

    Returns:
        The report, also in the store as ``import_report.json``.

    Raises:
        FileNotFoundError: nothing of the layout at ``source``.
        FileExistsError: something is at ``out``.
        ValueError: as :func:`~cropdash.readers.reference_layout.import_reference`.
    """
    source = Path(source)
    if not (source / "DATA").is_dir():
        raise FileNotFoundError(f"{source} is not in the Pixel-Set layout: it holds no folder DATA")
    folder = ReferenceFolder.open(source, sensor)
    fields = folder.label_fields()
    if label_field is None and PUBLISHED_LABEL_FIELD in fields:
        label_field = PUBLISHED_LABEL_FIELD
    if nomenclature is None and fields:
        learnt = label_field or (DEFAULT_LABEL_FIELD if DEFAULT_LABEL_FIELD in fields else fields[0])
        nomenclature = _nomenclature(source, learnt)
    return import_reference(
        source,
        out,
        parcels=parcels,
        id_field=id_field,
        label_field=label_field,
        nomenclature=nomenclature,
        season_origin=season_origin or "01-01",
        name=name,
        scales=None if scale is None else {sensor: scale},
        sensor=sensor,
        folds=folds,
        keep_unlabelled=keep_unlabelled,
        overwrite=overwrite,
        progress=progress,
    )


def _nomenclature(source: Path, field: str) -> Nomenclature:
    if field == PUBLISHED_LABEL_FIELD:
        return Nomenclature.read(packaged_file("nomenclatures/psetae_44.json"))
    if field == DEFAULT_LABEL_FIELD:
        return Nomenclature.rpg_groups()
    codes = {str(code) for code in read_labels(source).get(field, {}).values()}
    numbers = sorted(int(code) for code in codes if code.isascii() and code.isdigit())
    return class_list(
        {code: f"class {code}" for code in numbers},
        name=field,
        title=field,
        source=f"the codes of {field} in META/labels.json",
    )
