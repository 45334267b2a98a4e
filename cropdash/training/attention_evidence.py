"""Whether the dates that a run attends to matter: occlusion of each date, and deletion by attention.

Parcels of the test regions are sampled class by class. Occlusion (Zeiler and Fergus, ECCV 2014, of dates
in place of image patches) removes one date and looks at the probability of the true class. The deletion
curve (Samek et al., IEEE TNNLS 2017) removes more and more dates, the most attended ones first, beside the
least attended first and orders by lot, which are the control. Of a network with attention over each sensor
apart, the same share of the dates of both goes, each in the order of its own attention.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cropdash.batches import Batch
from cropdash.datasets.calendar import season_start
from cropdash.datasets.labels import class_index
from cropdash.datasets.store import ParcelStore
from cropdash.models.fusion import JOINT
from cropdash.runs.evidence import Curve, Deletion, Evidence, Occlusion
from cropdash.runs.run import Run
from cropdash.training.date_removal import each_date, first_removed, probabilities_without, removal_ranks
from cropdash.training.experiment import Device
from cropdash.training.optimisation import answering_device, threads_set
from cropdash.training.trained_model import check_bands
from cropdash.training.trained_network import TrainedNetwork, load_network

#: Parcels of each class that are asked about, unless told otherwise.
PER_CLASS = 24
#: Orders by lot behind the control.
DRAWS = 8
#: Shares of a parcel's dates that deletion removes.
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# Keep these draws apart from the others of the same seed.
_SAMPLE, _ORDERS = 6, 7
_PARCELS_AT_ONCE = 16


def attention_evidence(
    run: Run,
    store: ParcelStore | str | Path | None = None,
    *,
    per_class: int = PER_CLASS,
    draws: int = DRAWS,
    seed: int = 0,
    stop: Callable[[], bool] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    device: Device | None = None,
) -> Evidence | None:
    """Ask a finished run about sampled test parcels, each time without other dates.

    The same run, store, numbers and seed give the same evidence.

    Args:
        store: the data set; the one that the run was trained on if None.
        per_class: most parcels of a class; all of a smaller one.
        draws: orders by lot.
        stop: asked after every few parcels.
        on_progress: called with the parcels done and their number, from 0 on.
        device: where to compute; see :func:`~cropdash.training.optimisation.answering_device`.

    Returns:
        The evidence; None if ``stop`` answered True.

    Raises:
        ValueError: the run is not finished, has no network of its own, or the data set lacks a sensor, band
            or region of it or holds no test parcel that it can answer for.
    """
    began = time.monotonic()
    trained = load_network(run)
    if not isinstance(store, ParcelStore):
        store = ParcelStore.open(store or trained.spec.data)
    check_bands(trained, store)
    regions = trained.spec.regions.test
    index = class_index(
        store.parcels[trained.summary.label_field].to_numpy(), trained.summary.classes, trained.summary.merge
    )
    rows = trained.batches(store, store.rows(regions), index).rows
    k = len(trained.summary.classes)
    sample = _sampled(rows, index, k, per_class, np.random.default_rng((seed, _SAMPLE)))
    if not len(sample):
        raise ValueError(
            f"{store.path} holds no parcel of {', '.join(regions)} that {run.label} can be asked about"
        )
    counts = _Counts(k, index[sample], draws)
    where = answering_device(trained.spec.device, device)
    batches = _in_small_batches(trained).batches(store, sample, index)
    starts = season_start(store.first_acquisition, trained.summary.season_origin)
    if on_progress is not None:
        on_progress(0, len(sample))
    with threads_set(trained.spec.threads), torch.inference_mode():
        network = trained.network.to(where).eval()
        done = 0
        for batch in batches.epoch(0):
            if stop is not None and stop():
                return None
            # Of each parcel its own lots, so that they do not depend on the others of the batch.
            lots = [np.random.default_rng((seed, _ORDERS, row)) for row in batch.rows.tolist()]
            counts.add(_Asked.of(network, batch, where, starts[batch.rows.numpy()], lots, draws), done)
            done += len(batch)
            if on_progress is not None:
                on_progress(done, len(sample))
    return Evidence(
        classes=tuple(crop.code for crop in trained.summary.classes),
        regions=tuple(regions),
        parcels=tuple(np.bincount(index[sample], minlength=k).tolist()),
        sampled_from=tuple(np.bincount(index[rows][index[rows] >= 0], minlength=k).tolist()),
        per_class=per_class,
        draws=draws,
        seed=seed,
        shares=SHARES,
        occlusion=tuple(counts.occlusion(stream) for stream in counts.losses),
        deletion=tuple(counts.deletion(counts.truth == position) for position in range(k)),
        overall=counts.deletion(np.ones(len(sample), dtype=bool)),
        seconds=round(time.monotonic() - began, 1),
    )


def _sampled(
    rows: np.ndarray, index: np.ndarray, classes: int, per_class: int, rng: np.random.Generator
) -> np.ndarray:
    """At most so many rows of each class, ascending."""
    chosen = [rng.permutation(rows[index[rows] == position])[:per_class] for position in range(classes)]
    return np.sort(np.concatenate(chosen))


def _in_small_batches(trained: TrainedNetwork) -> TrainedNetwork:
    """Progress is told, and stopping asked for, batch by batch."""
    optimisation = trained.spec.optimisation.model_copy(update={"batch_size": _PARCELS_AT_ONCE})
    return replace(trained, spec=trained.spec.model_copy(update={"optimisation": optimisation}))


@dataclass(frozen=True)
class _Asked:
    """What a network says of some parcels, with and without their dates.

    Attributes:
        losses: by series, the days since 1970-01-01 ``(n,)`` of all dates of all parcels, whose parcel it is
            in the batch ``(n,)``, and what the probability of the truth loses without that date ``(n,)``.
        probability: ``(orders, shares, parcels)`` of the truth; the first order is that of attention, the
            second its reverse, the others are by lot.
        right: bool, of that shape.
    """

    losses: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
    probability: np.ndarray
    right: np.ndarray

    @classmethod
    def of(
        cls,
        network: Any,
        batch: Batch,
        device: torch.device,
        season_start: np.ndarray,
        lots: list[np.random.Generator],
        draws: int,
    ) -> _Asked:
        there = batch.to(device)
        dates = network.embed_dates(there)
        output = network.classify(dates)
        truth = batch.labels.numpy()
        of_truth = np.arange(len(truth)), truth
        whole = network.probabilities(output).cpu().numpy()[of_truth]

        losses = {}
        for name, series in dates.items():
            without = probabilities_without(network, dates, {name: each_date(series)}).cpu().numpy()
            lost = (whole[:, None] - without[:, of_truth[0], truth].T).astype(np.float64)  # (parcels, dates)
            # A parcel whose only date goes is not seen at all, which says nothing of the date.
            parcel, date = np.nonzero(series.date_mask.cpu().numpy() & np.isfinite(lost))
            dated = batch.sensors["S2" if name == JOINT else name].days.numpy()[parcel, date].astype(np.int64)
            day = season_start[parcel].astype("datetime64[D]").astype(np.int64) + dated
            losses[name] = (day, parcel, lost[parcel, date])

        removed = {}
        for name, series in dates.items():
            mask = series.date_mask.cpu().numpy()
            weights = output.attention[name].float().mean(dim=1).cpu().numpy()
            ranks = _orders(weights, mask, lots, draws)
            gone = np.stack([first_removed(ranks, mask, share) for share in SHARES], axis=1)
            removed[name] = torch.from_numpy(gone).flatten(0, 1).to(device)
        answers = probabilities_without(network, dates, removed).unflatten(0, (2 + draws, len(SHARES)))
        likely = answers.cpu().numpy()
        return cls(
            losses,
            likely[:, :, of_truth[0], truth].astype(np.float64),
            likely.argmax(axis=3) == truth,
        )


def _orders(weights: np.ndarray, mask: np.ndarray, lots: list[np.random.Generator], draws: int) -> np.ndarray:
    """``(2 + draws, parcels, dates)`` ranks: by attention, by its reverse, by lot."""
    of_parcels = []
    for weight, there, rng in zip(weights, mask, lots, strict=True):
        orders = [weight, -weight, *(np.zeros_like(weight) for _ in range(draws))]
        of_parcels.append([removal_ranks(order[None], there[None], rng)[0] for order in orders])
    return np.stack([np.stack(ranks) for ranks in of_parcels], axis=1)


class _Counts:
    """Gathers the answers of all batches and makes them into figures.

    Args:
        truth: ``(parcels,)`` class index of the sample, in the order of the batches.
    """

    def __init__(self, classes: int, truth: np.ndarray, draws: int) -> None:
        self.truth = truth
        self.losses: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}
        self._classes = classes
        self._probability = np.full((2 + draws, len(SHARES), len(truth)), np.nan)
        self._right = np.zeros(self._probability.shape, dtype=bool)

    def add(self, asked: _Asked, first: int) -> None:
        """Take in a batch whose first parcel is number ``first`` of the sample."""
        for name, (day, parcel, lost) in asked.losses.items():
            self.losses.setdefault(name, []).append((day, first + parcel, lost))
        last = first + asked.probability.shape[2]
        self._probability[:, :, first:last] = asked.probability
        self._right[:, :, first:last] = asked.right

    def occlusion(self, stream: str) -> Occlusion:
        day, parcel, lost = (np.concatenate(parts) for parts in zip(*self.losses[stream], strict=True))
        days = np.unique(day)
        cell = self.truth[parcel] * len(days) + np.searchsorted(days, day)
        size = self._classes * len(days)

        def summed(values: np.ndarray | None) -> np.ndarray:
            return np.bincount(cell, values, minlength=size).astype(np.float64).reshape(self._classes, -1)

        count = summed(None)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = summed(lost) / count
            spread = summed((lost - mean.ravel()[cell]) ** 2) / (count - 1)
            error = np.sqrt(spread / count)
        error[count < 2] = np.nan
        return Occlusion(
            stream=stream,
            dates=tuple(days.astype("datetime64[D]").tolist()),
            loss=tuple(_figures(row) for row in mean),
            error=tuple(_figures(row) for row in error),
            parcels=tuple(tuple(row) for row in count.astype(int).tolist()),
        )

    def deletion(self, member: np.ndarray) -> Deletion:
        """Curves over the parcels of a mask."""
        if not member.any():
            return Deletion(parcels=0)
        probability, right = self._probability[:, :, member], self._right[:, :, member]
        means, hits = probability.mean(axis=2), right.mean(axis=2)
        # Nothing is removed at the first share, which therefore cannot differ.
        lead = (probability[2:].mean(axis=0) - probability[0])[1:].mean(axis=0)
        error = lead.std(ddof=1) / math.sqrt(len(lead)) if len(lead) > 1 else math.nan
        return Deletion(
            parcels=int(member.sum()),
            most=_curve(means[0], hits[0]),
            least=_curve(means[1], hits[1]),
            random=_curve(means[2:].mean(axis=0), hits[2:].mean(axis=0)),
            lowest=_curve(means[2:].min(axis=0), hits[2:].min(axis=0)),
            highest=_curve(means[2:].max(axis=0), hits[2:].max(axis=0)),
            lead=_figure(lead.mean()),
            lead_error=_figure(error),
        )


def _curve(probability: np.ndarray, accuracy: np.ndarray) -> Curve:
    return Curve(
        probability=tuple(round(float(value), 4) for value in probability),
        accuracy=tuple(round(float(value), 4) for value in accuracy),
    )


def _figures(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(_figure(value) for value in values)


def _figure(value: float) -> float | None:
    """Four decimals of a share: a hundredth of a percentage point."""
    return None if math.isnan(value) else round(float(value), 4)
