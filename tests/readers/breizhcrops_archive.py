"""A tiny BreizhCrops folder in the published layout.

It is what the ``BreizhCrops`` class (``breizhcrops/datasets/breizhcrops.py``) of github.com/dl4sits/BreizhCrops reads,
and TorchGeo's after it: ``classmapping.csv`` (``id``, ``classname``, ``code``), ``codes.csv`` (``Code Culture``,
``Code Groupe Culture``), and for a year and level each region's index ``<region>.csv`` (``CODE_CULTU``, ``path``,
``sequencelength``, ``id``) and ``<region>.h5``, in which ``path`` is a table of dates x bands with the time of
acquisition ``doa`` in nanoseconds: the last column of L1C, the first of L2A.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

COLUMNS = {
    "L1C": (
        [
            "B1",
            "B2",
            "B3",
            "B4",
            "B5",
            "B6",
            "B7",
            "B8",
            "B8A",
            "B9",
            "B10",
            "B11",
            "B12",
            "QA10",
            "QA20",
            "QA60",
            "doa",
        ]
    ),
    "L2A": ["doa", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12", "CLD", "EDG", "SAT"],
}
DAYS = np.array(["2017-01-05", "2017-01-15", "2017-04-02", "2017-07-19"], dtype="datetime64[D]")
#: Region, parcel id and crop code; OTH is in no table.
PARCELS = [
    ("frh01", "100", "BTH"),
    ("frh01", "101", "PPH"),
    ("frh02", "200", "MIS"),
    ("frh02", "201", "BTH"),
    ("frh02", "202", "OTH"),
]
CLASSES = ",id,classname,code\n0,1,wheat,BTH\n1,3,corn,MIS\n2,7,permanent meadows,PPH\n3,3,corn,MIE\n"
CODES = (
    "Code Culture;Libellé Culture;Code Groupe Culture;Libellé Groupe Culture\n"
    "BTH;Blé tendre d'hiver;1;Blé tendre\nMIS;Maïs;2;Maïs grain et ensilage\nPPH;Prairie permanente;18;Prairies permanentes\n"
)


def table(level: str, parcel_id: str) -> np.ndarray:
    """``(dates, columns)`` float64 of a parcel; each parcel was seen at its own hour."""
    rng = np.random.default_rng(int(parcel_id))
    names = COLUMNS[level]
    values = rng.uniform(800, 4000, (len(DAYS), len(names)))
    if "B10" in names:
        values[:, names.index("B10")] = rng.uniform(5, 20, len(DAYS))
    hours = DAYS.astype("datetime64[ns]").astype(np.int64) + 11 * 3600 * 10**9
    values[:, names.index("doa")] = hours
    return values


def place(region: str, parcel_id: str) -> str:
    return f"csv/{region}/{parcel_id}.csv"


def archive(root: Path, level: str = "L1C") -> Path:
    folder = root / "2017" / level
    folder.mkdir(parents=True)
    (root / "classmapping.csv").write_text(CLASSES, encoding="utf-8")
    (root / "codes.csv").write_text(CODES, encoding="utf-8")
    for region in ("frh01", "frh02"):
        rows = [(i, *parcel) for i, parcel in enumerate(PARCELS) if parcel[0] == region]
        lines = [
            f"{i},{code},{place(region, parcel)},12.5,{len(DAYS)},{parcel}" for i, _, parcel, code in rows
        ]
        (folder / f"{region}.csv").write_text(
            "\n".join(["idx,CODE_CULTU,path,meanQA60,sequencelength,id", *lines]) + "\n"
        )
        with h5py.File(folder / f"{region}.h5", "w") as file:
            for _, _, parcel, _ in rows:
                file.create_dataset(place(region, parcel), data=table(level, parcel))
    return root
