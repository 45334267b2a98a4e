"""A complete run folder of made-up results, for tests that need a run and no training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.nomenclature import CropClass, Fusion, Nomenclature
from cropdash.runs.reference_results import STUDY_CODES
from cropdash.runs.run import Run
from cropdash.runs.run_folder import RunFolder

#: Sensors, fusion and interpolation of each experiment by its short name.
EXPERIMENTS: dict[str, tuple[tuple[str, ...], Fusion, str | None]] = {
    "S1": (("S1",), Fusion.NONE, None),
    "S2": (("S2",), Fusion.NONE, None),
    "early (nn)": (("S1", "S2"), Fusion.EARLY, "nn"),
    "pse (nn)": (("S1", "S2"), Fusion.PSE, "nn"),
    "tsa": (("S1", "S2"), Fusion.TSA, None),
    "softmax_avg": (("S1", "S2"), Fusion.SOFTMAX_AVG, None),
    "softmax_norm": (("S1", "S2"), Fusion.SOFTMAX_NORM, None),
}
HEADS = 4


def example_run(
    folder: str | Path,
    store: str | Path | None = None,
    experiment: str = "tsa",
    seed: int = 1,
    *,
    parcels: int = 300,
    regions: Sequence[str] = ("east", "west"),
    accuracy: float = 0.8,
    unanswered: int = 2,
    epochs: int = 12,
) -> Run:
    """Write a finished run below ``folder`` and return it. Random, simulated, the same for a seed.

    Args:
        folder: the runs folder.
        store: a data set whose test parcels the run answers; made-up parcels if unset. Of a store the
            last region is the test region, and classes and labels are the store's own.
        experiment: one of :data:`EXPERIMENTS`.
        parcels: how many made-up parcels.
        regions: the made-up test regions.
        accuracy: about this share of the parcels is answered rightly.
        unanswered: so many parcels have no prediction.
    """
    sensors, fusion, interpolation = EXPERIMENTS[experiment]
    rng = np.random.default_rng([seed, list(EXPERIMENTS).index(experiment)])
    if store is None:
        known = Nomenclature.rpg_groups().by_code
        classes = [known[code] for code in STUDY_CODES]
        truth = np.concatenate(
            [np.arange(len(classes)), rng.choice(len(classes), parcels - len(classes), p=_shares())]
        )
        table = pd.DataFrame(
            {
                "parcel_id": [f"p{i:05d}" for i in range(parcels)],
                "region": np.sort(rng.choice(list(regions), parcels)),
                "truth": truth.astype(np.int16),
            }
        )
        data = "example"
    else:
        table, classes, regions, data = *_parcels_of(Path(store)), str(store)
    k, n = len(classes), len(table)

    truth = table["truth"].to_numpy()
    right = rng.random(n) < accuracy
    # Mistakes fall on neighbouring classes more often, so that the confusion matrix has a shape.
    predicted = np.where(right, truth, (truth + rng.choice([1, -1, 2, 5], n)) % k)
    logits = rng.normal(0, 1, (n, k))
    logits[np.arange(n), predicted] = logits.max(axis=1) + rng.exponential(1.5, n)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    silent = rng.choice(n, min(unanswered, n), replace=False)
    predicted[silent] = -1
    table["predicted"] = predicted.astype(np.int16)
    for i, crop in enumerate(classes):
        table[f"probability_{crop.code}"] = probabilities[:, i]

    spec = {
        "data": data,
        "regions": {"train": ["train"], "validation": ["validation"], "test": list(regions)},
        "sensors": list(sensors),
        "fusion": str(fusion),
        "interpolation": interpolation or "nn",
        "seed": seed,
        "optimisation": {"epochs": epochs},
    }
    slug = experiment.replace(" (", "-").replace(")", "")
    run = RunFolder.create(Path(folder) / f"{slug}_seed{seed}_example", spec, epochs=epochs)
    run.write_status("running")
    for epoch in range(1, epochs + 1):
        run.append_metrics(_epoch(epoch, accuracy, rng))
    run.write_predictions(table, [c.code for c in classes])
    _write_attention(run, table, sensors, fusion, k, rng)
    run.write_provenance({"seed": seed, "simulated": True, "made_by": "tests/runs/example_run.py"})
    run.write_summary(
        {
            "simulated": True,
            "classes": [c.model_dump() for c in classes],
            "best_epoch": epochs,
            "left_out": {"no date of a sensor": len(silent)},
        }
    )
    run.write_status("finished", epoch=epochs, message="made-up results")
    return Run(run)


def _shares() -> np.ndarray:
    """The study's class shares in Brest, evened out so that small classes appear."""
    counts = np.array([3141, 10694, 2950, 341, 295, 45, 351, 639, 175, 20779, 45, 2453]) ** 0.6
    return counts / counts.sum()


def _parcels_of(store: Path) -> tuple[pd.DataFrame, list[CropClass], list[str]]:
    info = json.loads((store / "dataset.json").read_text(encoding="utf-8"))
    parcels = pd.read_parquet(store / "parcels.parquet", columns=["parcel_id", "region", info["label_field"]])
    merge = {int(a): b for a, b in info["nomenclature"]["merge"].items()}
    codes = parcels[info["label_field"]].replace(merge)
    known = Nomenclature.model_validate(info["nomenclature"]).by_code
    classes = [known[code] for code in known if code in set(codes)]
    index = {c.code: i for i, c in enumerate(classes)}
    test = max(parcels["region"])
    table = parcels.assign(truth=codes.map(index).fillna(-1).astype(np.int16))
    return (
        table.loc[table["region"] == test, ["parcel_id", "region", "truth"]].reset_index(drop=True),
        classes,
        [test],
    )


def _epoch(epoch: int, accuracy: float, rng: np.random.Generator) -> dict[str, float]:
    learned = accuracy * (1 - np.exp(-epoch / 3))
    return {
        "epoch": epoch,
        "train_loss": float(2 * np.exp(-epoch / 4) + rng.uniform(0, 0.05)),
        "train_accuracy": float(learned + rng.uniform(0, 0.03)),
        "train_miou": float(0.7 * learned),
        "val_loss": float(2 * np.exp(-epoch / 5) + rng.uniform(0.05, 0.15)),
        "val_accuracy": float(learned),
        "val_miou": float(0.6 * learned),
        "seconds": float(rng.uniform(1, 2)),
    }


def _write_attention(
    run: RunFolder,
    table: pd.DataFrame,
    sensors: Sequence[str],
    fusion: Fusion,
    k: int,
    rng: np.random.Generator,
) -> None:
    """Each class has a month that it looks at, each head is a little later than the one before."""
    streams = ["S1+S2"] if fusion.needs_common_dates else list(sensors)
    answered = table[table["predicted"] >= 0]
    start = np.datetime64("2018-10-01")
    with run.attention_writer() as writer:
        for stream in streams:
            step = 6 if stream == "S1" else 11
            dates = start + np.arange(3, 400, step)
            for at in range(0, len(answered), 128):
                part = answered.iloc[at : at + 128]
                mask = rng.random((len(part), len(dates))) < (0.95 if stream == "S1" else 0.7)
                mask[:, 0] = True
                day = (dates - start).astype(int)[None, None, :]
                peak = (
                    60
                    + 280 * part["truth"].to_numpy()[:, None, None] / k
                    + 15 * np.arange(HEADS)[None, :, None]
                )
                weights = np.exp(-(((day - peak) / 40) ** 2)) + rng.uniform(
                    0.01, 0.05, (len(part), HEADS, len(dates))
                )
                weights = weights * mask[:, None, :]
                writer.add(
                    stream,
                    parcel_id=part["parcel_id"].tolist(),
                    region=part["region"].tolist(),
                    truth=part["truth"].to_numpy(),
                    predicted=part["predicted"].to_numpy(),
                    dates=np.broadcast_to(dates, mask.shape),
                    mask=mask,
                    weights=weights / weights.sum(axis=2, keepdims=True),
                    season_start=np.full(len(part), start),
                )
