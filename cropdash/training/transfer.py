"""A trained run tested on another place or year, with its own scaling and with one fitted on the target.

Fitting the scaling anew needs no label: it is the simplest adaptation to a domain, that of its channels' mean and
spread (statistics of the target as in Li et al., "Revisiting Batch Normalization For Practical Domain Adaptation",
arXiv 1603.04779, here of the inputs). Weights and batch norms stay as they were trained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cropdash.datasets.labels import NO_LABEL, class_index
from cropdash.datasets.normalisation import Normalisation
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import CropClass
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.run import Run
from cropdash.runs.season_parts import RegionCounts
from cropdash.runs.transfers import TRANSFERS, Transfer, Transfers
from cropdash.training.optimisation import threads_set
from cropdash.training.setup import usable_dates
from cropdash.training.trained_fusion import TrainedFusion
from cropdash.training.trained_model import TrainedModel, check_bands, load_model
from cropdash.training.trained_network import TrainedNetwork


def transfer(
    run: Run | str | Path,
    store: ParcelStore | str | Path,
    regions: Sequence[str] | None = None,
    *,
    adapt_normalisation: bool = False,
) -> Transfer:
    """Test a finished run on parcels that it was not made for, and keep the counts in its folder.

    Classes are matched by their crop codes, after the run's own merging.

    Args:
        run: a finished run, or its folder.
        store: the target: another data set, or the run's own with regions that it has not learned from.
        regions: of the target; all of them if None.
        adapt_normalisation: also test with the scaling fitted on all parcels of these regions, labelled or not.

    Raises:
        FileNotFoundError: no data set there.
        ValueError: the run is not finished or has no test parcels; the target lacks a band, a region or the label, means
            another crop by a code of the run, holds no parcel of its classes, or is what the run learned from.
    """
    run = run if isinstance(run, Run) else Run(run)
    model = load_model(run)
    store = store if isinstance(store, ParcelStore) else ParcelStore.open(store)
    check_bands(model, store)
    names = tuple(store.regions) if regions is None else tuple(sorted(set(regions)))
    rows = store.rows(names)
    _check_unseen(run, model, store, names)
    index, unknown = _labels(model, store, rows)
    source = run.confusion()
    if source is None:
        raise ValueError(f"{run.folder.path} holds no predictions of its own test parcels to compare with")
    adapted = _adapted(model, store, rows) if adapt_normalisation else None
    with threads_set(model.spec.threads):
        found = Transfer(
            data=store.info.name,
            fingerprint=store.info.fingerprint,
            regions=names,
            classes=model.summary.classes,
            source=RegionCounts.of(source),
            target=_counted(model, store, rows, index),
            adapted=None if adapted is None else _counted(adapted, store, rows, index),
            unknown=unknown,
        )
    Transfers.of(run).joined(found).write(run.folder.file(TRANSFERS))
    return found


def _check_unseen(run: Run, model: TrainedModel, store: ParcelStore, names: Sequence[str]) -> None:
    data = run.folder.provenance().get("data")
    if isinstance(data, dict) and data.get("fingerprint") == store.info.fingerprint:
        parts = model.members if isinstance(model, TrainedFusion) else (model,)
        learned = {name for one in parts for name in (*one.spec.regions.train, *one.spec.regions.validation)}
        if seen := [name for name in names if name in learned]:
            raise ValueError(
                f"the run learned from {', '.join(seen)} of {store.path}; choose regions that it has not seen"
            )


def _labels(model: TrainedModel, store: ParcelStore, rows: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
    """The class index of every parcel, and how many of these rows have a label that is no class, by its name."""
    summary, known = model.summary, store.info.nomenclature.by_code
    field = summary.label_field
    if field not in store.parcels:
        raise ValueError(
            f"{store.path} has no label {field}, which the run learned; it has {', '.join(store.info.label_fields)}"
        )
    for crop in summary.classes:
        there = known.get(crop.code)
        if there is not None and there.name != crop.name:
            raise ValueError(
                f"the code {crop.code} is {crop.name} for the run and {there.name} in {store.path}; "
                "classes are matched by their codes, so the two cannot be compared"
            )
    codes = store.parcels[field].to_numpy()
    index = class_index(codes, summary.classes, summary.merge)
    others = Counter(codes[rows][index[rows] < 0].tolist())
    if len(rows) and set(others) == {NO_LABEL} and others[NO_LABEL] == len(rows):
        raise ValueError(
            f"none of the {len(rows)} parcels of {store.path} has a label, so nothing is there to compare with; "
            "cropdash predict answers for them"
        )
    unknown = {_code_in_words(code, known): count for code, count in others.items()}
    if not (index[rows] >= 0).any():
        classes = ", ".join(f"{crop.code} {crop.name}" for crop in summary.classes)
        raise ValueError(
            f"none of the {len(rows)} parcels of {store.path} is of a class of the run ({classes}); its labels are "
            f"{', '.join(unknown) or 'none'}"
        )
    return index, unknown


def _code_in_words(code: int, known: Mapping[int, CropClass]) -> str:
    if code == NO_LABEL:
        return "no label"
    return f"{code} {known[code].name}" if code in known else str(code)


def _adapted(model: TrainedModel, store: ParcelStore, rows: np.ndarray) -> TrainedModel:
    if isinstance(model, TrainedFusion):
        return model.of_members(lambda member: _adapted(member, store, rows))
    if not isinstance(model, TrainedNetwork):
        raise ValueError("only a network's normalisation can be adapted; this run is a baseline without one")
    spec, origin = model.spec, model.summary.season_origin
    fitted = Normalisation.fit(
        store,
        rows,
        spec.sensors,
        spec.normalisation,
        spec.geometry_features,
        usable_dates(spec, store, origin),
    )
    return replace(model, normalisation=fitted)


def _counted(model: TrainedModel, store: ParcelStore, rows: np.ndarray, index: np.ndarray) -> RegionCounts:
    labelled = rows[index[rows] >= 0]
    answers = model.answer(store, labelled, index).answers
    predicted = np.full(len(store), -1, dtype=np.int64)
    if answers is not None:
        predicted[answers.rows] = answers.predicted
    names = tuple(crop.name for crop in model.summary.classes)
    return RegionCounts.of(ConfusionMatrix.from_labels(index[labelled], predicted[labelled], names))
