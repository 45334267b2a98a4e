"""Batches from a store: what of each parcel is drawn, and the padded arrays.

A batch is gathered from the memory map with one indexing call a sensor, so only the chosen dates and
pixels are read, and the next one while this one is worked on. Every draw comes from the seed, the epoch's number and the batch's number, never from
global state: an epoch is the same after a resume.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import torch

from cropdash.batches import Batch, SensorBatch
from cropdash.datasets.calendar import season_start
from cropdash.datasets.choice import Chosen, draw, evenly_spaced
from cropdash.datasets.dropout import NEVER, Dropout
from cropdash.datasets.interpolation import Interpolation, blend, bracket
from cropdash.datasets.left_out import reasons_left_out
from cropdash.datasets.normalisation import Normalisation, geometry_features
from cropdash.datasets.store import ParcelStore, SensorArrays
from cropdash.datasets.usable_dates import UsableDates
from cropdash.nomenclature import SENSORS, Fusion

# What a random generator is for: seeds (seed, epoch, purpose, ...) keep the draws apart.
_ORDER, _SAMPLE = 1, 2


class ParcelBatches:
    """Batches of the given parcels, one epoch at a time.

    A date on which none of a parcel's chosen pixels was seen is left out of that batch. In training the order of parcels, their pixels and their dates are drawn anew each epoch; a last batch
    of one parcel joins the one before it. In evaluation the order is that of ``rows``, all dates are
    used, and of a parcel's pixels at most ``pixels``, evenly spaced: always the same, whatever else is
    in the batch. Where both sensors see a parcel on one grid (equal pixel counts), they get the same pixels.

    Args:
        rows: rows of the store's parcel table.
        labels_index: ``(store rows,)`` class index, -1 where there is none.
        sensors: sensors that the experiment uses.
        fusion: early and PSE fusion put S1 on the S2 dates.
        interpolation: how they do.
        normalisation: scaling of values and features.
        season_origin: month and day that days count from.
        geometry_features: whether batches carry the parcels' geometry features.
        pixels: most pixels of a parcel.
        s1_dates: S1 dates drawn in training where S1 keeps its own dates; all if None.
        s2_dates: S2 dates drawn in training; all if None.
        batch_size: parcels of a batch.
        seed: of all draws.
        training: draw, or evaluate.
        usable: by sensor, the dates that may be used; all if None.
        dropout: what is dropped from the parcels in training; nothing if None.
        balanced: whether each parcel of a training epoch is drawn, with replacement, by the inverse of its class's
            frequency, so that every class is met alike often; an epoch has as many draws as there are parcels.

    Attributes:
        rows: the rows that are served.
        left_out: why each other row is not: the network cannot answer for it.
        unpredictable: the rows left out, in the given order.

    Raises:
        ValueError: a sensor that the store lacks; training parcels without a label, or fewer than two.
    """

    def __init__(
        self,
        store: ParcelStore,
        rows: np.ndarray,
        labels_index: np.ndarray,
        *,
        sensors: Sequence[str],
        fusion: Fusion,
        interpolation: Interpolation,
        normalisation: Normalisation,
        season_origin: str,
        geometry_features: bool,
        pixels: int,
        s1_dates: int | None,
        s2_dates: int | None,
        batch_size: int,
        seed: int,
        training: bool,
        usable: Mapping[str, UsableDates] | None = None,
        dropout: Dropout | None = None,
        balanced: bool = False,
    ) -> None:
        if missing := [name for name in sensors if name not in store.sensors]:
            raise ValueError(f"{store.path} has no {', '.join(missing)}; it has {', '.join(store.sensors)}")
        self._store = store
        self._labels = np.asarray(labels_index, dtype=np.int64)
        self._sensors = tuple(name for name in SENSORS if name in sensors)
        self._fusion = fusion
        self._interpolation: Interpolation = interpolation
        self._normalisation = normalisation
        self._pixels = pixels
        self._dates = {"S1": s1_dates, "S2": s2_dates}
        self._batch_size = batch_size
        self._seed = seed
        self._training = training
        self._dropout = (dropout if training else None) or Dropout()
        self._balanced = balanced
        self._features = _scaled_features(store, normalisation) if geometry_features else None
        starts = season_start(store.first_acquisition, season_origin)
        self._season_start = starts.astype(np.int64)  # days since 1970-01-01; not used where there is no date
        rows = np.asarray(rows, dtype=np.int64)
        self._usable = usable or {name: UsableDates.of(store, name, season_origin) for name in self._sensors}
        self.left_out = reasons_left_out(store, rows, self._sensors, fusion, self._features, self._usable)
        self.rows = np.asarray([row for row in rows.tolist() if row not in self.left_out], dtype=np.int64)
        self.unpredictable = np.asarray(
            [row for row in rows.tolist() if row in self.left_out], dtype=np.int64
        )
        if training:
            self._check_training()

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self._bounds())

    def epoch(self, n: int, threads: int = 1, *, pin: bool = False) -> Iterator[Batch]:
        """The batches of epoch ``n``; in evaluation those of every epoch are the same.

        Args:
            n: the epoch's number.
            threads: how many read ahead, a batch each, while the caller works on the last one.
            pin: whether batches come in page-locked memory, for a CUDA device.
        """
        read = (lambda rows, rng: self._batch(rows, rng).pinned()) if pin else self._batch
        rows = self.rows
        if self._training:
            rows = self._order(np.random.default_rng((self._seed, n, _ORDER)))
        ahead: deque[Future[Batch]] = deque()
        pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
        try:
            for number, (start, stop) in enumerate(self._bounds()):
                rng = np.random.default_rng((self._seed, n, _SAMPLE, number))
                ahead.append(pool.submit(read, rows[start:stop], rng))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _order(self, rng: np.random.Generator) -> np.ndarray:
        """The rows of a training epoch."""
        if not self._balanced:
            return rng.permutation(self.rows)
        classes = self._labels[self.rows]
        chance = 1 / np.bincount(classes)[classes]
        return rng.choice(self.rows, size=len(self.rows), p=chance / chance.sum())

    def _bounds(self) -> list[tuple[int, int]]:
        edges = [*range(0, len(self.rows), self._batch_size), len(self.rows)]
        # Batch normalisation cannot learn from a single parcel.
        if self._training and len(edges) > 2 and edges[-1] - edges[-2] == 1:
            del edges[-2]
        return list(pairwise(edges)) if len(self.rows) else []

    def _check_training(self) -> None:
        if len(self.rows) < 2:
            raise ValueError(
                f"training needs at least two parcels; {len(self.rows)} of {self._store.path} can be used"
            )
        if (self._labels[self.rows] < 0).any():
            row = self.rows[np.argmax(self._labels[self.rows] < 0)]
            raise ValueError(f"training parcel {self._store.parcels['parcel_id'].iloc[row]} has no class")

    def _batch(self, rows: np.ndarray, rng: np.random.Generator) -> Batch:
        pixels = self._choose_pixels(rows, rng)
        counts = self._date_counts(rows, rng)
        dates = self._choose_dates(rows, counts, rng)
        for name in dates:
            self._look_elsewhere(name, rows, dates[name], pixels)
        return Batch(
            sensors={
                name: self._own_dates(name, rows, dates[name], pixels[name])
                if name in dates
                else self._at_s2_dates(rows, counts["S1"], dates["S2"], pixels[name])
                for name in self._sensors
            },
            labels=torch.from_numpy(self._labels[rows]),
            rows=torch.from_numpy(rows.copy()),
            features=None if self._features is None else torch.from_numpy(self._features[rows]),
        )

    def _choose_pixels(self, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Chosen]:
        counts = {name: self._store.arrays[name].pixel_counts[rows] for name in self._sensors}
        if not self._training:
            return {name: evenly_spaced(count, self._pixels) for name, count in counts.items()}
        # One set of lots for both sensors: on one grid they get the same pixels.
        lots = rng.random((len(rows), self._pixels))
        return {name: draw(count, self._pixels, lots) for name, count in counts.items()}

    def _date_counts(self, rows: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """How many of each parcel's usable dates count: all, or in training those before its season is cut."""
        counts = {name: self._usable[name].counts[rows] for name in self._sensors}
        if not self._dropout.season:
            return counts
        series = {name: self._usable_days(name, rows, counts[name]) for name in self._sensors}
        absent = {name: count == 0 for name, count in counts.items()}
        first = [np.where(absent[name], NEVER, days[:, 0]) for name, days in series.items()]
        last = [np.where(absent[name], -NEVER, days.max(axis=1)) for name, days in series.items()]
        # Where both sensors are needed on every date, the season cannot end before each has been there.
        earliest = np.max(first, axis=0) if self._fusion.needs_common_dates else np.min(first, axis=0)
        ends = self._dropout.season_ends(earliest, np.max(last, axis=0), rng)
        return {
            name: np.minimum(counts[name], (days <= ends[:, None]).sum(axis=1))
            for name, days in series.items()
        }

    def _usable_days(self, name: str, rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """``(parcels, most dates)`` days since 1970-01-01 of the usable dates, the last one repeated after them."""
        index = np.minimum(np.arange(max(1, counts.max())), np.maximum(counts, 1)[:, None] - 1)
        arrays = self._store.arrays[name]
        place = arrays.date_offsets[rows][:, None] + self._usable[name].places(rows, index)
        return np.asarray(arrays.dates.take(place, mode="clip"), dtype=np.int64)

    def _choose_dates(
        self, rows: np.ndarray, counts: Mapping[str, np.ndarray], rng: np.random.Generator
    ) -> dict[str, Chosen]:
        chosen = {}
        for name in self._sensors:
            if name == "S1" and self._fusion.needs_common_dates:
                continue
            most = self._dates[name]
            if self._training and most is not None:
                dates = draw(counts[name], most, rng.random((len(rows), most)))
            else:
                dates = evenly_spaced(counts[name], max(1, counts[name].max()))
            chosen[name] = Chosen(self._usable[name].places(rows, dates.index), dates.mask)
        return self._dropout.of_dates(chosen, rng)

    def _look_elsewhere(self, name: str, rows: np.ndarray, dates: Chosen, pixels: dict[str, Chosen]) -> None:
        """Give a parcel whose chosen pixels were hidden on every chosen date those of its clearest one, in place."""
        arrays = self._store.arrays[name]
        if arrays.info.nodata is None:
            return
        seen = ~arrays.info.hidden(_gather(arrays, rows, dates.index, pixels[name].index))
        seen &= dates.mask[:, :, None] & pixels[name].mask[:, None]
        for parcel in np.flatnonzero(~seen.any(axis=(1, 2)) & dates.mask.any(axis=1)):
            values = self._store.raw(int(rows[parcel]), name)[0][dates.index[parcel, dates.mask[parcel]]]
            clear = ~arrays.info.hidden(values)
            found = np.flatnonzero(clear[clear.sum(axis=1).argmax()])
            # Early fusion stacks the sensors' pixels, which must stay the same ones.
            for chosen in pixels.values() if self._fusion is Fusion.EARLY else (pixels[name],):
                width = min(len(found), chosen.index.shape[1])
                chosen.index[parcel, :width] = found[:width]
                chosen.mask[parcel] = np.arange(chosen.index.shape[1]) < width

    def _own_dates(self, name: str, rows: np.ndarray, dates: Chosen, pixels: Chosen) -> SensorBatch:
        arrays = self._store.arrays[name]
        values = _gather(arrays, rows, dates.index, pixels.index)
        seen = None if arrays.info.nodata is None else ~arrays.info.hidden(values)
        return self._padded(name, values, self._days(name, rows, dates), dates.mask, pixels.mask, seen)

    def _at_s2_dates(
        self, rows: np.ndarray, counts: np.ndarray, dates: Chosen, pixels: Chosen
    ) -> SensorBatch:
        s1, s2 = self._store.arrays["S1"], self._store.arrays["S2"]
        own = self._usable["S1"].places(rows, evenly_spaced(counts, counts.max()).index)
        before, after, weight = bracket(
            s1.dates[s1.date_offsets[rows][:, None] + own],
            s2.dates[s2.date_offsets[rows][:, None] + dates.index],
            self._interpolation,
            counts,
        )
        before, after = (np.take_along_axis(own, index, axis=1) for index in (before, after))
        # Parcels with hidden S1 pixels are left out, so there are no gaps to interpolate across.
        values = _gather(s1, rows, before, pixels.index)
        if self._interpolation == "linear":
            values = blend(values, _gather(s1, rows, after, pixels.index), weight[:, :, None, None])
        return self._padded("S1", values, self._days("S2", rows, dates), dates.mask, pixels.mask)

    def _days(self, name: str, rows: np.ndarray, dates: Chosen) -> np.ndarray:
        arrays = self._store.arrays[name]
        position = np.where(dates.mask, arrays.date_offsets[rows][:, None] + dates.index, 0)
        days = arrays.dates[position] - self._season_start[rows][:, None] if arrays.dates.size else position
        return np.where(dates.mask, days, 0).astype(np.float32)

    def _padded(
        self,
        name: str,
        values: np.ndarray,
        days: np.ndarray,
        date_mask: np.ndarray,
        pixel_mask: np.ndarray,
        seen: np.ndarray | None = None,
    ) -> SensorBatch:
        """Scale freshly gathered values, in place where their type allows it, and set all padding to 0."""
        info = self._store.info.sensors[name]
        gain, bias = self._normalisation.gain_and_bias(name, len(info.bands), info.scale, info.offset)
        parcels, dates, width, channels = values.shape
        # Pixels and channels as one axis: NumPy is several times slower on a short last one.
        scaled = values.astype(np.float32, copy=False).reshape(parcels, dates, width * channels)
        scaled *= np.tile(gain, width)
        scaled += np.tile(bias, width)
        scaled[~date_mask] = 0
        for parcel in np.flatnonzero(~pixel_mask[:, -1]):
            scaled[parcel, :, pixel_mask[parcel].sum() * channels :] = 0
        pixels = scaled.reshape(values.shape)
        if seen is not None:
            pixels[~seen] = 0
            seen &= pixel_mask[:, None] & date_mask[:, :, None]
            date_mask = np.asarray(seen.any(axis=2))
        return SensorBatch(
            values=torch.from_numpy(pixels),
            days=torch.from_numpy(days),
            date_mask=torch.from_numpy(date_mask),
            pixel_mask=torch.from_numpy(pixel_mask),
            seen=None if seen is None else torch.from_numpy(seen),
        )


def _gather(arrays: SensorArrays, rows: np.ndarray, dates: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Stored values ``(parcels, dates, pixels, channels)`` at the chosen places.

    Padding repeats a place of the parcel's own, or of another parcel of the batch where it has no date
    at all, so that nothing outside the batch is read.
    """
    shape = (len(rows), dates.shape[1], pixels.shape[1], arrays.channels)
    seen = arrays.date_counts[rows] > 0
    if not seen.any():
        return np.zeros(shape, dtype=np.float32)
    start, width = arrays.pixel_offsets[rows] // arrays.channels, arrays.pixel_counts[rows]
    places = start[:, None, None] + dates[:, :, None] * width[:, None, None] + pixels[:, None, :]
    places[~seen] = start[seen][0]
    return arrays.pixels.reshape(-1, arrays.channels).take(places, axis=0)


def _scaled_features(store: ParcelStore, normalisation: Normalisation) -> np.ndarray:
    return normalisation.apply_features(geometry_features(store))
