"""One model with both sensors and with each alone (``cropdash evaluate``), beside models trained for that sensor.

What comes out has the columns of :func:`~cropdash.analysis.season.season_table`, by days of data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cropdash.analysis.season import season_table, seen
from cropdash.analysis.season_parts import evaluated_table
from cropdash.nomenclature import Fusion
from cropdash.runs.results import Result
from cropdash.runs.run import Run
from cropdash.training.experiment import decisive_settings

#: What tells a single-sensor model from any model of both, whatever else they have in common.
_NOT_COMPARED = {"seed", "sensors", "fusion", "interpolation"}
_DROPOUT = {"date_dropout", "season_cut", "sensor_dropout"}
_SEEN = {"days", "s2_share"}


@dataclass(frozen=True, eq=False)
class TrainedFor:
    """Models that were trained with one sensor alone.

    Attributes:
        runs: of one setting; over seeds, and over the days of data that they saw.
        table: their scores; ``days`` is NaN where a run saw the whole season.
        others: further settings of such models, which are left out.
    """

    runs: tuple[Run, ...]
    table: pd.DataFrame
    others: int = 0


def can_answer_alone(result: Result) -> bool:
    """Whether ``cropdash evaluate`` can ask this model something new by giving it one of its sensors alone.

    Of two runs fused afterwards that is one of the two, which stands beside it anyway.
    """
    if not isinstance(result, Run) or result.status != "finished" or result.fusion in (None, Fusion.NONE):
        return False
    spec = result.folder.spec()
    fusion = Fusion(result.fusion)
    fused_afterwards = "sources" in spec
    return (
        not fusion.needs_common_dates
        and not fused_afterwards
        and spec.get("classifier", "network") == "network"
    )


def sensors_given_table(runs: Sequence[Run], regions: Sequence[str] | None = None) -> pd.DataFrame:
    """Scores of the seeds of one model with all of its sensors and with each alone, by days of data.

    Args:
        runs: of one :class:`~cropdash.analysis.seed_groups.SeedGroup`.
        regions: test regions to take the scores over; all if not given.

    Returns:
        As of :func:`~cropdash.analysis.season_parts.evaluated_table`, with the column ``given`` (``S1+S2``, ``S1``,
        ``S2``); empty where no run was evaluated with one sensor alone.

    Raises:
        ValueError: a file of parts is malformed; the message names it.
    """
    sensors = runs[0].sensors
    frames = {
        given: evaluated_table(runs, regions, given) for given in (sensors, *((one,) for one in sensors))
    }
    if len(sensors) < 2 or not any(len(frames[(one,)]) for one in sensors):
        return frames[sensors].iloc[:0].assign(given="")
    table = pd.concat(
        [frame.assign(given="+".join(given)) for given, frame in frames.items() if len(frame)],
        ignore_index=True,
    )
    # Few optical dates are another question.
    return table[table["s2_share"].isna() | (table["s2_share"] == 1)].reset_index(drop=True)


def trained_for(
    sensor: str, like: Run, results: Sequence[Result], regions: Sequence[str] | None = None
) -> TrainedFor:
    """The networks that were trained with one sensor alone and tested on the parcels that a model of both was.

    Where they are of several settings, those are taken that differ least from the model's own: the parts of the
    season that it met in training count last.

    Args:
        sensor: such as ``S1``.
        like: the model of both.
        results: among which to look.
    """
    wanted = _settings(like)
    by_setting: dict[str, list[Run]] = {}
    for result in results:
        if isinstance(result, Run) and _compares(result, sensor, like, regions):
            key = json.dumps(_settings(result), sort_keys=True)
            by_setting.setdefault(key, []).append(result)
    if not by_setting:
        return TrainedFor((), season_table([]))

    def fitness(key: str) -> tuple[int, int, int, int]:
        apart = _differing(wanted, json.loads(key))
        dropout = sum(name.rpartition(".")[2] in _DROPOUT for name in apart)
        members = by_setting[key]
        return len(apart) - dropout, dropout, -len({seen(run) for run in members}), -len(members)

    runs = by_setting[min(by_setting, key=fitness)]
    return TrainedFor(tuple(runs), season_table(runs, regions), len(by_setting) - 1)


def _compares(run: Run, sensor: str, like: Run, regions: Sequence[str] | None) -> bool:
    if run.status != "finished" or run.sensors != (sensor,) or not run.covers(regions):
        return False
    if "sources" in run.folder.spec() or run.folder.spec().get("classifier", "network") != "network":
        return False
    return seen(run).s2_share in (None, 1.0) and _tested(run) == _tested(like)


def _tested(run: Run) -> tuple[object, ...]:
    data = run.folder.provenance().get("data")
    known = data.get("fingerprint") if isinstance(data, dict) else None
    return tuple(run.codes), known or run.folder.facts().data, tuple(sorted(run.regions()))


def _settings(run: Run) -> dict[str, Any]:
    """By dotted name, all that decides a run's result but its seed, its sensors and what it saw of the season."""
    spec = decisive_settings(run.folder.spec())
    flat = _flat({name: value for name, value in spec.items() if name not in _NOT_COMPARED})
    return {name: value for name, value in flat.items() if name not in {f"sampling.{one}" for one in _SEEN}}


def _flat(content: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in content.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]
