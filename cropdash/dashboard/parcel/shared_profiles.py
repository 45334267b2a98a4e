"""Profiles of classes that all sessions of one server share, each read once beside the server's event loop."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from cropdash.analysis.class_profiles import ClassProfiles, class_profiles
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import CropClass
from cropdash.runs.results import Result

_KEPT = 96
_BACKGROUND = ThreadPoolExecutor(1, thread_name_prefix="class-profiles")


def profiles_of_class(
    run: Result | None, crop: CropClass, store: ParcelStore, regions: tuple[str, ...]
) -> Future[ClassProfiles]:
    """The profiles of a class in some regions of a data set; those that it does not have are left out.

    A code that the run counted as this class belongs to it, without a run one that the data set counts so.
    """
    summary = getattr(run, "summary", None)
    merge = getattr(summary, "merge", None)
    if merge is None:
        merge = store.info.nomenclature.merge
    field = getattr(summary, "label_field", "")
    if field not in store.parcels:
        field = store.info.label_field
    codes = {crop.code, *(int(code) for code, into in merge.items() if into == crop.code)}
    there = tuple(region for region in store.regions if region in regions)
    return _read(store, field, tuple(sorted(codes)), there)


# Stores are told apart by identity: the workbench opens each once, and anew when it was rewritten.
@lru_cache(maxsize=_KEPT)
def _read(
    store: ParcelStore, field: str, codes: tuple[int, ...], regions: tuple[str, ...]
) -> Future[ClassProfiles]:
    return _BACKGROUND.submit(_profiles, store, field, codes, regions)


def _profiles(
    store: ParcelStore, field: str, codes: tuple[int, ...], regions: tuple[str, ...]
) -> ClassProfiles:
    rows = store.rows(regions)
    return class_profiles(store, rows[np.isin(store.parcels[field].to_numpy()[rows], codes)])
