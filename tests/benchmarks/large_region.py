"""A simulated region of very many parcels, and runs that answer them: for what the map costs, not for crops.

Outlines are those of the simulated landscape. Series are noise of a few dates and one pixel, and the
runs' answers are drawn at random: no model was trained. Store and runs say that they are simulated.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.datasets.info import SensorInfo
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_writer import StoreWriter
from cropdash.nomenclature import CropClass, Nomenclature
from cropdash.runs.reference_results import STUDY_CODES
from cropdash.runs.run_folder import RunFolder
from cropdash.simulation.landscape import Landscape
from cropdash.simulation.regions import CRS, REGIONS

#: Parcels of each class in the study's test region.
_STUDY_COUNTS = np.array([3141, 10694, 2950, 341, 295, 45, 351, 639, 175, 20779, 45, 2453], float)
_DAYS = np.datetime64("2018-10-01", "D") + np.array([60, 200, 290])


def large_region(path: Path, parcels: int, seed: int = 1) -> ParcelStore:
    """Write a store of so many outlines in four regions and open it; 500,000 take some three minutes."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(STUDY_CODES, size=parcels, p=_STUDY_COUNTS / _STUDY_COUNTS.sum())
    series = rng.integers(200, 5_000, (parcels, len(_DAYS), 1, 10)).astype(np.uint16)
    landscape = Landscape(parcels, seed)
    added = 0
    with StoreWriter(
        path,
        name=path.name,
        title=f"{parcels:,} simulated outlines",
        source="outlines of the simulated landscape; series and labels are random",
        sensors=[SensorInfo.standard("S2", "uint16", scale=1e-4)],
        label_fields=["CODE_GROUP"],
        nomenclature=Nomenclature.rpg_groups(),
        simulated=True,
        crs=CRS,
    ) as writer:
        for block in landscape.blocks():
            for outline in landscape.outlines(block):
                writer.add(
                    region=block.region.name,
                    parcel_id=f"{block.region.number}{added:07}",
                    labels={"CODE_GROUP": int(codes[added])},
                    series={"S2": (series[added], _DAYS)},
                    geometry=outline,
                )
                added += 1
    return ParcelStore.open(path)


def random_answers(runs: Path, store: ParcelStore, name: str, accuracy: float, seed: int) -> Path:
    """Write the folder of a run that answers every parcel of a store by chance, this share of them rightly."""
    rng = np.random.default_rng(seed)
    known = Nomenclature.rpg_groups().by_code
    classes: list[CropClass] = [known[code] for code in STUDY_CODES]
    truth = store.parcels["CODE_GROUP"].map({code: at for at, code in enumerate(STUDY_CODES)}).to_numpy()
    n, k = len(truth), len(classes)
    predicted = np.where(rng.random(n) < accuracy, truth, rng.integers(0, k, n))
    weights = rng.exponential(1.0, (n, k)).astype(np.float32)
    weights[np.arange(n), predicted] += weights.max(axis=1) * rng.uniform(0.1, 12, n).astype(np.float32)
    table = pd.DataFrame(
        {
            "parcel_id": store.parcels["parcel_id"],
            "region": store.parcels["region"],
            "truth": truth.astype(np.int16),
            "predicted": predicted.astype(np.int16),
        }
    )
    for crop, share in zip(classes, (weights / weights.sum(axis=1, keepdims=True)).T, strict=True):
        table[f"probability_{crop.code}"] = share
    spec = {
        "data": str(store.path),
        "regions": {"train": [], "validation": [], "test": [region.name for region in REGIONS]},
        "sensors": ["S2"],
        "fusion": "none",
        "seed": seed,
        "name": name,
    }
    folder = RunFolder.create(runs / name.replace(" ", "-"), spec, epochs=1)
    folder.write_status("running")
    folder.append_metrics({"epoch": 1, "train_loss": 1.0, "val_loss": 1.0, "val_miou": accuracy})
    folder.write_predictions(table, [crop.code for crop in classes])
    folder.write_provenance({"seed": seed, "simulated": True, "made_by": "tests/benchmarks/large_region.py"})
    folder.write_summary(
        {"simulated": True, "classes": [crop.model_dump() for crop in classes], "best_epoch": 1}
    )
    folder.write_status("finished", epoch=1, message="random answers")
    return folder.path
