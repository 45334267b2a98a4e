"""Outlines, their areas and their rasters that all sessions of one server share, each made once per store
and regions.

All are read-only, and few are kept: a department's outlines take some hundred megabytes.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

from cropdash.dashboard.map.outlines import ParcelOutlines
from cropdash.dashboard.map.raster import ParcelRaster
from cropdash.datasets.store import ParcelStore

_KEPT = 4
_BACKGROUND = ThreadPoolExecutor(1, thread_name_prefix="parcel-raster")


# Stores are told apart by identity: the workbench opens each once, and anew when it was rewritten.
@lru_cache(maxsize=_KEPT)
def outlines_of(store: ParcelStore, regions: tuple[str, ...]) -> ParcelOutlines | None:
    """Outlines of a store's parcels in some regions; None where the store has none.

    Raises:
        ValueError: a region that the store does not have, or outlines without a reference system.
    """
    geometry = store.geometry(regions)
    return None if geometry is None else ParcelOutlines(geometry)


@lru_cache(maxsize=_KEPT)
def raster_in_background(outlines: ParcelOutlines) -> Future[ParcelRaster]:
    """The raster of some outlines, made beside the server's event loop and ready to draw.

    The first one in a process compiles datashader, which takes seconds.
    """
    return _BACKGROUND.submit(_ready_raster, outlines)


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
    raster.positions(outlines.view, 16, 16)
    return raster
