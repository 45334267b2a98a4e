"""Simulated parcels as a stream of blocks: outlines, crops and the pixels that both sensors would store.

Nothing is kept between blocks, so a million parcels pass in the memory of one block. Every block is a
function of the settings and its own number: the order of making them changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cropdash.simulation.acquisitions import Acquisitions, acquisitions
from cropdash.simulation.class_counts import (
    IMBALANCES,
    Imbalance,
    declared_codes,
    softening_exponent,
    true_codes,
)
from cropdash.simulation.clouds import CloudField
from cropdash.simulation.landscape import BlockPlace, Landscape
from cropdash.simulation.optical_scene import OpticalScenes, stored_reflectance
from cropdash.simulation.parcel_pixels import pixel_sets
from cropdash.simulation.radar_scene import calibration, mean_power, stored_backscatter
from cropdash.simulation.random_streams import Purpose, stream
from cropdash.simulation.regions import REGIONS, Region
from cropdash.simulation.signals import Weather, field_signals

if TYPE_CHECKING:
    from shapely import Polygon

#: What grows in hedges: trees over grass, as in an orchard (RPG group 20).
_HEDGE_CODE = 20


@dataclass(frozen=True)
class SimulatedParcel:
    """One parcel.

    Attributes:
        code: RPG group that the parcel is declared as.
        true_code: RPG group that grows there.
        outline: in Lambert-93 metres.
        s1: ``(dates, pixels, 2)`` int16, dB x 100.
        s1_days: ``(dates,)`` datetime64[D].
        s2: ``(dates, pixels, 10)`` uint16, reflectance x 10000; no date may be left.
        s2_days: ``(dates,)`` datetime64[D], those on which the parcel was in the clear.
    """

    parcel_id: str
    region: str
    code: int
    true_code: int
    outline: Polygon
    s1: np.ndarray
    s1_days: np.ndarray
    s2: np.ndarray
    s2_days: np.ndarray

    @property
    def features(self) -> tuple[float, float, float, float]:
        """Perimeter, area, their ratio and size (the square root of the area), in metres."""
        perimeter, area = self.outline.length, self.outline.area
        return perimeter, area, perimeter / area, float(np.sqrt(area))


@dataclass(frozen=True)
class ParcelBlock:
    """The parcels of one block of land.

    Attributes:
        region: its region's name.
        number: its number in the region.
    """

    region: str
    number: int
    parcels: tuple[SimulatedParcel, ...]


@dataclass(frozen=True)
class _RegionSky:
    """What all parcels of a region share."""

    acquired: Acquisitions
    clouds: CloudField
    scenes: OpticalScenes
    calibration: np.ndarray
    weather: Weather


class Simulation:
    """A simulated Finistère, block by block.

    Args:
        parcels: parcels of the four regions together.
        seed: 0 or more; with the other settings it fixes every value.
        imbalance: ``study`` for its class counts, ``softened`` for at least 40 test parcels a class.
        pixels: keep at most this many pixels of a parcel, evenly spaced; all if None.
        mislabelled: share of parcels that are declared as what they are not.

    Raises:
        ValueError: a setting out of range, or too few parcels for four regions or for 40 a class.
    """

    def __init__(
        self,
        parcels: int,
        seed: int,
        *,
        imbalance: Imbalance = "study",
        pixels: int | None = None,
        mislabelled: float = 0.02,
    ) -> None:
        if seed < 0:
            raise ValueError(f"seed must be 0 or more, not {seed}")
        if imbalance not in IMBALANCES:
            raise ValueError(f"imbalance must be one of {', '.join(IMBALANCES)}, not {imbalance!r}")
        if pixels is not None and pixels < 1:
            raise ValueError(f"pixels must be 1 or more, not {pixels}")
        if not 0 <= mislabelled <= 1:
            raise ValueError(f"mislabelled must be a share from 0 to 1, not {mislabelled}")
        self.seed = seed
        self.imbalance = imbalance
        self.pixels = pixels
        self.mislabelled = mislabelled
        self.landscape = Landscape(parcels, seed)
        #: The power of the study's class shares that is in use.
        self.exponent = 1.0 if imbalance == "study" else softening_exponent(parcels)

    @cached_property
    def blocks(self) -> list[BlockPlace]:
        """All blocks in the order of the store's rows."""
        return self.landscape.blocks()

    def __iter__(self) -> Iterator[ParcelBlock]:
        return map(self.block, self.blocks)

    def block(self, place: BlockPlace) -> ParcelBlock:
        """Make one block's parcels."""
        import shapely

        region, sky = place.region, self._skies[place.region.name]
        outlines = self.landscape.outlines(place)
        middles = shapely.get_coordinates(shapely.centroid(outlines))
        neighbours = _nearest(middles)
        span = slice(place.first, place.first + place.parcels)
        declared, true = (codes[span] for codes in self._codes[region.name])
        power, reflectance = self._components(place, sky, np.append(true, _HEDGE_CODE), neighbours)
        clear = sky.clouds.clear(middles)
        rng = stream(self.seed, Purpose.PIXELS, region.number, place.number)
        pixels = pixel_sets(outlines, middles[neighbours], rng, self.pixels)
        parcels = []
        for i, outline in enumerate(outlines.tolist()):
            weights = pixels.weights[pixels.starts[i] : pixels.starts[i + 1]]
            s1 = stored_backscatter(power[i], weights, sky.calibration, rng)
            seen = clear[i]
            s2 = stored_reflectance(
                reflectance[i][seen], weights, sky.scenes.factor[seen], sky.scenes.offset[seen], rng
            )
            parcels.append(
                SimulatedParcel(
                    parcel_id=f"{region.number}{place.first + i:07d}",
                    region=region.name,
                    code=int(declared[i]),
                    true_code=int(true[i]),
                    outline=outline,
                    s1=s1,
                    s1_days=sky.acquired.s1_days,
                    s2=s2,
                    s2_days=sky.acquired.s2_days[seen],
                )
            )
        return ParcelBlock(region.name, place.number, tuple(parcels))

    def _components(
        self, place: BlockPlace, sky: _RegionSky, codes: np.ndarray, neighbours: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What pixels are sums of, by field: ``(fields, dates, 4, channels)`` power, and reflectance.

        The last of ``codes`` is the hedge's.
        """
        signals = field_signals(
            codes,
            weather=sky.weather,
            s1_days=sky.acquired.s1_days,
            s2_days=sky.acquired.s2_days,
            shift_days=np.full(len(codes), place.region.phenology_shift),
            rng=stream(self.seed, Purpose.SIGNALS, place.region.number, place.number),
        )
        power, power_slope = mean_power(signals.backscatter, signals.backscatter_slope)
        return (
            _with_surroundings(power, power_slope, neighbours),
            _with_surroundings(signals.reflectance, signals.reflectance_slope, neighbours),
        )

    @cached_property
    def _codes(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Declared and true codes of all parcels of each region."""
        codes = {}
        for region in REGIONS:
            declared = declared_codes(
                self.landscape.parcels[region.name],
                self.imbalance,
                stream(self.seed, Purpose.LABELS, region.number),
                self.exponent,
            )
            rng = stream(self.seed, Purpose.MISLABELLED, region.number)
            codes[region.name] = (declared, true_codes(declared, self.mislabelled, rng))
        return codes

    @cached_property
    def _skies(self) -> dict[str, _RegionSky]:
        return {region.name: self._sky(region) for region in REGIONS}

    def _sky(self, region: Region) -> _RegionSky:
        acquired = acquisitions(region.tile, region.passes)
        # Soil moisture remembers the weeks before.
        first = min(acquired.s1_days[0], acquired.s2_days[0]) - 60
        last = max(acquired.s1_days[-1], acquired.s2_days[-1])
        return _RegionSky(
            acquired=acquired,
            clouds=CloudField(acquired, stream(self.seed, Purpose.CLOUDS, region.number)),
            scenes=OpticalScenes.draw(
                len(acquired.s2_days), stream(self.seed, Purpose.OPTICAL_SCENES, region.number)
            ),
            # One pass of the radar takes in the whole department, and its weather is one: all regions
            # draw from the same streams.
            calibration=calibration(len(acquired.s1_days), stream(self.seed, Purpose.RADAR_SCENES)),
            weather=Weather.simulate(region.name, first, last, stream(self.seed, Purpose.WEATHER)),
        )


def simulate_parcels(
    parcels: int,
    seed: int,
    *,
    imbalance: Imbalance = "study",
    pixels: int | None = None,
    mislabelled: float = 0.02,
) -> Iterator[ParcelBlock]:
    """Stream a simulated Finistère without storing it; see :class:`Simulation` for the settings.

    Settings are checked at the call, not at the first block.
    """
    return iter(Simulation(parcels, seed, imbalance=imbalance, pixels=pixels, mislabelled=mislabelled))


def _nearest(points: np.ndarray) -> np.ndarray:
    """``(points,)`` the number of the nearest other point; its own where there is no other."""
    if len(points) == 1:
        return np.zeros(1, dtype=np.int64)
    distances = ((points[:, None] - points) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1)


def _with_surroundings(signal: np.ndarray, slope: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """``(fields, dates, 4, channels)``: signal, slope, hedge (the last row of ``signal``), neighbour."""
    fields = signal[:-1]
    hedge = np.broadcast_to(signal[-1], fields.shape)
    return np.stack([fields, slope[:-1], hedge, fields[neighbours]], axis=2)
