"""Where the figures of a report come from: each run's data, versions, seed and dates, and its specification.

Settings that all runs share are told once, the others with each run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cropdash.dashboard.run_words import run_name, state_in_words
from cropdash.runs.results import Result
from cropdash.runs.run import Run

_KINDS = {"reference": "folder of results of the reference code", "published": "published figures"}
_ABSENT = "not recorded"


@dataclass(frozen=True)
class RunProvenance:
    """One run: facts, and the settings in which it differs from the others; both name to value."""

    run: Result
    name: str
    facts: dict[str, str]
    settings: dict[str, str]


@dataclass(frozen=True)
class Provenance:
    """All runs of a report.

    Attributes:
        facts: those that all of several runs share; they are not told again with each.
        shared: the settings that every run with a specification shares.
    """

    runs: tuple[RunProvenance, ...]
    facts: dict[str, str]
    shared: dict[str, str]


def provenance(runs: Sequence[Result], seeds: Mapping[str, Sequence[Result]] | None = None) -> Provenance:
    """Read what each run's folder tells of its making.

    Args:
        seeds: by id of a run, the other seeds that its line is a mean of.

    Raises:
        ValueError: a file of a run is malformed; the message names it.
    """
    settings = {run.id: _settings(run) for run in runs}
    shared = _common([known for known in settings.values() if known])
    facts = {run.id: _facts(run) for run in runs}
    for run in runs:
        if others := (seeds or {}).get(run.id):
            facts[run.id]["Mean over"] = ", ".join(one.id for one in (run, *others))
    alike = _common(list(facts.values())) if len(runs) > 1 else {}
    return Provenance(
        tuple(
            RunProvenance(
                run, run_name(run), _without(facts[run.id], alike), _without(settings[run.id], shared)
            )
            for run in runs
        ),
        alike,
        shared,
    )


def _common(several: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The entries that all have, with the same value."""
    first = several[0] if several else {}
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in several)}


def _without(entries: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in entries.items() if name not in told}


def _facts(run: Result) -> dict[str, str]:
    facts = {"Id": run.id}
    if not isinstance(run, Run):
        return {**facts, "Kind": _KINDS.get(run.kind, run.kind), "State": state_in_words(run)}
    try:
        recorded = run.folder.provenance()
    except ValueError as error:
        recorded = {}
        facts["Not all is known"] = str(error)
    data = _part(recorded, "data")
    packages = _part(recorded, "packages")
    finished = run.progress.finished
    facts |= {
        "State": state_in_words(run),
        "Trained": f"{finished:%d %B %Y, %H:%M} UTC" if finished else _ABSENT,
        "Seed": _ABSENT if run.seed is None else str(run.seed),
        "Data set": str(data.get("name") or run.data or _ABSENT),
        "Data fingerprint": str(data.get("fingerprint") or _ABSENT),
        "Specification fingerprint": str(recorded.get("fingerprint") or _ABSENT),
        "Versions": ", ".join(
            f"{name} {version}"
            for name, version in {
                "cropdash": recorded.get("cropdash"),
                "Python": recorded.get("python"),
                **packages,
            }.items()
            if version
        )
        or _ABSENT,
    }
    if source := data.get("source"):
        facts["Source of the data"] = str(source)
    return facts


def _part(recorded: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = recorded.get(name)
    return part if isinstance(part, dict) else {}


def _settings(run: Result) -> dict[str, str]:
    """The specification by dotted names, as text; empty for results that have none."""
    return dict(_flat(run.folder.spec())) if isinstance(run, Run) else {}


def _flat(spec: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in spec.items():
        if isinstance(value, dict):
            found += _flat(value, f"{before}{name}.")
        else:
            found.append((before + name, _written(value)))
    return found


def _written(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
