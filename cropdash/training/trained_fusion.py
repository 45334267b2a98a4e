"""Two models that were trained apart as one: their class probabilities joined by the rule of a fused run.

The fused run itself keeps answers for its test parcels only. Its models are those of the two runs that it names, which
lie beside it in the folder of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import Fusion
from cropdash.runs.run import Run
from cropdash.training.evaluation import Answers
from cropdash.training.experiment import Device, ExperimentSpec
from cropdash.training.summary import TrainingSummary
from cropdash.training.trained_model import ModelAnswers, TrainedModel, load_model


@dataclass(frozen=True)
class TrainedFusion:
    """A fused run's two models; see :class:`~cropdash.training.trained_model.TrainedModel`.

    Attributes:
        spec: the fused run's: the radar run's with both sensors, and the optical run's Sentinel-2 dates.
        summary: the radar run's, with the bands of both.
        members: of Sentinel-1 alone, and of Sentinel-2 alone.
        given: the sensors that parcels are given, as if they had no date of the others; all if None.
    """

    spec: ExperimentSpec
    summary: TrainingSummary
    members: tuple[TrainedModel, TrainedModel]
    given: tuple[str, ...] | None = None

    def answer(
        self,
        store: ParcelStore,
        rows: np.ndarray,
        index: np.ndarray | None = None,
        *,
        on_batch: Callable[[int], None] | None = None,
    ) -> ModelAnswers:
        """See :meth:`TrainedModel.answer`. A parcel that one model cannot answer for is answered by the other."""
        from cropdash.models.decision import average, product

        place = {row: i for i, row in enumerate(rows.tolist())}
        likely = np.full((2, len(rows), len(self.summary.classes)), np.nan, dtype=np.float32)
        there = np.zeros((2, len(rows)), dtype=bool)
        reasons: list[list[str]] = [[] for _ in rows]
        batches = 0

        def counted(_: int) -> None:
            nonlocal batches
            batches += 1
            if on_batch is not None:
                on_batch(batches)

        for number, member in enumerate(self.members):
            if self.given is not None and member.spec.sensors[0] not in self.given:
                for why in reasons:
                    why.append(f"no date of {member.spec.sensors[0]}")
                continue
            said = member.answer(store, rows, index, on_batch=counted)
            if said.answers is not None:
                where = np.array([place[row] for row in said.answers.rows.tolist()], dtype=np.int64)
                likely[number, where], there[number, where] = said.answers.probabilities, True
            for row, reason in said.left_out.items():
                reasons[place[row]].append(reason)
        answered = there[0] | there[1]
        left_out = {row: "; ".join(dict.fromkeys(reasons[i])) for row, i in place.items() if not answered[i]}
        if not answered.any():
            return ModelAnswers(None, left_out)
        rule = average if self.spec.fusion is Fusion.SOFTMAX_AVG else product
        own = rows[answered].astype(np.int64)
        truth = np.full(len(own), -1, dtype=np.int64) if index is None else index[own].astype(np.int64)
        return ModelAnswers(
            Answers(own, truth, rule(*likely[:, answered], *there[:, answered]), float("nan")), left_out
        )

    def of_members(self, changed: Callable[[TrainedModel], TrainedModel]) -> TrainedFusion:
        """The same fusion of other models."""
        first, second = self.members
        return replace(self, members=(changed(first), changed(second)))


def load_fusion(run: Run, device: Device | None = None) -> TrainedFusion:
    """The two models of a fused run.

    Args:
        device: where networks are to answer.

    Raises:
        ValueError: the run is not finished; one of its sources is not beside it, has no model, or was trained anew on
            other data since.
    """
    if run.status != "finished":
        raise ValueError(f"{run.folder.path} is {run.status}; only a finished run can predict")
    content = run.folder.spec()
    first, second = sources = source_runs(run)
    models = load_model(first, device), load_model(second, device)
    if [list(model.spec.sensors) for model in models] != [["S1"], ["S2"]]:
        raise ValueError(f"{run.folder.path}: its sources must be a run of S1 alone and one of S2 alone")
    if any(source.codes != run.codes for source in sources):
        raise ValueError(f"{run.folder.path} and its sources differ in their classes; fuse them anew")
    summary = models[0].summary
    return TrainedFusion(
        _spec(content),
        summary.model_copy(
            update={
                "experiment": run.experiment,
                "bands": {**summary.bands, **models[1].summary.bands},
                "parameters": sum(model.summary.parameters for model in models),
            }
        ),
        models,
    )


def source_runs(run: Run) -> tuple[Run, Run]:
    """The two runs that a run was fused from, which lie beside it.

    Raises:
        ValueError: one is gone or is not the run that was fused; the message says which and what to do.
    """
    names = run.folder.spec().get("sources")
    # Names come from a file: nothing outside the folder of runs is opened for them.
    if not isinstance(names, list) or len(names) != 2 or not all(map(_is_plain, names)):
        raise ValueError(f"{run.folder.path}: sources must be the names of two runs, not {names!r}")
    first, second = (_source(run, name) for name in names)
    return first, second


def _is_plain(name: object) -> bool:
    return isinstance(name, str) and name not in ("", ".", "..") and Path(name).name == name


def _source(run: Run, name: str) -> Run:
    fused = run.folder.path
    path = fused.parent / name
    if not path.is_dir():
        raise ValueError(
            f"{fused} was fused from two runs and answers with their models; {name} is not beside it in "
            f"{fused.parent}: put it there, or train it again and fuse anew"
        )
    source = Run(path)
    recorded = run.folder.provenance().get("sources")
    known = recorded.get(name) if isinstance(recorded, Mapping) else None
    if isinstance(known, Mapping) and _made_from(known) != _made_from(source.folder.provenance()):
        raise ValueError(f"{path} is not the run any more that {fused} was fused from; fuse anew")
    return source


def _made_from(provenance: Mapping[str, Any]) -> tuple[Any, Any]:
    data = provenance.get("data")
    return provenance.get("fingerprint"), data.get("fingerprint") if isinstance(data, Mapping) else None


def _spec(content: Mapping[str, Any]) -> ExperimentSpec:
    """A fused run's specification; that of two baselines is none that could be trained."""
    own = {name: value for name, value in content.items() if name != "sources"}
    classifier = own.pop("classifier", "network")
    return ExperimentSpec.stored(own).model_copy(update={"classifier": classifier})
