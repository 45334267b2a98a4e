"""Find out which satellite sensors, and which way of fusing them, map crops best.

``import cropdash as cd`` gives the names below; each loads what it needs when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cropdash.analysis.area_estimation import area_estimate
    from cropdash.analysis.attention_aggregate import by_class_and_date
    from cropdash.analysis.calibration import reliability, temperature_effect
    from cropdash.analysis.confusions import largest_confusions
    from cropdash.analysis.paired_tests import paired_tests
    from cropdash.analysis.reproduction import reproduction
    from cropdash.analysis.score_intervals import bootstrap_intervals
    from cropdash.analysis.season import first_reached, published_season, season_table
    from cropdash.analysis.season_parts import evaluated_table
    from cropdash.analysis.seed_difference import seed_difference
    from cropdash.analysis.seed_groups import seed_groups
    from cropdash.analysis.transfer_drop import transfer_drop
    from cropdash.datasets.store import ParcelStore
    from cropdash.nomenclature import Fusion, Nomenclature
    from cropdash.preparation.prepare import prepare
    from cropdash.preparation.recipe import Recipe
    from cropdash.readers.breizhcrops import import_breizhcrops
    from cropdash.readers.eurocropsml import import_eurocropsml
    from cropdash.readers.inspection import inspect
    from cropdash.readers.pixel_set import import_pixel_set
    from cropdash.readers.reference_layout import import_reference
    from cropdash.readers.timematch import import_timematch
    from cropdash.readers.worldcereal import import_worldcereal
    from cropdash.runs.archive import export_run, import_run
    from cropdash.runs.library import RunLibrary, open_result
    from cropdash.runs.published import published
    from cropdash.simulation.finistere import simulate_finistere
    from cropdash.training.attention_evidence import attention_evidence
    from cropdash.training.calibrate import calibrate
    from cropdash.training.demo import demo_runs, demo_store
    from cropdash.training.experiment import ExperimentSpec
    from cropdash.training.fuse import fuse
    from cropdash.training.grid.definition import open_grid
    from cropdash.training.grid.run_grid import run_grid
    from cropdash.training.predict import predict
    from cropdash.training.season_evaluation import evaluate_parts, given_parts
    from cropdash.training.train import train
    from cropdash.training.transfer import transfer
    from cropdash.training.wide_prediction.predict_wide import predict_wide
    from cropdash.training.wide_prediction.simulated_source import SimulatedSource

_HOMES = {
    "ExperimentSpec": "cropdash.training.experiment",
    "Fusion": "cropdash.nomenclature",
    "Nomenclature": "cropdash.nomenclature",
    "ParcelStore": "cropdash.datasets.store",
    "Recipe": "cropdash.preparation.recipe",
    "RunLibrary": "cropdash.runs.library",
    "SimulatedSource": "cropdash.training.wide_prediction.simulated_source",
    "area_estimate": "cropdash.analysis.area_estimation",
    "attention_evidence": "cropdash.training.attention_evidence",
    "bootstrap_intervals": "cropdash.analysis.score_intervals",
    "by_class_and_date": "cropdash.analysis.attention_aggregate",
    "calibrate": "cropdash.training.calibrate",
    "demo_runs": "cropdash.training.demo",
    "demo_store": "cropdash.training.demo",
    "evaluate_parts": "cropdash.training.season_evaluation",
    "evaluated_table": "cropdash.analysis.season_parts",
    "export_run": "cropdash.runs.archive",
    "first_reached": "cropdash.analysis.season",
    "fuse": "cropdash.training.fuse",
    "given_parts": "cropdash.training.season_evaluation",
    "import_breizhcrops": "cropdash.readers.breizhcrops",
    "import_eurocropsml": "cropdash.readers.eurocropsml",
    "import_pixel_set": "cropdash.readers.pixel_set",
    "import_reference": "cropdash.readers.reference_layout",
    "import_run": "cropdash.runs.archive",
    "import_timematch": "cropdash.readers.timematch",
    "import_worldcereal": "cropdash.readers.worldcereal",
    "inspect": "cropdash.readers.inspection",
    "largest_confusions": "cropdash.analysis.confusions",
    "open_grid": "cropdash.training.grid.definition",
    "open_result": "cropdash.runs.library",
    "paired_tests": "cropdash.analysis.paired_tests",
    "predict": "cropdash.training.predict",
    "predict_wide": "cropdash.training.wide_prediction.predict_wide",
    "prepare": "cropdash.preparation.prepare",
    "published": "cropdash.runs.published",
    "published_season": "cropdash.analysis.season",
    "reliability": "cropdash.analysis.calibration",
    "reproduction": "cropdash.analysis.reproduction",
    "run_grid": "cropdash.training.grid.run_grid",
    "season_table": "cropdash.analysis.season",
    "seed_difference": "cropdash.analysis.seed_difference",
    "seed_groups": "cropdash.analysis.seed_groups",
    "simulate_finistere": "cropdash.simulation.finistere",
    "temperature_effect": "cropdash.analysis.calibration",
    "train": "cropdash.training.train",
    "transfer": "cropdash.training.transfer",
    "transfer_drop": "cropdash.analysis.transfer_drop",
}

__version__ = "0.1.0"
__all__ = [
    "ExperimentSpec",
    "Fusion",
    "Nomenclature",
    "ParcelStore",
    "Recipe",
    "RunLibrary",
    "SimulatedSource",
    "area_estimate",
    "attention_evidence",
    "bootstrap_intervals",
    "by_class_and_date",
    "calibrate",
    "demo_runs",
    "demo_store",
    "evaluate_parts",
    "evaluated_table",
    "export_run",
    "first_reached",
    "fuse",
    "given_parts",
    "import_breizhcrops",
    "import_eurocropsml",
    "import_pixel_set",
    "import_reference",
    "import_run",
    "import_timematch",
    "import_worldcereal",
    "inspect",
    "largest_confusions",
    "open_grid",
    "open_result",
    "paired_tests",
    "predict",
    "predict_wide",
    "prepare",
    "published",
    "published_season",
    "reliability",
    "reproduction",
    "run_grid",
    "season_table",
    "seed_difference",
    "seed_groups",
    "simulate_finistere",
    "temperature_effect",
    "train",
    "transfer",
    "transfer_drop",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cropdash' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
