"""Temperature scaling: one number that makes a run as sure as it is right, and changes none of its answers.

Guo et al. (2017), ICML, "On calibration of modern neural networks", section 4.2. Scores are divided by a
temperature before the softmax. Here the scores are the logarithms of the probabilities, which differ from a
network's own by a constant a parcel that the softmax takes away again; so it works alike for decision fusion and
for forests. A temperature above 1 makes a run less sure. It is fitted on the validation regions, kept in a file
of the run, and applied when it is asked for: the run's predictions stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cropdash.atomic import write_text
from cropdash.json_file import read_json
from cropdash.runs.predictions import probability_columns

TEMPERATURE = "calibration.json"
#: Where all validation parcels are right, the best temperature would be 0: no run is made surer than by this.
LOWEST, HIGHEST = 0.05, 20.0
#: Probabilities below it count as this much: a forest gives classes that no tree saw exactly 0.
_LEAST_PROBABILITY = 1e-6


class Temperature(BaseModel):
    """A fitted temperature.

    Attributes:
        temperature: to divide scores by.
        regions: that it was fitted on.
        parcels: how many.
        loss_before, loss_after: mean negative log-likelihood of their labels, in nats.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    temperature: float = Field(ge=LOWEST, le=HIGHEST)
    regions: tuple[str, ...]
    parcels: int = Field(ge=1)
    loss_before: float
    loss_after: float

    @classmethod
    def fit(cls, probabilities: np.ndarray, truth: np.ndarray, regions: Sequence[str]) -> Self:
        """The temperature under which the labels are most likely.

        Args:
            probabilities: ``(parcels, classes)``; rows of NaN are left out.
            truth: ``(parcels,)`` class index; parcels of -1 are left out.
            regions: where the parcels lie.

        Raises:
            ValueError: no parcel has both a label and probabilities.
        """
        from scipy.optimize import minimize_scalar

        known = (np.asarray(truth) >= 0) & ~np.isnan(probabilities).any(axis=1)
        if not known.any():
            raise ValueError(
                f"a temperature needs parcels with a label and a prediction; {', '.join(regions)} have none"
            )
        scores, labels = _scores(probabilities[known]), np.asarray(truth)[known]

        def loss(logarithm: float) -> float:
            return _loss(scores / np.exp(logarithm), labels)

        # Convex in 1/temperature, so that there is one minimum to be found.
        bounds = (np.log(LOWEST), np.log(HIGHEST))
        found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
        best = min((float(found.x), *bounds), key=loss)
        return cls(
            temperature=float(np.clip(np.exp(best), LOWEST, HIGHEST)),
            regions=tuple(regions),
            parcels=int(known.sum()),
            loss_before=_loss(scores, labels),
            loss_after=loss(best),
        )

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        """Probabilities ``(parcels, classes)`` at this temperature, float32; rows of NaN stay so."""
        scaled = _scores(probabilities) / self.temperature
        likely = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(likely / likely.sum(axis=1, keepdims=True), dtype=np.float32)

    def apply_to(self, predictions: pd.DataFrame, codes: Sequence[int]) -> pd.DataFrame:
        """A table of predictions with its probabilities at this temperature; the predicted classes are the same.

        Args:
            predictions: as :mod:`cropdash.runs.predictions` has it.
            codes: class codes in the order of the class indices.
        """
        columns = probability_columns(codes)
        scaled = self.apply(predictions[columns].to_numpy(np.float64))
        return predictions.assign(**dict(zip(columns, scaled.T, strict=True)))

    def write(self, folder: Path) -> None:
        """Keep it in a run's folder."""
        write_text(folder / TEMPERATURE, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The temperature of a run, or None where none was fitted.

        Raises:
            ValueError: the file is malformed; the message names it and the field.
        """
        path = folder / TEMPERATURE
        if not path.exists():
            return None
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "file"
            raise ValueError(f"{path}: {field}: {first['msg']}") from None


def _scores(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _LEAST_PROBABILITY))


def _loss(scores: np.ndarray, labels: np.ndarray) -> float:
    from scipy.special import logsumexp

    return float((logsumexp(scores, axis=1) - scores[np.arange(len(labels)), labels]).mean())
