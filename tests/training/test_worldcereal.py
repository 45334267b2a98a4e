"""Real series with gaps, one pixel a parcel: the networks train and answer, whatever a parcel lacks.

Nearly half of the Sentinel-2 dates are missing, one test parcel has none at all, and five have none of
Sentinel-1. One pixel a parcel does not test the pixel-set encoder, and so few points rank nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cropdash.datasets.store import ParcelStore
from cropdash.readers.worldcereal import import_worldcereal
from cropdash.runs.run import Run
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.train import train

EXPERIMENTS: dict[str, dict[str, Any]] = {
    "S1": {"sensors": ["S1"]},
    "S2": {"sensors": ["S2"]},
    "early": {"fusion": "early"},
    "pse": {"fusion": "pse"},
    "tsa": {"fusion": "tsa"},
    "softmax_avg": {"fusion": "softmax_avg"},
    "softmax_norm": {"fusion": "softmax_norm"},
}
CLASSES = ("dry pulses legumes", "grasslands", "maize", "sunflower", "wheat")
WITHOUT_S2 = "2023_FRA_LPIS_POLY_110_6394091"


@pytest.fixture(scope="module")
def france(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> ParcelStore:
    out = tmp_path_factory.mktemp("france") / "store"
    source = shared / "data/worldcereal_france/2023_FRA_LPIS_POLY_110.geoparquet"
    import_worldcereal(source, out, classes="CROPTYPE_INSEASON_FRANCE")
    return ParcelStore.open(out)


@pytest.fixture(scope="module")
def trained(france: ParcelStore) -> dict[str, Run]:
    codes = {crop.name: crop.code for crop in france.info.nomenclature.classes}

    def two_epochs(**changes: Any) -> Run:
        spec = ExperimentSpec.model_validate(
            {
                "data": str(france.path),
                # Whole Sentinel-2 tiles: Normandy, Maine, and the south-west.
                "regions": {"train": ["30UYU", "30UYV"], "validation": ["30TYT"], "test": ["30TYP"]},
                "labels": {"keep_classes": [codes[name] for name in CLASSES]},
                "sampling": {"pixels": 2, "eval_pixels": 2},
                "optimisation": {"epochs": 2, "batch_size": 32},
                "device": "cpu",
                "threads": 1,
                **changes,
            }
        )
        return train(spec, france.path.parent / "runs")

    return {name: two_epochs(**changes) for name, changes in EXPERIMENTS.items()}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_losses_and_probabilities_of_one_pixel_sets_are_finite(trained: dict[str, Run], name: str) -> None:
    run = trained[name]
    assert run.status == "finished"
    history, predictions = run.history(), run.predictions()
    assert history is not None
    assert predictions is not None
    assert np.isfinite(history[["train_loss", "val_loss"]].to_numpy(dtype=float)).all()
    answered = predictions["predicted"] >= 0
    assert np.isfinite(predictions.loc[answered].filter(like="probability_").to_numpy(dtype=float)).all()


@pytest.mark.parametrize(
    ("name", "lacking"),
    [("S1", {"S1"}), ("S2", {"S2"}), ("early", {"S1", "S2"}), ("tsa", set())],
)
def test_a_parcel_is_left_out_only_where_the_network_needs_what_it_lacks(
    france: ParcelStore, trained: dict[str, Run], name: str, lacking: set[str]
) -> None:
    predictions = trained[name].predictions()
    assert predictions is not None
    left_out = set(predictions.loc[predictions["predicted"] < 0, "parcel_id"])
    wanted = {
        parcel_id
        for parcel_id in predictions["parcel_id"]
        for sensor in lacking
        if france.series(france.row_of(parcel_id), sensor) is None
    }
    assert left_out == wanted
    assert len(wanted) == {"S1": 5, "S2": 1, "early": 6, "tsa": 0}[name]


def test_a_parcel_that_sentinel_2_never_saw_is_answered_from_sentinel_1(trained: dict[str, Run]) -> None:
    predictions, attention = trained["tsa"].predictions(), trained["tsa"].attention
    assert predictions is not None
    assert attention is not None
    answer = predictions.set_index("parcel_id").loc[WITHOUT_S2]
    assert answer["predicted"] >= 0
    dates, weights = attention.parcel(WITHOUT_S2, "S1")
    assert len(dates) == 43
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-4)
