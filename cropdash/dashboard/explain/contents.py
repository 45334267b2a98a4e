"""What the Explain page says, part by part: a few sentences, the drawings, and what to keep in mind."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from cropdash.analysis.mcnemar import mcnemar_of_counts
from cropdash.dashboard.explain.certainty_drawing import (
    BOTH_RIGHT,
    BOTH_WRONG,
    GROUPS,
    ONLY_FIRST,
    ONLY_SECOND,
    pair_drawing,
    reliability_drawing,
)
from cropdash.dashboard.explain.data_drawing import data_drawing
from cropdash.dashboard.explain.example_matrix import EXAMPLE, Look, matrix_drawing
from cropdash.dashboard.explain.fusion_drawing import fusion_drawing
from cropdash.dashboard.explain.map_drawing import map_drawing
from cropdash.dashboard.explain.model_drawing import model_drawing
from cropdash.dashboard.explain.season_drawing import end_drawing, share_drawing
from cropdash.nomenclature import Fusion


def part_html(name: str) -> str:
    """The content of a part, below its title.

    Raises:
        KeyError: there is no such part.
    """
    return _CONTENTS[name]()


def _data() -> str:
    return (
        _words(
            "A parcel is a field of one farmer with one main crop, its outline taken from a land register. cropdash never "
            "looks at single pixels of a map: it reads all pixels of a parcel, on all dates, and names one crop for the "
            "whole parcel. Parcels differ in size and were seen on different dates, so the number of pixels and of dates "
            "differs from parcel to parcel and from sensor to sensor."
        )
        + data_drawing()
        + _words(
            "Sentinel-1 sends radar waves and measures their echo (VV and VH, in decibels), by night and through cloud. "
            "Sentinel-2 measures reflected sunlight in ten bands from blue to short-wave infrared, and sees nothing "
            "through cloud. A pixel that a cloud hides counts for nothing."
        )
        + _words(
            "A run learns from the training regions, its best epoch is picked in the validation region, and every figure on "
            "these pages comes from the test region, of which the run has seen nothing before."
        )
    )


def _model() -> str:
    return (
        _words(
            "The network is a pixel-set encoder with temporal self-attention (Sainte Fare Garnot and others, CVPR 2020). "
            "The encoder sums up the pixels of each date; attention decides how much each date counts."
        )
        + model_drawing()
        + _words(
            "The Attention page shows these weights: a class a row, a date a column, and a large weight stands out. "
            "“Times an even share” compares a weight with what each date would get if all counted alike: 1 is even, 3 is "
            "three times as much."
        )
        + _words(
            "A large weight says where the network reads, not why it decides: a date can weigh much and change nothing."
        )
    )


_FUSIONS: tuple[tuple[Fusion, str, str, str, str], ...] = (
    (
        Fusion.NONE, "One sensor alone", "nowhere", "not needed",
        "A parcel without a date of that sensor has no prediction.",
    ),
    (
        Fusion.EARLY, "Early fusion", "in the channels: 2 + 10 become 12", "needed",
        "A parcel needs dates of both sensors and equally many pixels in both, else it has no prediction.",
    ),
    (
        Fusion.PSE, "Pixel-set fusion", "after the pixels of a date: 128 + 128 numbers", "needed",
        "A parcel needs dates of both sensors, else it has no prediction.",
    ),
    (
        Fusion.TSA, "Fusion in time", "after the whole season: 128 + 128 numbers", "not needed",
        "Where one sensor has no date of a parcel, the other one answers.",
    ),
    (
        Fusion.SOFTMAX_AVG, "Decision fusion (mean)", "in the answers: the mean of both probabilities", "not needed",
        "Where one sensor has no date of a parcel, the other one answers.",
    ),
    (
        Fusion.SOFTMAX_NORM, "Decision fusion (product)", "in the answers: their product, scaled to sum to 1",
        "not needed", "Where one sensor has no date of a parcel, the other one answers.",
    ),
)  # fmt: skip


def _fusion() -> str:
    cards = [
        _card(
            title,
            fusion_drawing(fusion),
            _facts(
                ("Sensors meet", where),
                ("Radar at the optical dates", needs),
                ("Data missing", absent),
                ("Technical name", f"{fusion}"),
            ),
        )
        for fusion, title, where, needs, absent in _FUSIONS
    ]
    return (
        _words(
            "Radar and optics can meet at any step of the way from pixels to an answer. The three boxes of each drawing are "
            "the networks that read the pixels of a date, that read the dates of a season, and that name the crop. "
            "The tinted band is where the sensors meet."
        )
        + _cards(cards)
        + _words(
            "The two satellites fly on different days. Where they must share their dates, radar is taken at the optical ones: "
            "“nearest date” takes the radar date closest to it, “linear” draws a straight line between the radar dates "
            "before and after it. Decision fusion can also join two finished runs afterwards (cropdash fuse)."
        )
    )


def _season() -> str:
    return (
        _words(
            "Two questions that an agency asks before it relies on a map: how long must one wait, and what if it is cloudy?"
        )
        + _cards(
            [
                _card(
                    "Data up to a day",
                    end_drawing(),
                    "<p>For every end of the season a network is trained and tested anew, with nothing after that day. The "
                    "curve shows how good it is. Between two ends nothing is known: a crop that reaches the level at one end "
                    "may have reached it any day after the end before.</p>",
                ),
                _card(
                    "A share of the optical dates",
                    share_drawing(),
                    "<p>Optical dates are left out until a fifth, two fifths and so on remain, as if clouds had hidden the "
                    "others. Radar keeps all of its dates, but early and pixel-set fusion read it at the optical dates that "
                    "remain. A curve that stays high on the left needs few clear days.</p>",
                ),
            ]
        )
        + _words(
            "“Told from” is the first end, or the smallest share, at which the figure reaches the chosen level and "
            "stays there at every later one."
        )
    )


def _confusion() -> str:
    counts = EXAMPLE.counts
    return _cards(
        [
            _card("350 parcels of three crops", matrix_drawing("all"), ""),
            "<div class='card'>"
            + _words(
                "Each row holds the parcels that truly are a crop, each column those that were called that crop. On the "
                "diagonal both agree: these parcels are right."
            )
            + _words(
                f"All else is a confusion with a name: {counts[0, 1]} wheat parcels were called barley, and "
                f"{counts[2, 0]} maize parcels were called wheat. A row's shares say where the parcels of a crop went; "
                "a column's shares say what hides behind an answer."
            )
            + "</div>",
        ]
    )


def _metrics() -> str:
    m = EXAMPLE
    right, true, called = int(m.counts[0, 0]), int(m.support[0]), int(m.predicted_count[0])
    looks: Sequence[tuple[str, Look, str, str]] = (
        (
            "Accuracy", "diagonal", "Of all parcels, the share that is right.",
            f"right ÷ all = {int(m.correct.sum())} ÷ {m.total} = {m.accuracy:.3f}",
        ),
        (
            "Recall, or producer's accuracy", "row", "Of the parcels that are wheat, the share that was found.",
            f"right ÷ truly wheat = {right} ÷ {true} = {m.recall[0]:.3f}",
        ),
        (
            "Precision, or user's accuracy", "column",
            "Of the parcels called wheat, the share that is wheat: how far a user of the map can trust that word.",
            f"right ÷ called wheat = {right} ÷ {called} = {m.precision[0]:.3f}",
        ),
        (
            "F1", "cross", "Recall and precision in one figure (their harmonic mean), low if either is low.",
            f"2 × right ÷ (truly + called) = {2 * right} ÷ ({true} + {called}) = {m.f1[0]:.3f}",
        ),
        (
            "IoU, intersection over union", "cross",
            "Of the parcels that are wheat or were called wheat, the share that is both. Stricter than F1, same order.",
            f"right ÷ (truly + called − right) = {right} ÷ {true + called - right} = {m.iou[0]:.3f}",
        ),
    )  # fmt: skip
    others = (
        (
            "Macro-F1",
            "The plain mean of all classes' F1, so that a crop of 45 parcels counts as much as one of 20,000. A class "
            "without a test parcel counts as 0; the page says how many classes were counted.",
            f"({' + '.join(f'{value:.3f}' for value in m.f1)}) ÷ {len(m.f1)} = {m.macro_f1:.3f}",
        ),
        (
            "Macro recall, macro precision, mean IoU",
            "Likewise the plain means of all classes' recall, precision and IoU.",
            f"recall: ({' + '.join(f'{value:.3f}' for value in m.recall)}) ÷ {len(m.recall)} = {m.macro_recall:.3f}",
        ),
        (
            "Balanced accuracy",
            "The mean recall of those classes that have test parcels.",
            f"here all have: {m.balanced_accuracy:.3f}",
        ),
        (
            "Kappa",
            "How far the accuracy lies above what the same answers, dealt out by chance, would reach: 0 is chance, 1 is "
            "all right.",
            f"(accuracy − by chance) ÷ (1 − by chance) = {m.kappa:.3f}",
        ),
        (
            "95 % interval",
            "Another choice of test parcels (or another seed) would have given another figure. Intervals built in this way "
            "hold the true value in 95 of 100 cases. Where the interval of a difference holds 0, the difference may be "
            "chance.",
            "",
        ),
    )
    return (
        _words(
            "Accuracy alone misleads where one crop covers half of the land: always answering “meadows” is right for every "
            "second parcel of Finistère and tells nothing. So each crop has figures of its own. For wheat, in the example "
            "above:"
        )
        + _cards(
            [
                _card(name, matrix_drawing(look), f"<p>{html.escape(meaning)}</p>{_formula(formula)}")
                for name, look, meaning, formula in looks
            ]
        )
        + _words("And for all crops together:")
        + _definitions(others)
    )


def _certainty() -> str:
    parcels = sum(size for *_, size in GROUPS)
    error = sum(size * abs(sure - right) for sure, right, size in GROUPS) / parcels
    gaps = " + ".join(f"{size} × {100 * abs(sure - right):.0f}" for sure, right, size in GROUPS)
    tested = mcnemar_of_counts(BOTH_RIGHT, ONLY_FIRST, ONLY_SECOND, BOTH_WRONG)
    difference = (
        (
            "McNemar's test",
            "For accuracy, only parcels tell two runs apart that one has right and the other wrong. If both were equally "
            "good, these would fall to either side like a coin; p is how often a coin gives so uneven a count or worse.",
            f"{ONLY_FIRST} to {ONLY_SECOND}: p = {tested.p:.3f}",
        ),
        (
            "Paired bootstrap",
            "For macro-F1 and other figures: the test parcels are drawn again and again with repeats, both runs are "
            "scored on each draw, and the difference is noted. Its middle 95 % are the interval.",
            "",
        ),
        (
            "Many pairs (Holm)",
            "Of 20 pairs of equally good runs, one looks different by chance at p below 0.05. Holm's correction raises "
            "every p for the number of pairs that were looked at.",
            "",
        ),
        (
            "Over seeds",
            "Trained again from another random start, a network gives another figure. “±” is the standard deviation over "
            "such trainings, and the interval of a difference of means is Welch's. A test over parcels tells of the choice "
            "of parcels, one over seeds of the choice of start; neither knows of the other.",
            "",
        ),
    )
    sure = (
        (
            "Expected calibration error",
            "Parcels are grouped by how sure the run is; in each group the share that is right is set beside it. The error is "
            "the mean gap, each group counted by its parcels.",
            f"({gaps}) ÷ {parcels} = {100 * error:.1f} points",
        ),
        (
            "Temperature",
            "One number, fitted in the validation region when a run has finished, by which its scores are divided. Above 1 "
            "it makes the run less sure; no answer changes.",
            "",
        ),
    )
    return (
        _cards(
            [
                _card("Two runs, the same 350 parcels", pair_drawing(), ""),
                _card("As sure as it is right?", reliability_drawing(), ""),
            ]
        )
        + _definitions(difference)
        + _definitions(sure)
    )


def _map() -> str:
    return _cards(
        [
            _card("Right, wrong, unanswered", map_drawing(), ""),
            "<div class='card'>"
            + _words(
                "Prediction and truth have the crops' colours, the same on every page. Right is blue and wrong is "
                "orange, which the colour-blind can tell apart."
            )
            + _words(
                "Confidence is the probability of the crop that was answered. Doubt (entropy) is 0 where one crop has all "
                "the probability and 1 where all crops are equally likely. A confident answer can be wrong."
            )
            + "</div>",
        ]
    )


def _limits() -> str:
    said = (
        (
            "No prediction",
            "A run answers only for parcels of which it has the data it needs. The others are counted beside the figures and "
            "hatched on the map; no accuracy counts them. Compare runs only with an eye on that number.",
        ),
        (
            "Simulated data",
            "Some data sets are made up, parcels and signals alike, and carry a badge. They show how the pages work, and prove "
            "nothing about real fields.",
        ),
        (
            "Published figures",
            "They come from Ofori-Ampofo, Pelletier and Lang, Remote Sensing 13(22):4668, 2021: means of 5 runs, without "
            "their spread, without the parcels behind them. Per crop only recalls were published. They cannot be tested "
            "against own runs, only set beside them.",
        ),
        (
            "Small classes",
            "With 45 test parcels, one parcel more or less moves a recall by 2 points: read the figures of such a class with "
            "care, whatever their decimals.",
        ),
        (
            "Other places, other years",
            "A figure holds for the regions and the season it was measured in. Neighbouring parcels are alike, so intervals "
            "are rather too narrow.",
        ),
    )
    return _definitions([(name, words, "") for name, words in said])


_CONTENTS: dict[str, Callable[[], str]] = {
    "data": _data,
    "model": _model,
    "fusion": _fusion,
    "season": _season,
    "confusion": _confusion,
    "metrics": _metrics,
    "certainty": _certainty,
    "map": _map,
    "limits": _limits,
}


def _words(sentence: str) -> str:
    return f"<p>{html.escape(sentence)}</p>"


def _formula(formula: str) -> str:
    return f"<p class='formula'>{html.escape(formula)}</p>" if formula else ""


def _definitions(entries: Sequence[tuple[str, str, str]]) -> str:
    """Names with their meanings, and a worked figure where there is one."""
    listed = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(meaning)}{_formula(formula)}</dd>"
        for name, meaning, formula in entries
    )
    return f"<dl class='figures'>{listed}</dl>"


def _card(title: str, drawing: str, content: str) -> str:
    return f"<div class='card'><h3>{html.escape(title)}</h3>{drawing}{content}</div>"


def _cards(cards: Sequence[str]) -> str:
    return f"<div class='cards'>{''.join(cards)}</div>"


def _facts(*facts: tuple[str, str]) -> str:
    return (
        "<dl class='facts'>"
        + "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(fact)}</dd>" for name, fact in facts)
        + "</dl>"
    )
