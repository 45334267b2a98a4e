"""One trained run evaluated on parts of the season, without training anew.

What a part leaves out is as if it had never been acquired: later dates, a share of the optical ones, or a whole
sensor. The counts are kept in the run's folder, where curves are drawn from them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cropdash.datasets.labels import class_index
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import Fusion
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.run import Run
from cropdash.runs.season_parts import SEASON_PARTS, RegionCounts, SeasonPart, SeasonParts, season_parts
from cropdash.training.experiment import Device, ExperimentSpec
from cropdash.training.optimisation import threads_set
from cropdash.training.trained_fusion import TrainedFusion
from cropdash.training.trained_model import TrainedModel, check_bands, load_model
from cropdash.training.trained_network import TrainedNetwork

#: The study's quarters, in days from the origin of its season, and its shares of Sentinel-2 dates below all.
STUDY_DAYS = (92, 182, 273, 365, 457)
STUDY_SHARES = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True)
class Given:
    """What of the season a run is given: see :class:`~cropdash.runs.season_parts.SeasonPart`."""

    days: int | None = None
    s2_share: float | None = None
    sensors: tuple[str, ...] | None = None


def given_parts(
    spec: ExperimentSpec,
    days: Sequence[int] = (),
    s2_shares: Sequence[float] = (),
    sensors: Sequence[str] = (),
) -> list[Given]:
    """The parts to evaluate a run on.

    Args:
        spec: of the run.
        days, s2_shares: each is a part of its own.
        sensors: each alone, with the whole season and with every one of ``days``.

    Returns:
        The whole season and these parts; the study's quarters, its shares of Sentinel-2 dates and each sensor
        alone, as far as they make sense for the run, if none is named.
    """
    if not (days or s2_shares or sensors):
        days = STUDY_DAYS
        s2_shares = STUDY_SHARES if "S2" in spec.sensors else ()
        alone = spec.fusion is not Fusion.NONE and not spec.fusion.needs_common_dates
        sensors = spec.sensors if alone else ()
    whole = [Given(), *(Given(days=day) for day in days), *(Given(s2_share=share) for share in s2_shares)]
    return whole + [Given(days=day, sensors=(one,)) for one in sensors for day in (None, *days)]


def evaluate_parts(
    run: Run | str | Path,
    parts: Sequence[Given],
    store: ParcelStore | None = None,
    *,
    on_part: Callable[[int, int], None] | None = None,
    device: Device | None = None,
) -> SeasonParts:
    """Evaluate a finished run on parts of its test regions' season and add the counts to its folder.

    Args:
        run: a finished run, or its folder.
        store: the run's data set, if it is open or lies elsewhere now.
        on_part: called with the parts done and their number.
        device: where to compute; see :func:`~cropdash.training.predict.predict`.

    Returns:
        All that the folder now holds, of these parts and earlier ones.

    Raises:
        FileNotFoundError: the data set is not where the run's specification says.
        ValueError: the run is not finished, the data set has changed, or a part makes no sense for the run.
    """
    run = run if isinstance(run, Run) else Run(run)
    model = load_model(run, device)
    store = store or ParcelStore.open(model.spec.data)
    _check_data(run, store)
    check_bands(model, store)
    summary = model.summary
    index = class_index(store.parcels[summary.label_field].to_numpy(), summary.classes, summary.merge)
    rows = store.rows(model.spec.regions.test)
    rows = rows[index[rows] >= 0]
    models = [_limited(model, part) for part in parts]
    evaluated = []
    with threads_set(model.spec.threads):
        for done, (part, limited) in enumerate(zip(parts, models, strict=True), start=1):
            answers = limited.answer(store, rows, index).answers
            predicted = np.full(len(store), -1, dtype=np.int64)
            if answers is not None:
                predicted[answers.rows] = answers.predicted
            evaluated.append(_counted(part, limited, store, rows, index, predicted))
            if on_part is not None:
                on_part(done, len(parts))
    known = season_parts(run) or SeasonParts(codes=tuple(c.code for c in summary.classes), parts=())
    joined = known.joined(evaluated)
    joined.write(run.folder.file(SEASON_PARTS))
    return joined


def _limited(model: TrainedModel, part: Given) -> TrainedModel:
    """The same model, which sees this part of the season only."""
    spec = model.spec
    if part.s2_share is not None and "S2" not in spec.sensors:
        raise ValueError(f"a share of the Sentinel-2 dates makes no sense for a run of {spec.experiment}")
    own = spec.sampling
    days = own.days if part.days is None else part.days if own.days is None else min(part.days, own.days)
    # Checked as a specification's own fields are.
    sampling = type(own).model_validate(
        own.model_dump()
        | {"days": days, "s2_share": own.s2_share if part.s2_share is None else part.s2_share}
    )
    if isinstance(model, TrainedFusion):
        model = _members_limited(model, part)
    limited: TrainedModel = replace(model, spec=spec.model_copy(update={"sampling": sampling}))  # type: ignore[type-var]
    if part.sensors is None or part.sensors == spec.sensors:
        return limited
    if (
        not isinstance(limited, TrainedNetwork | TrainedFusion)
        or spec.fusion is Fusion.NONE
        or spec.fusion.needs_common_dates
    ):
        raise ValueError(
            f"a run of {spec.experiment} cannot answer from {' and '.join(part.sensors)} alone; fusion tsa, softmax_avg "
            "and softmax_norm can"
        )
    if unknown := [name for name in part.sensors if name not in spec.sensors]:
        raise ValueError(f"the run has no sensor {', '.join(unknown)}; it has {', '.join(spec.sensors)}")
    return replace(limited, given=part.sensors)


def _members_limited(model: TrainedFusion, part: Given) -> TrainedFusion:
    """Each of two models with what of the part concerns its sensor."""
    if part.days is not None and len({member.summary.season_origin for member in model.members}) > 1:
        origins = " and ".join(member.summary.season_origin for member in model.members)
        raise ValueError(
            f"the two runs count days from different origins ({origins}), so none are first of both"
        )
    share = part.s2_share
    return model.of_members(
        lambda member: _limited(
            member, Given(days=part.days, s2_share=share if "S2" in member.spec.sensors else None)
        )
    )


def _counted(
    part: Given,
    model: TrainedModel,
    store: ParcelStore,
    rows: np.ndarray,
    index: np.ndarray,
    predicted: np.ndarray,
) -> SeasonPart:
    names = tuple(crop.name for crop in model.summary.classes)
    region = store.parcels["region"].to_numpy(dtype=object)[rows]
    counts = {}
    for name in model.spec.regions.test:
        own = rows[region == name]
        counts[name] = RegionCounts.of(ConfusionMatrix.from_labels(index[own], predicted[own], names))
    return SeasonPart(
        days=model.spec.sampling.days,
        s2_share=model.spec.sampling.s2_share,
        sensors=part.sensors or model.spec.sensors,
        regions=counts,
    )


def _check_data(run: Run, store: ParcelStore) -> None:
    data = run.folder.provenance().get("data")
    known = data.get("fingerprint") if isinstance(data, dict) else None
    if known != store.info.fingerprint:
        raise ValueError(
            f"{store.path} is not the data set that {run.folder.path} was trained on, or has changed since; "
            "cropdash transfer evaluates a run on another one"
        )
