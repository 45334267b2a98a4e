"""A run of one's own as a result: what its folder says of classes, figures, predictions and attention.

The files themselves, and who writes them, are in ``run_folder``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from cropdash.nomenclature import CLASSIFIERS, experiment_name
from cropdash.runs.attention_store import AttentionTable
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.predictions import open_predictions, read_predictions
from cropdash.runs.results import Result
from cropdash.runs.run_folder import ATTENTION, METRICS, PREDICTIONS, RunFolder
from cropdash.runs.temperature import Temperature

log = logging.getLogger(__name__)


class Run(Result):
    """A run of one's own as a result.

    Raises:
        ValueError: a file is missing or malformed; the message names file and field.
    """

    kind = "run"

    def __init__(self, folder: RunFolder | str | Path, *, id: str | None = None) -> None:
        self.folder = folder if isinstance(folder, RunFolder) else RunFolder(folder)
        self.id = id or self.folder.path.name
        facts = self.folder.facts()
        self.sensors, self.fusion, self.seed = facts.sensors, facts.fusion, facts.seed
        on_common_dates = facts.fusion.needs_common_dates and facts.classifier == "network"
        self.interpolation = facts.interpolation if on_common_dates else None
        self.classifier = facts.classifier
        self.experiment = experiment_name(facts.sensors, facts.fusion, facts.interpolation, facts.classifier)
        self.label = facts.name or self.experiment + ("" if facts.seed is None else f", seed {facts.seed}")
        self.data = facts.data
        self._test = list(facts.regions.test)
        observed = self.folder.status()
        self.progress = observed
        self.status = observed.state
        self.error = observed.error
        self.summary = self.folder.summary()
        self.classes = self.summary.classes if self.summary else ()
        self.simulated = bool(self.summary and self.summary.simulated) or bool(
            self.folder.provenance().get("simulated", False)
        )
        self._counted: dict[tuple[str, ...] | None, ConfusionMatrix] = {}

    @property
    def codes(self) -> list[int]:
        return [c.code for c in self.classes]

    @cached_property
    def caveats(self) -> list[str]:
        caveats = []
        if self.simulated:
            caveats.append("Simulated data: the figures say nothing about real crops.")
        if self.folder.spec().get("shuffle_labels"):
            caveats.append(
                "Control experiment: trained on shuffled labels, so that a sound model stays at chance."
            )
        if self.status != "finished" and self._has(PREDICTIONS):
            caveats.append(f"The run is {self.status}; its figures may be of an earlier attempt.")
        return [*caveats, *(f"A file of the run cannot be read: {fault}" for fault in self.faults.values())]

    @cached_property
    def faults(self) -> dict[str, str]:
        """Why a table of the folder that is there cannot be read, by its name; such a table counts as missing.

        Looked at once: the library makes another object of a folder that has changed.
        """
        looks: dict[str, Callable[[Path], Any]] = {METRICS: lambda _: self.folder.metrics()}
        if self.classes:
            looks |= {
                PREDICTIONS: lambda path: open_predictions(path, self.codes).close(),
                ATTENTION: AttentionTable,
            }
        faults = {}
        for name, look in looks.items():
            path = self.folder.file(name)
            if path.exists():
                try:
                    look(path)
                except ValueError as error:
                    log.warning("a file of the run %s cannot be read: %s", self.id, error)
                    # Who reads of it knows the run, and need not know where the server keeps it.
                    faults[name] = str(error).replace(str(self.folder.path), self.id)
        return faults

    @property
    def missing(self) -> dict[str, str]:
        why = {
            "queued": "The run has not started yet.",
            "running": "The run is still training.",
            "cancelled": "The run was cancelled before it was evaluated.",
            "failed": f"The run failed: {self.error or 'no reason was given'}.",
            "interrupted": f"The run was interrupted. {self.error or ''}".strip(),
            "finished": "The run's folder does not hold them.",
        }[self.status]

        def because(name: str) -> str:
            return f"The file cannot be read: {self.faults[name]}" if name in self.faults else why

        missing: dict[str, str] = {}
        if not self._has(PREDICTIONS):
            missing |= {
                "confusion": f"No predictions. {because(PREDICTIONS)}",
                "parcels": f"No predictions of parcels. {because(PREDICTIONS)}",
                "outlines": f"No predictions to draw. {because(PREDICTIONS)}",
            }
        if self.classifier != "network":
            kind = CLASSIFIERS.get(self.classifier, self.classifier)
            missing["attention"] = f"No attention: a {kind} has none. Only networks weigh dates by attention."
        elif not self._has(ATTENTION):
            missing["attention"] = f"No attention. {because(ATTENTION)}"
        if not self._has(METRICS):
            if self.classifier == "random_forest":
                why = "The trees of a random forest grow independently, so that there are no epochs."
            missing["history"] = f"No training history. {because(METRICS)}"
        return missing

    def regions(self) -> list[str]:
        return list(self._test)

    def confusion(self, regions: Sequence[str] | None = None) -> ConfusionMatrix | None:
        self._check(regions)
        if not self._has(PREDICTIONS):
            return None
        key = None if regions is None else tuple(sorted(set(regions)))
        if key not in self._counted:
            table = read_predictions(
                self.folder.file(PREDICTIONS), self.codes, regions=key, columns=["truth", "predicted"]
            )
            try:
                self._counted[key] = ConfusionMatrix.from_labels(
                    table["truth"].to_numpy(), table["predicted"].to_numpy(), [c.name for c in self.classes]
                )
            except ValueError as error:
                raise ValueError(f"{self.folder.file(PREDICTIONS)}: {error}") from None
        return self._counted[key]

    def predictions(self, regions: Sequence[str] | None = None) -> pd.DataFrame | None:
        self._check(regions)
        if not self._has(PREDICTIONS):
            return None
        return read_predictions(self.folder.file(PREDICTIONS), self.codes, regions=regions)

    def history(self) -> pd.DataFrame | None:
        return self.folder.metrics() if self._has(METRICS) else None

    @property
    def attention(self) -> AttentionTable | None:
        return AttentionTable(self.folder.file(ATTENTION)) if self._has(ATTENTION) else None

    @property
    def temperature(self) -> Temperature | None:
        """What its probabilities are divided by where calibrated ones are asked for; None where none was fitted.

        Raises:
            ValueError: the file is malformed; the message names it and the field.
        """
        return Temperature.read(self.folder.path)

    def _has(self, name: str) -> bool:
        """Predictions and attention need the classes, which the summary names."""
        needs_classes = name in (PREDICTIONS, ATTENTION)
        there = self.folder.file(name).exists() and (bool(self.classes) or not needs_classes)
        return there and name not in self.faults
