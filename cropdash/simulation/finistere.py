"""Writing a simulated Finistère to disk as a store."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

from cropdash.datasets.info import SensorInfo
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import Nomenclature
from cropdash.simulation.class_counts import LEAST_TEST_PARCELS, Imbalance
from cropdash.simulation.optical_scene import S2_SCALE
from cropdash.simulation.parcel_pixels import PIXEL_SIZE
from cropdash.simulation.parcels import SimulatedParcel, Simulation
from cropdash.simulation.radar_scene import S1_SCALE
from cropdash.simulation.regions import CRS, LAND_PER_PARCEL, TEST_REGION

#: Label fields: what a parcel is declared as, which experiments learn, and what really grows there.
DECLARED, TRUE = "CODE_GROUP", "TRUE_GROUP"
#: Bytes that a pixel takes: 75 radar dates of two channels, and about 42 optical dates of ten.
_BYTES_PER_PIXEL = 75 * 2 * 2 + 42 * 10 * 2
#: Bytes of a parcel's row, outline, dates and moments.
_BYTES_PER_PARCEL = 1_500


def simulate_finistere(
    out: str | Path,
    *,
    parcels: int,
    seed: int,
    imbalance: Imbalance = "study",
    pixels: int | None = None,
    mislabelled: float = 0.02,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Simulate parcels and write them as a store.

    Args:
        out: the store to make.
        overwrite: replace a store that is already there.
        progress: called with the parcels written so far and their number.

    The others are those of :class:`~cropdash.simulation.parcels.Simulation`.

    Returns:
        The number of parcels written.

    Raises:
        ValueError: a setting is out of range, or the parcels are too few.
        FileExistsError: something is at ``out``.
        OSError: the disk has too little room, found out before or while writing; nothing is left at
            ``out``.
    """
    simulation = Simulation(parcels, seed, imbalance=imbalance, pixels=pixels, mislabelled=mislabelled)
    out = Path(out)
    writer = StoreWriter(
        out,
        name=out.resolve().name,
        title=_title(simulation, parcels),
        source=_source(simulation),
        simulated=True,
        sensors=[
            SensorInfo.standard("S1", "int16", scale=S1_SCALE),
            SensorInfo.standard("S2", "uint16", scale=S2_SCALE),
        ],
        label_fields=(DECLARED, TRUE),
        label_field=DECLARED,
        nomenclature=Nomenclature.rpg_groups(),
        season_origin="10-01",
        crs=CRS,
        overwrite=overwrite,
    )
    try:
        with writer:
            _check_room(out, bytes_needed(parcels, pixels))
            for block in simulation:
                for parcel in block.parcels:
                    _add(writer, parcel)
                if progress is not None:
                    progress(len(writer), parcels)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(
            f"{out}: the disk is full after {len(writer)} of {parcels} parcels; nothing was kept. "
            "Ask for fewer parcels, or for fewer pixels of each"
        ) from error
    return len(writer)


def bytes_needed(parcels: int, pixels: int | None) -> int:
    """About how many bytes a store takes."""
    # A little over two thirds of a parcel's land is its field.
    per_parcel = 0.75 * LAND_PER_PARCEL / PIXEL_SIZE**2
    if pixels is not None:
        per_parcel = min(per_parcel, pixels)
    return round(parcels * (per_parcel * _BYTES_PER_PIXEL + _BYTES_PER_PARCEL))


def _check_room(out: Path, needed: int) -> None:
    free = shutil.disk_usage(out.parent).free
    if needed > free:
        raise OSError(
            f"{out}: the store needs about {_size(needed)}, but the disk has {_size(free)} left; "
            "ask for fewer parcels, or for fewer pixels of each"
        )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _add(writer: StoreWriter, parcel: SimulatedParcel) -> None:
    series = {"S1": (parcel.s1, parcel.s1_days)}
    if len(parcel.s2_days):
        series["S2"] = (parcel.s2, parcel.s2_days)
    writer.add(
        region=parcel.region,
        parcel_id=parcel.parcel_id,
        labels={DECLARED: parcel.code, TRUE: parcel.true_code},
        series=series,
        features=parcel.features,
        geometry=parcel.outline,
    )


def _title(simulation: Simulation, parcels: int) -> str:
    classes = (
        "classes as rare as in the study"
        if simulation.imbalance == "study"
        else f"class imbalance softened to at least {LEAST_TEST_PARCELS} parcels of each in {TEST_REGION}"
    )
    return f"Simulated Finistère, {parcels:,} parcels, {classes}"


def _source(simulation: Simulation) -> str:
    sentences = [
        "Simulated by cropdash; no evidence about the real world.",
        f"Seed {simulation.seed}.",
        "Real acquisition days and cloud cover of October 2018 to December 2019.",
        f"{simulation.mislabelled:.1%} of the parcels are declared as what they are not ({TRUE} tells).",
    ]
    if simulation.imbalance != "study":
        sentences.append(
            f"Shares of the classes are those of the study raised to the power {simulation.exponent:.3f}."
        )
    if simulation.pixels is not None:
        sentences.append(f"At most {simulation.pixels} pixels of a parcel, evenly spaced.")
    return " ".join(sentences)
