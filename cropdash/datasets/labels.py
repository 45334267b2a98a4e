"""From crop codes to classes: merging, and dropping what an experiment does not learn.

The options are an experiment's (:class:`~cropdash.datasets.label_options.LabelOptions`), the codes'
meaning is the nomenclature's. Every parcel that ends without a class is counted with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cropdash.datasets.label_options import LabelOptions
from cropdash.nomenclature import CropClass, Nomenclature

#: The label of a parcel that has none in a field.
NO_LABEL = -1


@dataclass(frozen=True)
class DroppedClass:
    """A code that no class is made of, with its parcels in the experiment and why."""

    code: int
    name: str
    parcels: int
    reason: str


@dataclass(frozen=True)
class Labels:
    """The classes of an experiment.

    Attributes:
        field: the label field they come from.
        classes: in the nomenclature's order; a parcel's class index points here.
        index: ``(store rows,)`` int64 class index, -1 for a parcel that the experiment does not use.
        dropped: the codes left out, in ascending order.
        merge: codes that counted as another one.
    """

    field: str
    classes: tuple[CropClass, ...]
    index: np.ndarray
    dropped: list[DroppedClass]
    merge: dict[int, int]


def prepare_labels(
    parcels: pd.DataFrame,
    nomenclature: Nomenclature,
    options: LabelOptions,
    *,
    rows: np.ndarray | None = None,
    default_field: str,
) -> Labels:
    """Choose the classes of an experiment and give each of its parcels its class.

    In this order: codes are merged; parcels without a label or with a code that the nomenclature lacks
    are dropped, then mixed classes, then classes not kept, then classes with too small a share of
    the experiment's labelled parcels.

    Args:
        parcels: a store's parcel table.
        rows: the experiment's parcels, all regions of all splits; the whole store if None. Shares are
            counted among them, and all others get index -1.
        default_field: the label field where the options name none.

    Raises:
        ValueError: an option names a field or code that does not exist, or fewer than two classes are left.
    """
    field = options.label_field or default_field
    if field not in parcels:
        raise ValueError(f"the data set has no label {field!r}; its columns are {', '.join(parcels.columns)}")
    merge = dict(nomenclature.merge if options.merge_classes is None else options.merge_classes)
    _check_codes(nomenclature, options, merge)
    used = np.arange(len(parcels)) if rows is None else np.asarray(rows, dtype=np.int64)
    codes = _merged(parcels[field].to_numpy(), merge)
    found, counts = np.unique(codes[used], return_counts=True)
    parcels_of = dict(zip(found.tolist(), counts.tolist(), strict=True))
    labelled = sum(count for code, count in parcels_of.items() if code != NO_LABEL)
    candidates = set(parcels_of) | set(options.keep_classes or ())
    dropped, left = [], set()
    for code in sorted(candidates):
        count = parcels_of.get(code, 0)
        reason = _why_dropped(code, count, labelled, nomenclature, options)
        if reason is None:
            left.add(code)
        else:
            name = nomenclature.by_code[code].name if code in nomenclature.by_code else ""
            dropped.append(DroppedClass(code, name, count, reason))
    classes = tuple(crop for crop in nomenclature.classes if crop.code in left)
    if len(used) and not labelled:
        raise ValueError(
            f"{field}: none of the {len(used)} parcels of the experiment has a label, so nothing can be learnt from them; "
            "a run that was trained elsewhere can predict them"
        )
    if len(classes) < 2:
        told = "; ".join(
            f"{drop.code} {drop.name} ({drop.parcels} parcels): {drop.reason}" for drop in dropped
        )
        raise ValueError(
            f"{field}: an experiment needs two classes, {len(classes)} left. Dropped: {told or 'none'}"
        )
    index = np.full(len(parcels), -1, dtype=np.int64)
    index[used] = class_index(parcels[field].to_numpy()[used], classes, merge)
    return Labels(field=field, classes=classes, index=index, dropped=dropped, merge=merge)


def class_index(codes: np.ndarray, classes: Sequence[CropClass], merge: Mapping[int, int]) -> np.ndarray:
    """The class index (int64) of each crop code after merging, -1 where it is none of ``classes``."""
    merged = _merged(codes, merge)
    index = np.full(len(merged), -1, dtype=np.int64)
    for position, crop in enumerate(classes):
        index[merged == crop.code] = position
    return index


def _why_dropped(
    code: int, count: int, labelled: int, nomenclature: Nomenclature, options: LabelOptions
) -> str | None:
    if code == NO_LABEL:
        return "no label"
    if code not in nomenclature.by_code:
        return f"not in the nomenclature {nomenclature.name}"
    if options.drop_mixed and nomenclature.by_code[code].mixed:
        return "mixes crops"
    if options.keep_classes is not None and code not in options.keep_classes:
        return "not among the classes to keep"
    if not count:
        return "no parcel"
    if count < options.minimum_share * labelled:
        return f"under {options.minimum_share:.4%} of {labelled} parcels"
    return None


def _merged(codes: np.ndarray, merge: Mapping[int, int]) -> np.ndarray:
    merged = np.array(codes, dtype=np.int64)
    for code, into in merge.items():
        merged[codes == code] = into
    return merged


def _check_codes(nomenclature: Nomenclature, options: LabelOptions, merge: Mapping[int, int]) -> None:
    known = set(nomenclature.by_code)
    if unknown := sorted((set(merge) | set(merge.values())) - known):
        raise ValueError(
            f"merge_classes: the nomenclature {nomenclature.name} has no code {_listed(unknown)}"
        )
    if chained := sorted(set(merge) & set(merge.values())):
        raise ValueError(
            f"merge_classes: {_listed(chained)} is merged into another code and receives one itself"
        )
    keep = set(options.keep_classes or ())
    if unknown := sorted(keep - known):
        raise ValueError(f"keep_classes: the nomenclature {nomenclature.name} has no code {_listed(unknown)}")
    if gone := sorted(keep & set(merge)):
        raise ValueError(f"keep_classes: {_listed(gone)} is merged into another code; keep that one instead")


def _listed(codes: Sequence[int]) -> str:
    return ", ".join(map(str, codes))
