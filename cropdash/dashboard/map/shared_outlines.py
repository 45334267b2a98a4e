"""Outlines, their areas and their rasters that all sessions of one server share, each made once per store
and regions.

All are read-only, and few are kept: a department's outlines take some hundred megabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

from cropdash.dashboard.map.kept_by_regions import KeptByRegions
from cropdash.dashboard.map.outlines import ParcelOutlines
from cropdash.dashboard.map.raster import ParcelRaster
from cropdash.datasets.store import ParcelStore

Value = TypeVar("Value")

_KEPT = 4
_BACKGROUND = ThreadPoolExecutor(1, thread_name_prefix="parcel-raster")


def in_background(work: Callable[..., Value], *arguments: Any) -> Future[Value]:
    """Work on what sessions share, beside the server's event loop; one piece after the other."""
    return _BACKGROUND.submit(work, *arguments)


def known_regions(store: ParcelStore, regions: Sequence[str]) -> tuple[str, ...]:
    """Those of some regions that a store has, which is what :func:`outlines_of` takes."""
    return tuple(region for region in regions if region in store.regions)


def outlines_of(store: ParcelStore, regions: tuple[str, ...]) -> ParcelOutlines | None:
    """Outlines of a store's parcels in some regions; None where the store has none.

    Raises:
        ValueError: a region that the store does not have, or outlines without a reference system.
    """
    return _OUTLINES.of(store, regions)


def outlines_holding(store: ParcelStore, region: str) -> ParcelOutlines | None:
    """Outlines among which those of a region are: the ones that a map shows already, if one does."""
    return _OUTLINES.holding(store, region)


def _read(store: ParcelStore, regions: tuple[str, ...]) -> ParcelOutlines | None:
    geometry = store.geometry(regions)
    return None if geometry is None else ParcelOutlines(geometry)


_OUTLINES = KeptByRegions(_read, _KEPT)


@lru_cache(maxsize=_KEPT)
def raster_in_background(outlines: ParcelOutlines) -> Future[ParcelRaster]:
    """The raster of some outlines, made beside the server's event loop and ready to draw.

    The first one in a process compiles datashader, which takes seconds.
    """
    return _BACKGROUND.submit(_ready_raster, outlines)


@lru_cache(maxsize=_KEPT)
def projected_in_background(outlines: ParcelOutlines, crs: str) -> Future[ParcelOutlines]:
    """Some outlines in another reference system, at the same positions."""
    return _BACKGROUND.submit(outlines.projected, crs)


def raster_of(outlines: ParcelOutlines) -> ParcelRaster:
    """The same, waited for."""
    return raster_in_background(outlines).result()


@lru_cache(maxsize=_KEPT)
def measured_in_background(outlines: ParcelOutlines) -> Future[None]:
    """Done once areas and points of some outlines are known, which they then stay for all sessions."""
    return _BACKGROUND.submit(_measure, outlines)


def _measure(outlines: ParcelOutlines) -> None:
    _ = outlines.areas, outlines.points


def _ready_raster(outlines: ParcelOutlines) -> ParcelRaster:
    raster = ParcelRaster(outlines)
    raster.prepare()
    # The map begins in the largest of them.
    _ = outlines.places
    return raster
