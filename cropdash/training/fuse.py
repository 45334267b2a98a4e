"""Decision fusion of two runs that were trained apart: one answer from a radar and an optical run.

This is most likely what the study reports as decision fusion. Training both branches jointly is the
fusion ``softmax_avg`` or ``softmax_norm`` of one specification, and gives another run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cropdash.atomic import atomic_path
from cropdash.nomenclature import Fusion
from cropdash.runs.attention_store import AttentionWriter
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.predictions import probability_columns
from cropdash.runs.run import Run
from cropdash.runs.run_folder import RunFolder
from cropdash.training.existing_runs import RunExists
from cropdash.training.fuse_rules import Rule
from cropdash.training.summary import software

_FUSIONS: dict[Rule, Fusion] = {"avg": Fusion.SOFTMAX_AVG, "product": Fusion.SOFTMAX_NORM}
_NAMES: dict[Rule, str] = {"avg": "mean", "product": "product"}


def fuse(run_s1: Run | str | Path, run_s2: Run | str | Path, rule: Rule, runs_folder: str | Path) -> Run:
    """Fuse the test predictions of two finished single-sensor runs, parcel by parcel.

    A parcel that one of them could not answer is answered by the other alone.

    Args:
        run_s1: a run of Sentinel-1 alone, or its folder.
        run_s2: the same of Sentinel-2.
        rule: ``avg`` takes the mean of the class probabilities, ``product`` their product, renormalised.
        runs_folder: where the new run is made.

    Returns:
        A finished run whose ``spec.json`` and ``provenance.json`` name its sources. It predicts, and is evaluated and
        calibrated, with their models, as long as they lie beside it.

    Raises:
        RunExists: these two were fused by this rule before.
        ValueError: a run is not finished or of the wrong sensor, or the two differ in data, test regions,
            classes or test parcels; the message says in what.
    """
    first, second = (run if isinstance(run, Run) else Run(run) for run in (run_s1, run_s2))
    _check_sensor(first, "S1")
    _check_sensor(second, "S2")
    _check_alike(first, second)
    name = _run_name(first, second, rule)
    folder = RunFolder(Path(runs_folder) / name)
    if folder.path.exists():
        raise RunExists(
            f"{folder.path} is there already: {first.id} and {second.id} were fused by this rule before"
        )
    table = _fused_table(first, second, rule)
    # As a whole or not at all: half a fused run would stand in the way of the next attempt.
    with atomic_path(folder.path) as temporary:
        unfinished = RunFolder.create(temporary, _spec(first, second, rule))
        unfinished.write_predictions(table, first.codes)
        _copy_attention(first, second, table, unfinished)
        unfinished.write_provenance(_provenance(first, second))
        unfinished.write_summary(_summary(first, second, rule, table))
        unfinished.write_status("finished")
    return Run(folder)


def _check_sensor(run: Run, sensor: str) -> None:
    if run.sensors != (sensor,):
        raise ValueError(
            f"{run.folder.path} is a run of {' and '.join(run.sensors)}; fusing takes a run of S1 alone first "
            f"and one of S2 alone second"
        )
    if run.status != "finished":
        raise ValueError(f"{run.folder.path} is {run.status}; only finished runs can be fused")


def _check_alike(first: Run, second: Run) -> None:
    facts: dict[str, Callable[[Run], Any]] = {
        "data (fingerprint)": lambda run: run.folder.provenance().get("data", {}).get("fingerprint"),
        "test regions": lambda run: sorted(run.regions()),
        "classes": lambda run: run.codes,
        "classifier": lambda run: run.classifier,
        "shuffled labels": lambda run: bool(run.folder.spec().get("shuffle_labels")),
    }
    for what, fact in facts.items():
        one, other = fact(first), fact(second)
        if one != other:
            raise ValueError(
                f"{first.id} and {second.id} cannot be fused, their {what} differ: {one} and {other}"
            )


def _run_name(first: Run, second: Run, rule: Rule) -> str:
    """One name for each pair and rule, which no trained run has."""
    sources = "|".join(str(run.folder.spec()) for run in (first, second))
    return f"fused-{rule}_seed{first.seed}_{hashlib.sha256(f'{sources}|{rule}'.encode()).hexdigest()[:8]}"


def _spec(first: Run, second: Run, rule: Rule) -> dict[str, Any]:
    """The first run's specification with both sensors, and what the second says of Sentinel-2's dates."""
    label = f"{first.label} + {second.label}, {_NAMES[rule]} of probabilities"
    radar, optical = first.folder.spec(), second.folder.spec()
    sampling = dict(radar.get("sampling", {}))
    sampling |= {name: value for name, value in optical.get("sampling", {}).items() if name.startswith("s2_")}
    return {
        **radar,
        "name": label[:80],
        "sensors": ["S1", "S2"],
        "fusion": str(_FUSIONS[rule]),
        "sampling": sampling,
        "sources": [first.id, second.id],
    }


def _fused_table(first: Run, second: Run, rule: Rule) -> pd.DataFrame:
    from cropdash.models.decision import average, product

    one, other = _predictions(first), _predictions(second)
    same = one.index.equals(other.index) and bool((one["truth"] == other["truth"]).all())
    if not same:
        missing = one.index.symmetric_difference(other.index)
        which = f"parcel {missing[0]!r} is in one only" if len(missing) else "their labels differ"
        raise ValueError(f"{first.id} and {second.id} cannot be fused, their test parcels differ: {which}")
    columns = probability_columns(first.codes)
    combine = {"avg": average, "product": product}[rule]
    there = [table["predicted"].to_numpy() >= 0 for table in (one, other)]
    fused = combine(one[columns].to_numpy(np.float32), other[columns].to_numpy(np.float32), *there)
    answered = there[0] | there[1]
    predicted = np.full(len(one), -1, dtype=np.int16)
    predicted[answered] = fused[answered].argmax(axis=1)
    table = one[["region", "truth"]].assign(predicted=predicted)
    return table.assign(**dict(zip(columns, fused.T, strict=True))).reset_index()


def _predictions(run: Run) -> pd.DataFrame:
    table = run.predictions()
    if table is None:
        raise ValueError(f"{run.folder.path} holds no predictions to fuse")
    return table.set_index("parcel_id").sort_index()


def _copy_attention(first: Run, second: Run, table: pd.DataFrame, folder: RunFolder) -> None:
    """Each sensor's attention as it is, beside the fused prediction."""
    predicted = table.set_index("parcel_id")["predicted"]
    with folder.attention_writer() as writer:
        for run in (first, second):
            attention = run.attention
            if attention is None:
                continue
            for sensor in attention.sensors:
                for batch in attention.batches(sensor):
                    _copy_batch(writer, sensor, batch, predicted)


def _copy_batch(writer: AttentionWriter, sensor: str, batch: Any, predicted: pd.Series) -> None:
    rows = batch.to_pydict()
    lengths = np.array([len(dates) for dates in rows["dates"]])
    width, heads = int(lengths.max()), rows["heads"][0]
    mask = np.arange(width) < lengths[:, None]
    dates = np.full(mask.shape, np.datetime64("NaT", "D"))
    weights = np.zeros((len(lengths), heads, width), dtype=np.float32)
    for i, length in enumerate(lengths):
        dates[i, :length] = rows["dates"][i]
        weights[i, :, :length] = np.reshape(rows["weights"][i], (heads, length))
    writer.add(
        sensor,
        parcel_id=rows["parcel_id"],
        region=rows["region"],
        truth=np.array(rows["truth"]),
        predicted=predicted.loc[rows["parcel_id"]].to_numpy(),
        dates=dates,
        mask=mask,
        weights=weights,
        season_start=np.array(rows["season_start"], dtype="datetime64[D]"),
    )


def _provenance(first: Run, second: Run) -> dict[str, Any]:
    return {
        "sources": {run.id: run.folder.provenance() for run in (first, second)},
        "seed": first.seed,
        "data": first.folder.provenance()["data"],
        "simulated": first.simulated,
        **software(),
    }


def _summary(first: Run, second: Run, rule: Rule, table: pd.DataFrame) -> dict[str, Any]:
    matrix = ConfusionMatrix.from_labels(
        table["truth"].to_numpy(), table["predicted"].to_numpy(), [crop.name for crop in first.classes]
    )
    test = {
        "regions": first.regions(),
        "parcels": matrix.total,
        "left_out": {"no answer of either run": matrix.no_prediction} if matrix.no_prediction else {},
        "accuracy": matrix.accuracy,
        "macro_iou": matrix.macro_iou,
        "macro_f1": matrix.macro_f1,
    }
    return {
        "classes": [crop.model_dump() for crop in first.classes],
        "simulated": first.simulated,
        "experiment": str(_FUSIONS[rule]),
        "sources": [first.id, second.id],
        "splits": {"test": test},
    }
