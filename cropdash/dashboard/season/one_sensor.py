"""What becomes of the chosen models where one sensor is missing, beside models that were trained for the other alone.

Plain values in and out, no widget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cropdash.analysis.seed_groups import seed_groups
from cropdash.analysis.sensors_given import TrainedFor, can_answer_alone, sensors_given_table, trained_for
from cropdash.dashboard.compare.over_seeds import group_name
from cropdash.dashboard.run_words import figure, listed
from cropdash.dashboard.season.own_runs import season_shift
from cropdash.nomenclature import SENSORS
from cropdash.runs.results import Result
from cropdash.runs.run import Run

_ONLY = {"S1": "radar only", "S2": "optical images only"}
#: How a line of each kind is drawn, and what it is called.
BOTH, ALONE, TRAINED = "both sensors", "this sensor only", "trained for this sensor only"


@dataclass(frozen=True, eq=False)
class Model:
    """A chosen model, over its seeds.

    Attributes:
        id: the chosen run that it is drawn as.
        name: in words.
        runs: its seeds.
        table: of :func:`~cropdash.analysis.sensors_given.sensors_given_table`.
        trained: by sensor, the models that were trained with it alone.
    """

    id: str
    name: str
    runs: tuple[Run, ...]
    table: pd.DataFrame
    trained: Mapping[str, TrainedFor]

    @property
    def sensors(self) -> tuple[str, ...]:
        return self.runs[0].sensors

    @property
    def shift(self) -> float:
        """Days from the start of the study's season to that of this model's."""
        return season_shift(self.runs[0])


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a picture.

    Attributes:
        model: the one that it belongs to.
        kind: :data:`BOTH`, :data:`ALONE` or :data:`TRAINED`.
        name: in words.
        points: ``days`` (NaN is the whole season), ``value``, ``sd``, ``runs``; in the order of the days.
        runs: behind it.
    """

    model: Model
    kind: str
    name: str
    points: pd.DataFrame
    runs: tuple[Run, ...]


def chosen_models(
    results: Sequence[Result], chosen: Sequence[str], regions: Sequence[str] | None = None
) -> list[Model]:
    """The chosen runs that were evaluated with one sensor alone, seeds of one model as one, in the order of choice.

    Args:
        results: of the data set.
        chosen: ids.
        regions: test regions to take the scores over; all if not given.
    """
    runs = [one for one in results if isinstance(one, Run) and one.classes]
    of_run = {run.id: group for group in seed_groups(runs, regions) for run in group.results}
    models: dict[str, Model] = {}
    for run_id in chosen:
        group = of_run.get(run_id)
        if group is None or group.key in models or not can_answer_alone(group.results[0]):
            continue
        seeds = [run for run in group.results if isinstance(run, Run)]
        table = sensors_given_table(seeds, regions)
        if len(table):
            trained = {name: trained_for(name, seeds[0], runs, regions) for name in seeds[0].sensors}
            models[group.key] = Model(run_id, group_name(group), tuple(seeds), table, trained)
    return list(models.values())


def able(results: Sequence[Result]) -> list[Run]:
    """Those that ``cropdash evaluate`` can give one sensor alone."""
    return [one for one in results if isinstance(one, Run) and can_answer_alone(one)]


def lines(models: Sequence[Model], sensor: str, metric: str, crop: int | None = None) -> list[Line]:
    """The lines of the picture of one sensor.

    Args:
        metric: over all classes, or of the one of code ``crop``.
    """
    drawn: list[Line] = []
    known: set[tuple[str, ...]] = set()
    for model in models:
        for given, kind in (("+".join(model.sensors), BOTH), (sensor, ALONE)):
            points = _points(model.table[model.table["given"] == given], metric, crop)
            drawn.append(Line(model, kind, f"{model.name}, {_given(given)}", points, model.runs))
        trained = model.trained.get(sensor)
        key = () if trained is None else tuple(run.id for run in trained.runs)
        if trained is not None and key and key not in known:
            known.add(key)
            name = f"Trained with {SENSORS[sensor].label} alone"
            drawn.append(Line(model, TRAINED, name, _points(trained.table, metric, crop), trained.runs))
    return [line for line in drawn if len(line.points)]


def sentence(models: Sequence[Model], metric: str, name: str, crop: int | None = None) -> str:
    """What the first model loses without a sensor, with as much of the season as it was evaluated with.

    Args:
        metric, crop: as of :func:`lines`.
        name: of the figure, within a sentence.
    """
    model = models[0]
    both = _at_most_days(_points(model.table[model.table["given"] == "+".join(model.sensors)], metric, crop))
    if both is None:
        return ""
    parts = [f"{figure(metric, float(both['value']))} with both sensors"]
    trained = []
    for sensor in model.sensors:
        alone = _same_days(_points(model.table[model.table["given"] == sensor], metric, crop), both)
        if alone is None:
            continue
        parts.append(f"{figure(metric, alone)} with {_ONLY[sensor]}")
        own = _same_days(_points(model.trained[sensor].table, metric, crop), both)
        if own is not None:
            trained.append(f"{figure(metric, own)} with {_ONLY[sensor].removesuffix(' only')}")
    said = f"{model.name}: {name} of {listed(parts)}."
    if trained:
        said += f" Models trained for one sensor alone reach {listed(trained)}."
    return said


def figures_table(models: Sequence[Model], crop: int | None = None, metric: str = "f1") -> pd.DataFrame:
    """A row a model and what it was given, over the whole season or as much of it as there is.

    Args:
        crop: adds the figure ``metric`` of one class.

    Returns:
        ``id``, ``model``, ``given``, ``days`` (NaN is the whole season), ``macro_f1``, ``macro_f1_sd``, ``accuracy``,
        ``accuracy_sd`` (0 to 1; spreads over the seeds), the class's figure as ``class_figure``, and ``seeds``.
    """
    rows = []
    known: set[tuple[str, ...]] = set()
    for model in models:
        by_given = {
            given: model.table[model.table["given"] == given]
            for given in ("+".join(model.sensors), *model.sensors)
        }
        last = _at_most_days(_points(by_given["+".join(model.sensors)], "accuracy", None))
        for given, table in by_given.items():
            rows.append(_row(model.name, _given(given), table, last, crop, metric))
        for sensor, trained in model.trained.items():
            key = tuple(run.id for run in trained.runs)
            if key and key not in known:
                known.add(key)
                name = f"Trained with {SENSORS[sensor].label} alone"
                rows.append(_row(name, _given(sensor), trained.table, last, crop, metric))
    table = pd.DataFrame([row for row in rows if row is not None])
    table.insert(0, "id", range(len(table)))
    return table if crop is not None else table.drop(columns="class_figure")


def picture_data(drawn: Sequence[Line], sensor: str, metric: str) -> pd.DataFrame:
    """The points of one picture, as they are downloaded: units named."""
    frames = [
        pd.DataFrame(
            {
                "model": line.model.name if line.kind != TRAINED else line.name,
                "given": SENSORS[sensor].label if line.kind != BOTH else "both sensors",
                "trained with": SENSORS[sensor].label if line.kind == TRAINED else "both sensors",
                "days of data (empty: whole season)": line.points["days"],
                "figure": metric,
                "value (0 to 1)": line.points["value"],
                "standard deviation over seeds": line.points["sd"],
                "runs": line.points["runs"],
            }
        )
        for line in drawn
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _given(given: str) -> str:
    return _ONLY.get(given, "both sensors")


def _points(table: pd.DataFrame, metric: str, crop: int | None) -> pd.DataFrame:
    of_class = table["code"].isna() if crop is None else (table["code"] == crop).fillna(False)
    found = table[(table["metric"] == metric) & of_class].dropna(subset="value")
    return found.sort_values("days", na_position="last")[["days", "value", "sd", "runs"]].astype(float)


def _at_most_days(points: pd.DataFrame) -> pd.Series | None:
    """The point with most of the season."""
    return points.iloc[-1] if len(points) else None


def _same_days(points: pd.DataFrame, like: pd.Series) -> float | None:
    days = float(like["days"])
    found = points[points["days"].isna() if np.isnan(days) else points["days"] == days]
    return float(found["value"].iloc[0]) if len(found) else None


def _row(
    model: str, given: str, table: pd.DataFrame, like: pd.Series | None, crop: int | None, metric: str
) -> dict[str, object] | None:
    if like is None:
        return None
    found: dict[str, object] = {"model": model, "given": given}
    days = float(like["days"])
    here = table[table["days"].isna() if np.isnan(days) else table["days"] == days]
    if here.empty:
        return None
    overall = here[here["code"].isna()].set_index("metric")
    for name in ("macro_f1", "accuracy"):
        found[name] = overall["value"].get(name, np.nan)
        found[f"{name}_sd"] = overall["sd"].get(name, np.nan)
    of_class = _same_days(_points(table, metric, crop), like) if crop is not None else None
    found["class_figure"] = np.nan if of_class is None else of_class
    found["days"] = days
    found["seeds"] = int(overall["runs"].max()) if len(overall) else 0
    return found
