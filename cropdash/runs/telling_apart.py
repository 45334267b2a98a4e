"""What tells results of one label apart: the settings in which they differ, else the end of their id.

Experiment and seed make a label, so that two runs of other batch sizes or regions share one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from cropdash.runs.results import Result
from cropdash.runs.run import Run

#: A name holds so many settings; more of them would no longer be read.
_MOST = 3
_REGIONS = {
    "regions.train": "trained on",
    "regions.validation": "validated on",
    "regions.test": "tested on",
}
#: Settings that are off (none, 0 or no) in most runs, with what a run is called by that has them. Off they go unsaid.
_WHERE_ON: dict[str, Callable[[Any], str]] = {
    "sampling.days": lambda days: f"first {days} days",
    "sampling.s2_pool": lambda dates: f"{dates} Sentinel-2 dates everywhere",
    "sampling.s2_share": lambda share: f"{_per_cent(share)} of the Sentinel-2 dates",
    "sampling.date_dropout": lambda share: f"{_per_cent(share)} of dates dropped in training",
    "sampling.season_cut": lambda share: f"{_per_cent(share)} of seasons cut short in training",
    "sampling.sensor_dropout": lambda share: f"{_per_cent(share)} of sensors dropped in training",
    "sampling.balanced": lambda _: "every class drawn alike often",
    "optimisation.logit_adjustment": lambda tau: f"logit adjustment {tau:g}",
    "optimisation.early_stopping": lambda epochs: f"stops after {epochs} epochs without gain",
    "shuffle_labels": lambda _: "shuffled labels",
}


def tell_apart(results: Sequence[Result]) -> None:
    """Set :attr:`Result.apart` of each, so that no two have both label and it in common."""
    alike: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        alike[result.label].append(result)
    for group in alike.values():
        for result, apart in zip(group, [""] if len(group) == 1 else _apart(group), strict=True):
            result.apart = apart


def differing_settings(results: Sequence[Result]) -> dict[str, list[str]]:
    """The settings in which results differ, by their names in words, with each one's value in words.

    Runs that cannot be read, and results that are no runs, tell none and count for nothing.
    """
    settings = [_settings(result) for result in results]
    told = [known for known in settings if known]
    names = dict.fromkeys(name for known in told for name in known)
    differing = [name for name in names if len({repr(known.get(name)) for known in told}) > 1]
    return {
        _name_in_words(name, differing): [
            _value_in_words(name, known[name]) if name in known else "" for known in settings
        ]
        for name in differing
    }


def _name_in_words(name: str, among: Sequence[str]) -> str:
    if name in _REGIONS:
        return _REGIONS[name].capitalize()
    last = name.rsplit(".", 1)[-1]
    alone = sum(other.rsplit(".", 1)[-1] == last for other in among) == 1
    words = (last if alone else name.replace(".", ", ")).replace("_", " ")
    return "Data set" if name == "data" else words[0].upper() + words[1:]


def _value_in_words(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "data":
        return PurePath(str(value)).name
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def words_apart(specifications: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each of some specifications has that the others have not, in words; empty where it has nothing of its own."""
    settings = [dict(_flat(spec)) for spec in specifications]
    names = dict.fromkeys(name for known in settings for name in known)
    # An older specification does not have a field that came later, which is no difference by itself.
    values = {name: {repr(known[name]) for known in settings if name in known} for name in names}
    differing = [name for name in names if len(values[name]) > 1]
    told = []
    for known in settings:
        said = [words for name in differing if name in known and (words := _in_words(name, known[name]))]
        told.append(", ".join(said[:_MOST]))
    return told


def _apart(group: Sequence[Result]) -> list[str]:
    told = words_apart([_settings(result) for result in group])
    ends = [result.id.rsplit("_", 1)[-1] for result in group]
    if len(set(ends)) < len(ends):
        ends = [result.id for result in group]
    return [
        words if told.count(words) == 1 else f"{words}, {end}".removeprefix(", ")
        for words, end in zip(told, ends, strict=True)
    ]


def _settings(result: Result) -> dict[str, Any]:
    """The specification by dotted names, without the name that a person gave; empty for other results."""
    if not isinstance(result, Run):
        return {}
    try:
        spec = result.folder.spec()
    except (ValueError, OSError):
        return {}  # gone or broken since it was listed, which the next look will tell; its id tells it apart
    return {name: value for name, value in _flat(spec) if name != "name"}


def _flat(spec: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in spec.items():
        found += _flat(value, f"{before}{name}.") if isinstance(value, dict) else [(before + name, value)]
    return found


def _in_words(name: str, value: Any) -> str:
    """``batch size 32``, ``without geometry features``, ``trained on r1, r2``, ``first 182 days``; empty where the
    setting is off and goes unsaid."""
    if name in _WHERE_ON:
        return _WHERE_ON[name](value) if value else ""
    if name in _REGIONS and isinstance(value, list):
        return (
            f"{_REGIONS[name]} {', '.join(map(str, value)) if len(value) <= 3 else f'{len(value)} regions'}"
        )
    if name == "data":
        return f"data set {PurePath(str(value)).name}"
    words = name.rsplit(".", 1)[-1].replace("_", " ")
    if isinstance(value, bool):
        return f"{'with' if value else 'without'} {words}"
    if value is None:
        return f"no {words}"
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return f"{words} {value:g}" if isinstance(value, float) else f"{words} {value}"


def _per_cent(share: float) -> str:
    return f"{100 * share:g} %"
