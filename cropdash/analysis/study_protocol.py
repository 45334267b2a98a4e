"""In what runs differ from the study's training: every setting that decides a result, in words, regions first.

What the study did is what the shipped grids say: their base, and the defaults of a specification where they are silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from cropdash.runs.reference_results import study_classes
from cropdash.runs.run import Run
from cropdash.training.experiment import ExperimentSpec
from cropdash.training.grid.definition import shipped_grids
from cropdash.training.grid.settings import applied
from cropdash.training.idle_fields import idle_fields

#: Month and day that the study's days count from, where a grid leaves it to the data set.
_ORIGIN = "10-01"
#: What decides no protocol: the data's place, seeds, which experiment it is, how much of the season it saw.
_APART = ("data", "seed", "name", "device", "threads", "sensors", "fusion", "interpolation", "shuffle_labels")
_SEEN = ("sampling.days", "sampling.s2_share")
_REGIONS = {"train": "trained on", "validation": "validated on", "test": "tested on"}
_WORDS = {
    "season_origin": "days counted from",
    "sampling.pixels": "pixels",
    "sampling.eval_pixels": "pixels in evaluation",
    "sampling.s1_dates": "Sentinel-1 dates drawn in training",
    "sampling.s2_dates": "Sentinel-2 dates drawn in training",
    "sampling.s2_pool": "Sentinel-2 dates of a parcel",
    "optimisation.focal_gamma": "gamma of the focal loss",
    "model.temporal": "temporal encoder",
    "labels.keep_classes": "crop codes kept",
    "labels.merge_classes": "crop codes merged",
    "labels.minimum_share": "smallest share of a class",
    "labels.drop_mixed": "mixed classes left out",
}

#: Per difference its words and the experiments that have it.
_Found = dict[str, dict[str, None]]


def other_protocol(study: str, runs: Sequence[Run]) -> list[str]:
    """Sentences on all in which runs were made otherwise than the study's; none where they were not.

    A difference that only some of the experiments have is followed by their names.

    Args:
        study: that a shipped grid is of.
        runs: finished ones of its experiments; of those fused afterwards, the runs beside them that they were made of
            are looked at.
    """
    (base,) = (grid.base for grid in shipped_grids().values() if grid.published == study)
    regions: _Found = {}
    settings: _Found = {}
    unknown = []
    for run in runs:
        try:
            made = list(_specifications(run))
        except ValidationError:
            unknown.append(run.id)
            continue
        for spec, origin in made:
            _note(regions, _other_regions(spec, base), run.experiment)
            _note(settings, _other_settings(study, spec, base, origin), run.experiment)
        if run.codes != [crop.code for crop in study_classes()]:
            words = f"{len(run.codes)} classes ({', '.join(crop.name for crop in run.classes)})"
            _note(settings, {"classes": (words, f"the study's {len(study_classes())}")}, run.experiment)
    everyone = {run.experiment for run in runs}
    sentences = []
    if regions:
        told = "; ".join(_told(regions, everyone))
        sentences.append(f"The runs are not of the study's regions: {told}.")
    if settings:
        told = ", ".join(_told(settings, everyone))
        sentences.append(f"The runs were trained otherwise than the study's: {told}.")
    if unknown:
        sentences.append(
            f"The settings of {_and(unknown)} are not those of a specification and could not be compared with the study's."
        )
    return sentences


def _specifications(run: Run) -> Iterator[tuple[ExperimentSpec, str]]:
    """What was trained, and from where its days count.

    Raises:
        ValidationError: what the run says of itself is no specification.
    """
    content = run.folder.spec()
    sources = content.get("sources")
    beside = [run.folder.path.parent / str(name) for name in sources] if isinstance(sources, list) else []
    if beside and all(
        (path / "spec.json").is_file() and path.parent == run.folder.path.parent for path in beside
    ):
        for path in beside:
            yield from _specifications(Run(path))
        return
    spec = ExperimentSpec.stored({name: value for name, value in content.items() if name != "sources"})
    origin = getattr(run.summary, "season_origin", None)
    yield spec, origin if isinstance(origin, str) else spec.season_origin or _ORIGIN


def _expected(spec: ExperimentSpec, base: Mapping[str, Any]) -> ExperimentSpec:
    """The same experiment as the study's grid has it."""
    own = {name: getattr(spec, name) for name in ("data", "sensors", "fusion", "interpolation", "classifier")}
    return ExperimentSpec.stored(applied(base, own))


def _other_regions(spec: ExperimentSpec, base: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    expected = _expected(spec, base).regions
    pairs = {split: (getattr(spec.regions, split), getattr(expected, split)) for split in _REGIONS}
    return {
        _REGIONS[split]: (f"{_REGIONS[split]} {_and(own)}", _and(theirs))
        for split, (own, theirs) in pairs.items()
        if set(own) != set(theirs)
    }


def _other_settings(
    study: str, spec: ExperimentSpec, base: Mapping[str, Any], origin: str
) -> dict[str, tuple[str, str]]:
    expected = _expected(spec, base)
    own, theirs = (_flat(one.model_dump(mode="json")) for one in (spec, expected))
    own["season_origin"], theirs["season_origin"] = origin, expected.season_origin or _ORIGIN
    if study == "sparse":
        theirs["sampling.s2_pool"] = 27
    idle = {*idle_fields(spec), *_SEEN}
    found = {}
    for path, value in own.items():
        if path in idle or path.split(".")[0] in (*_APART, "regions") or value == theirs.get(path):
            continue
        words = _WORDS.get(path, path.rpartition(".")[2].replace("_", " "))
        found[path] = (f"{words} {_in_words(path, value)}", _in_words(path, theirs.get(path)))
    return found


def _note(found: _Found, differences: Mapping[str, tuple[str, str]], experiment: str) -> None:
    for here, there in differences.values():
        found.setdefault(f"{here} instead of {there}", {})[experiment] = None


def _told(found: _Found, everyone: set[str]) -> list[str]:
    return [
        words if set(experiments) == everyone else f"{words} ({', '.join(experiments)})"
        for words, experiments in found.items()
    ]


def _flat(content: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in content.items():
        path = f"{before}{name}"
        # Merged codes are a value, not settings.
        nested = isinstance(value, dict) and path != "labels.merge_classes"
        found |= _flat(value, f"{path}.") if nested else {path: value}
    return found


def _in_words(path: str, value: Any) -> str:
    if value is None:
        return "all" if path.startswith("sampling.") or path == "labels.keep_classes" else "unset"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return _and([f"{code} with {other}" for code, other in value.items()])
    if isinstance(value, list):
        return _and(value) if value else "none"
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")


def _and(names: Sequence[Any]) -> str:
    *most, last = map(str, names)
    return f"{', '.join(most)} and {last}" if most else last
