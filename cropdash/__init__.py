"""Find out which satellite sensors, and which way of fusing them, map crops best.

``import cropdash as cd`` gives the names below; each loads what it needs when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cropdash.analysis.attention_aggregate import by_class_and_date
    from cropdash.datasets.store import ParcelStore
    from cropdash.nomenclature import Fusion, Nomenclature
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
    from cropdash.training.experiment import ExperimentSpec
    from cropdash.training.fuse import fuse
    from cropdash.training.predict import predict
    from cropdash.training.train import train

_HOMES = {
    "ExperimentSpec": "cropdash.training.experiment",
    "Fusion": "cropdash.nomenclature",
    "Nomenclature": "cropdash.nomenclature",
    "ParcelStore": "cropdash.datasets.store",
    "RunLibrary": "cropdash.runs.library",
    "by_class_and_date": "cropdash.analysis.attention_aggregate",
    "export_run": "cropdash.runs.archive",
    "fuse": "cropdash.training.fuse",
    "import_breizhcrops": "cropdash.readers.breizhcrops",
    "import_eurocropsml": "cropdash.readers.eurocropsml",
    "import_pixel_set": "cropdash.readers.pixel_set",
    "import_reference": "cropdash.readers.reference_layout",
    "import_run": "cropdash.runs.archive",
    "import_timematch": "cropdash.readers.timematch",
    "import_worldcereal": "cropdash.readers.worldcereal",
    "inspect": "cropdash.readers.inspection",
    "open_result": "cropdash.runs.library",
    "predict": "cropdash.training.predict",
    "published": "cropdash.runs.published",
    "train": "cropdash.training.train",
}

__version__ = "0.1.0"
__all__ = [
    "ExperimentSpec",
    "Fusion",
    "Nomenclature",
    "ParcelStore",
    "RunLibrary",
    "by_class_and_date",
    "export_run",
    "fuse",
    "import_breizhcrops",
    "import_eurocropsml",
    "import_pixel_set",
    "import_reference",
    "import_run",
    "import_timematch",
    "import_worldcereal",
    "inspect",
    "open_result",
    "predict",
    "published",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cropdash' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
