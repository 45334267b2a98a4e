"""The report says what the Compare page says that it is made from: seeds together or apart, by any figure."""

from __future__ import annotations

import html
import io
import re
import zipfile

import pandas as pd
import pytest

from cropdash.dashboard.colours import place_style
from cropdash.dashboard.compare.page import ComparePage
from cropdash.dashboard.report.button import ReportRequest, ReportView, chosen_report, chosen_tables
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

#: One seed of each experiment; optics is best by this seed, fusion in time by the mean over all.
CHOSEN = ["S1_seed1_example", "S2_seed1_example", "tsa_seed1_example"]


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder = tmp_path_factory.mktemp("same")
    store = folder / "data" / "fields"
    random_store(store, 60, ("train", "west"), classes=(1, 2, 3))
    for experiment, accuracies in {"S1": (0.4, 0.4), "S2": (0.95, 0.5, 0.6), "tsa": (0.8, 0.85, 0.9)}.items():
        for seed, accuracy in enumerate(accuracies, start=1):
            example_run(folder / "runs", store, experiment, seed, accuracy=accuracy)
    return Workbench(Settings.of([folder / "data"], folder / "runs"))


def view(choices: Choices) -> ReportView:
    return ReportView.of(choices, area=True)


def report(workbench: Workbench, choices: Choices, *sections: str) -> str:
    styles = {run: place_style(place) for place, run in enumerate(choices.runs)}
    asked = ReportRequest.read({"sections": list(sections)})
    return chosen_report(workbench, styles, view(choices), asked)


def words(part: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", part)).replace("\xa0", " ")).strip()


def page_sentence(workbench: Workbench, choices: Choices) -> str:
    shown = ComparePage(choices, workbench)
    shown.activate()
    return words(str(shown._answer.object)).removesuffix(" simulated data")


def report_sentence(whole: str) -> str:
    (found,) = re.findall(r'<p class="answer">(.*?)</p>', whole, flags=re.S)
    return words(found)


@pytest.mark.parametrize(
    ("choices", "leader"),
    [
        ({}, "Fusion in time leads with macro-F1"),
        ({"controls": {"compare.show": "each-run"}}, "Sentinel-2 alone, seed 1 leads with macro-F1"),
        ({"controls": {"compare.show": "over-seeds", "compare.best-by": "accuracy"}}, "Fusion in time leads with accuracy"),
        ({"runs": ["S2_seed1_example", "S2_seed2_example"]}, "Sentinel-2 alone, seed 1 leads"),
        ({"crop": 2}, "is best with F1"),
        ({"crop": 2, "controls": {"compare.show": "each-run", "compare.per-class": "precision"}}, "is best with precision"),
        ({"region": "west"}, "in west over"),
    ],
    ids=["over seeds", "each run", "by accuracy", "seeds of one", "a class", "precision of each", "a region"],
)  # fmt: skip
def test_page_and_report_say_the_same_sentence(
    workbench: Workbench, choices: dict[str, object], leader: str
) -> None:
    chosen = Choices(**{"runs": CHOSEN, "dataset": "fields"} | choices)
    said = report_sentence(report(workbench, chosen, "runs"))
    assert said == page_sentence(workbench, chosen)
    assert leader in said


def test_means_stand_in_table_and_tests_and_single_runs_say_which_seed_they_are(workbench: Workbench) -> None:
    whole = report(
        workbench, Choices(runs=CHOSEN, dataset="fields"), "runs", "classes", "tests", "confusions", "attention", "maps"
    )  # fmt: skip
    sections = dict(re.findall(r'<section id="(\w+)"[^>]*>(.*?)</section>', whole, flags=re.S))
    assert words(sections["runs"]).count(" ± ") >= 9
    assert "whiskers 95 % intervals (Student's t)" in words(sections["classes"])
    tests = words(sections["tests"])
    assert "By macro-F1, over seeds" in tests and "By macro-F1, over parcels, single runs" in tests
    assert "Over 2 and 3 seeds" in tests or "Over 3 seeds each" in tests
    for section in ("confusions", "attention", "maps"):
        assert "Fusion in time, seed 1 of 3" in words(sections[section])
    assert "Fusion in time, seed 1 of 3 is" in words(sections["classes"]), "its calibration"
    provenance = words(sections["provenance"])
    assert "Mean overtsa_seed1_example, tsa_seed2_example, tsa_seed3_example" in provenance


def test_the_data_of_means_are_written_with_every_seed_named(workbench: Workbench) -> None:
    styles = {run: place_style(place) for place, run in enumerate(CHOSEN)}
    packed = chosen_tables(
        workbench, styles, view(Choices(runs=CHOSEN, dataset="fields")), ReportRequest.read({})
    )
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        means, tests, runs = (
            pd.read_csv(archive.open(name)) for name in ("means.csv", "tests_over_seeds.csv", "runs.csv")
        )
    assert means[means["run"] == "tsa_seed1_example"]["runs"].unique().tolist() == [3]
    assert len(tests) == 2 * 3 and {"seeds_first", "p_holm", "first_name"} <= set(tests)
    assert runs["mean_over"].str.count("_example").tolist() == [2, 3, 3]


@pytest.mark.parametrize("shape", ["rectangle", "polygon"])
def test_a_picked_area_is_named_by_its_corners(workbench: Workbench, shape: str) -> None:
    outlines = workbench.store("fields").geometry(["west"])
    assert outlines is not None
    x0, y0, x1, y1 = (round(edge) for edge in outlines.total_bounds)
    area = (x0, y0, x1, y1) if shape == "rectangle" else (x0, y0, x1, y0, x1, y1)
    choices = Choices(runs=CHOSEN[:1], dataset="fields", region="west", area=tuple(map(float, area)))
    whole = words(report(workbench, choices, "maps", "areas"))
    where = (
        f"x {x0} to {x1}, y {y0} to {y1} in EPSG:32631"
        if shape == "rectangle"
        else f"corners {x0} {y0}, {x1} {y0}, {x1} {y1} in EPSG:32631"
    )
    assert whole.count(where) == 3, "below two maps and above the table"
    styles = {CHOSEN[0]: place_style(0)}
    packed = chosen_tables(workbench, styles, view(choices), ReportRequest.read({}))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        areas = pd.read_csv(archive.open("areas.csv"))
    picked = areas[areas["area"] == "the picked area"]
    assert picked["crs"].unique().tolist() == ["EPSG:32631"]
    assert picked["corners"].iloc[0].startswith(f"POLYGON (({x0} {y0}, {x1} {y0}, {x1} {y1}")
    assert areas[areas["area"] == "all test parcels"]["corners"].isna().all()


def test_the_season_is_the_study_s_where_no_run_saw_a_part_of_one(workbench: Workbench) -> None:
    whole = report(workbench, Choices(runs=CHOSEN, dataset="fields"), "season")
    (section,) = re.findall(r'<section id="season"[^>]*>(.*?)</section>', whole, flags=re.S)
    assert section.count("<figure>") == 2
    assert "In the study: " in words(section)
    assert "No run at hand saw a part of a season" in words(section)
