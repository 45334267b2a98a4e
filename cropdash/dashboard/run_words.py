"""Runs in the words of users: sensor, fusion, state, and numbers as sentences write them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cropdash.nomenclature import CLASSIFIERS, SENSORS, Fusion
from cropdash.runs.results import Result

METRICS = {
    "macro_f1": "macro-F1",
    "accuracy": "accuracy",
    "kappa": "kappa",
    "balanced_accuracy": "balanced accuracy",
    "macro_recall": "macro recall",
    "macro_precision": "macro precision",
    "macro_iou": "mean IoU",
}
CLASS_METRICS = {
    "f1": "F1",
    "recall": "Recall (producer's accuracy)",
    "precision": "Precision (user's accuracy)",
    "iou": "IoU",
}
_SHORT_SENSORS = {"S1": "Sentinel-1", "S2": "Sentinel-2"}
_FUSIONS = {
    Fusion.EARLY: "Early fusion",
    Fusion.PSE: "Pixel-set fusion",
    Fusion.TSA: "Fusion in time",
    Fusion.SOFTMAX_AVG: "Decision fusion (mean)",
    Fusion.SOFTMAX_NORM: "Decision fusion (product)",
}
#: What progress counts.
_ROUNDS = {"network": "epochs", "random_forest": "trees", "gradient_boosting": "rounds"}
_INTERPOLATIONS = {"nn": "nearest date", "linear": "linear"}


def figure(metric: str, value: float) -> str:
    """A figure as a sentence writes it: accuracies in per cent, the others with three decimals."""
    if math.isnan(value):
        return "unknown"
    return f"{100 * value:.1f} %" if metric in ("accuracy", "balanced_accuracy") else f"{value:.3f}"


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 parcel``, ``41,908 parcels``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def run_name(result: Result) -> str:
    """What a run is called on every page: its experiment in words, or the name that a person gave it.

    ``early (nn), seed 1`` reads as ``Early fusion (nearest date), seed 1``. Where the library holds
    others of that name, what tells it apart follows: ``…, seed 1, batch size 32``.
    """
    name = _label_in_words(result)
    return f"{name}, {result.apart}" if result.apart else name


def experiment_in_words(experiment: str) -> str:
    """An experiment in short as a name says it: ``early (nn)`` is ``Early fusion (nearest date)``."""
    if baseline := _baseline_in_words(experiment):
        return baseline
    short, _, interpolation = experiment.removesuffix(")").partition(" (")
    if short in _SHORT_SENSORS:
        return f"{_SHORT_SENSORS[short]} alone"
    words = _FUSIONS.get(Fusion(short), short) if short in list(Fusion) else short
    return f"{words} ({_INTERPOLATIONS.get(interpolation, interpolation)})" if interpolation else words


def _baseline_in_words(experiment: str) -> str:
    """``random forest S1+S2`` as ``Random forest, Sentinel-1 and Sentinel-2``; empty for a network."""
    for name, words in CLASSIFIERS.items():
        if name == "network" or not experiment.startswith(f"{words} "):
            continue
        sensors, _, fusion = experiment.removeprefix(f"{words} ").partition(" ")
        read = listed([_SHORT_SENSORS.get(sensor, sensor) for sensor in sensors.split("+")])
        joined = f", {_FUSIONS[Fusion(fusion)].lower()}" if fusion in list(Fusion) else ""
        return f"{words.capitalize()}, {read}{joined}"
    return ""


def sensors_in_words(result: Result) -> str:
    return (
        " and ".join(SENSORS[name].label if name in SENSORS else name for name in result.sensors) or "unknown"
    )


def fusion_in_words(result: Result) -> str:
    """How the sensors meet, with how Sentinel-1 came to the Sentinel-2 dates."""
    if result.fusion is None:
        return ""
    if result.fusion is Fusion.NONE:
        return "one sensor"
    if _classifier(result) != "network":
        return "both, fused at decision level" if result.fusion.is_decision else "both, features side by side"
    between = _INTERPOLATIONS.get(result.interpolation or "")
    return f"{result.fusion.label}, {between}" if between else result.fusion.label


def state_in_words(result: Result) -> str:
    """State of a run, with its progress while it moves."""
    if result.kind != "run":
        return "broken" if result.status == "broken" else result.kind
    progress = getattr(result, "progress", None)
    if result.status in ("running", "cancelled", "interrupted") and progress is not None and progress.epochs:
        what = _ROUNDS.get(_classifier(result), "epochs")
        return f"{result.status}, {progress.epoch} of {progress.epochs} {what}"
    return result.status


def _classifier(result: Result) -> str:
    """What learned the classes; whatever is no run of one's own, a network."""
    return str(getattr(result, "classifier", "network"))


def _label_in_words(result: Result) -> str:
    technical = result.experiment
    if not result.label.startswith(technical) or result.fusion is None:
        return result.label
    rest = result.label.removeprefix(technical)
    if baseline := _baseline_in_words(technical):
        return baseline + rest
    if result.fusion is Fusion.NONE:
        words = f"{_SHORT_SENSORS.get(result.sensors[0], result.sensors[0])} alone"
    else:
        words = _FUSIONS[result.fusion]
        if result.interpolation:
            words += f" ({_INTERPOLATIONS.get(result.interpolation, result.interpolation)})"
    if "textural features" in technical:
        words += " with textural features"
    return words + rest
