"""Which Sentinel-2 dates a sparse experiment left each parcel, noted beside the run.

What ``sampling.s2_pool`` and ``sampling.s2_share`` leave is drawn by the seed, so another seed leaves other dates. The
draw can be repeated from specification and data; the table says what came of it without either.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cropdash.atomic import atomic_path
from cropdash.training.setup import SPLITS, Setup, usable_dates

if TYPE_CHECKING:
    import pandas as pd

#: Of a run's folder; there only where dates were drawn.
DRAWN_DATES = "s2_dates.parquet"


def write_drawn_dates(setup: Setup, folder: Path) -> Path | None:
    """Write the table into a run's folder, where the experiment draws dates.

    One row a parcel of the three splits: ``parcel_id``, ``split``, ``acquired`` (Sentinel-2 dates that could
    have been drawn) and ``dates`` (those that were, ascending). Its metadata say seed, pool and share.

    Returns:
        The file; None where the experiment uses all dates.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    sampling = setup.spec.sampling
    if sampling.s2_pool is sampling.s2_share is None or "S2" not in setup.spec.sensors:
        return None
    usable = usable_dates(setup.spec, setup.store, setup.season_origin)["S2"]
    rows = np.concatenate([setup.rows[split] for split in SPLITS])
    drawn = usable.counts[rows]
    ends = np.cumsum(drawn)
    owner = np.repeat(rows, drawn)
    place = np.arange(len(owner)) - np.repeat(ends - drawn, drawn)
    arrays = setup.store.arrays["S2"]
    position = usable.places(owner, place[:, None])[:, 0]
    dates = arrays.dates[arrays.date_offsets[owner] + position]
    table = pa.table(
        {
            "parcel_id": setup.store.parcels["parcel_id"].to_numpy()[rows].astype(str),
            "split": np.repeat(SPLITS, [len(setup.rows[split]) for split in SPLITS]).astype(str),
            "acquired": _could_be_drawn(setup)[rows].astype(np.int16),
            "dates": pa.ListArray.from_arrays(
                np.concatenate([[0], ends]).astype(np.int32), pa.array(dates.astype(np.int32), pa.date32())
            ),
        }
    ).replace_schema_metadata(
        {
            "seed": str(setup.spec.seed),
            "s2_pool": repr(sampling.s2_pool),
            "s2_share": repr(sampling.s2_share),
        }
    )
    path = folder / DRAWN_DATES
    for half_written in folder.glob(f".{path.stem}.{'[0-9a-f]' * 8}{path.suffix}"):
        half_written.unlink(missing_ok=True)  # of a process that was killed
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    return path


def read_drawn_dates(path: str | Path) -> pd.DataFrame:
    """The table that :func:`write_drawn_dates` wrote, indexed by parcel; ``path`` is the run's folder.

    Raises:
        FileNotFoundError: the run drew no dates.
        ValueError: the file is no such table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = Path(path) / DRAWN_DATES
    if not file.is_file():
        raise FileNotFoundError(
            f"{path} holds no {DRAWN_DATES}: only runs with sampling.s2_pool or sampling.s2_share draw dates"
        )
    try:
        table = pq.read_table(file, columns=["parcel_id", "split", "acquired", "dates"])
    except (pa.ArrowInvalid, KeyError) as error:
        raise ValueError(f"{file}: no table of drawn dates ({error})") from None
    return table.to_pandas().set_index("parcel_id")


def _could_be_drawn(setup: Setup) -> np.ndarray:
    """``(store rows,)`` how many dates the season's days leave each parcel, before any are drawn."""
    whole = setup.spec.sampling.model_copy(update={"s2_pool": None, "s2_share": None})
    spec = setup.spec.model_copy(update={"sampling": whole})
    return usable_dates(spec, setup.store, setup.season_origin)["S2"].counts
