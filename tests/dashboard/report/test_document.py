"""The report as a file: what it says, that it carries everything, and that nothing in it can run or fetch."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from datetime import date
from pathlib import Path

import pytest

from cropdash.dashboard.report.cover import Cover, logo_address, logo_file
from cropdash.dashboard.report.document import report_html
from cropdash.dashboard.report.subject import Subject
from cropdash.runs.evidence import Curve, Deletion, Evidence, Occlusion
from cropdash.runs.published import published
from cropdash.runs.run import Run
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

CLASSES = (1, 2, 18, 25)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder = tmp_path_factory.mktemp("report")
    store = random_store(folder / "fields", 20, classes=CLASSES)
    runs = [
        example_run(folder / "runs", folder / "fields", experiment, accuracy=accuracy)
        for experiment, accuracy in (
            ("S1", 0.4),
            ("S2", 0.7),
            ("early (nn)", 0.95),
            ("tsa", 0.8),
            ("pse (nn)", 0.6),
        )
    ]
    return Subject.of(runs, {run.id: store for run in runs})


@pytest.fixture(scope="module")
def report(subject: Subject) -> str:
    return report_html(subject, Cover(date(2026, 3, 1), author="Crop & Map <Agency>"))


def words(report: str) -> str:
    """What a person reads of a report."""
    body = re.sub(r"<(script|style|noscript)\b.*?</\1>", "", report, flags=re.S)
    text = html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\xa0", " ")
    return re.sub(r"\s+", " ", text)


def test_the_report_leads_with_the_best_run_and_says_that_its_data_are_simulated(report: str) -> None:
    text = words(report)
    assert "Early fusion (nearest date), seed 1 leads with macro-F1" in text
    assert text.index("simulated data") < text.index("Simulated data: the figures say nothing") < 700
    assert "Crop & Map <Agency>, 1 March 2026" in text


def test_every_run_has_a_map_and_its_provenance_but_only_four_have_a_matrix(
    report: str, subject: Subject
) -> None:
    assert report.count('alt="Map of the test parcels of') == 2 * len(subject.runs) == 10
    assert report.count('<figure class="matrix">') == 4
    text = words(report)
    assert "Shown are the 4 runs with the highest macro-F1, of 5." in text
    for run in subject.runs:
        assert run.id in text
    assert "Data fingerprint" in text and "regions.train" in text


def test_the_matrix_counts_the_parcels_of_the_run(subject: Subject, report: str) -> None:
    best = next(run for run in subject.runs if run.experiment == "early (nn)")
    matrix = best.confusion()
    assert matrix is not None
    first = report.split('<figure class="matrix">')[1]
    cells = [cell.replace(",", "") for cell in re.findall(r"<td[^>]*title=[^>]*>([\d,]+)</td>", first)]
    assert sum(map(int, cells)) == matrix.total


def test_pairs_are_tested_and_attention_is_told_not_to_explain(report: str) -> None:
    text = words(report)
    assert "On the same" in text and "after Holm" in text
    tests = report.split('<section id="tests"')[1].split("</section>")[0]
    assert tests.count("<tr>") == 2 * (1 + 10), "two tables of the ten pairs of five runs"
    assert "It is no explanation" in text
    attention = report.split('<section id="attention"')[1].split("</section>")[0]
    assert attention.count("<figure>") == 4
    assert "of 5 that keep attention" in text


def test_a_run_whose_dates_were_removed_shows_what_that_did_and_the_others_say_that_it_was_not_tried(
    tmp_path: Path,
) -> None:
    asked, other = (example_run(tmp_path, experiment=name, accuracy=0.8) for name in ("S2", "tsa"))
    lost = Curve(probability=(0.9, 0.2), accuracy=(1.0, 0.1))
    kept = Curve(probability=(0.9, 0.8), accuracy=(1.0, 0.9))
    deletion = Deletion(
        parcels=30, most=lost, least=kept, random=kept, lowest=kept, highest=kept, lead=0.2, lead_error=0.01
    )
    occlusion = Occlusion(
        stream="S2", dates=(date(2019, 5, 8),), loss=((0.1,), (0.2,)), error=((0.01,), (0.01,)), parcels=((20,), (10,))
    )  # fmt: skip
    Evidence(
        classes=CLASSES[:2], regions=("r4",), parcels=(20, 10), sampled_from=(20, 10), per_class=20, draws=3, seed=0,
        shares=(0.0, 0.5), occlusion=(occlusion,), deletion=(deletion, deletion), overall=deletion, seconds=1.0,
    ).write(asked.folder.path)  # fmt: skip
    whole = report_html(
        Subject.of([Run(asked.folder), other], sections=frozenset({"attention"})), Cover(date(2026, 3, 1))
    )
    section = whole.split('<section id="attention"')[1].split("</section>")[0]
    text = words(section)
    assert "without them it loses 20.0 percentage points more of its confidence" in text
    assert text.count("does it matter where the model looks?") == 1
    assert text.count("was not tried") == 1, "of the other run"
    (figure,) = re.findall(r"does it matter where the model looks\?.*?<figcaption>", section, flags=re.S)
    (drawn,) = re.findall(r'data-root-id="([^"]+)"', figure)
    for order in ("most attended first", "random order", "least attended first"):
        assert order in whole
    assert drawn in whole.replace(figure, ""), "the script knows the figure"


def test_hectares_stand_beside_their_estimate_where_there_is_a_map(report: str) -> None:
    areas = report.split('<section id="areas"')[1].split("</section>")[0]
    assert areas.count("<table>") == 4 and areas.count("<figure>") == 4
    assert words(areas).count("Olofsson et al. (2014)") == 1


def test_runs_that_saw_parts_of_the_season_have_their_curves(tmp_path: Path) -> None:
    runs = []
    for days, accuracy in ((92, 0.3), (273, 0.8), (457, 0.9)):
        made = example_run(tmp_path / str(days), experiment="S2", accuracy=accuracy)
        spec = json.loads(made.folder.file("spec.json").read_text())
        spec["sampling"] = {"days": days}
        made.folder.file("spec.json").write_text(json.dumps(spec))
        runs.append(Run(made.folder, id=f"{days}/s2"))
    whole = report_html(Subject.of(runs), Cover(date(2026, 3, 1)))
    text = words(whole.split('<section id="season"')[1].split("</section>")[0])
    assert "By the end of the data" in text and "Sentinel-2 alone (own runs)" in text
    assert "never" in text or "2018" in text or "2019" in text
    few = report_html(Subject.of(runs, sections=frozenset({"runs"})), Cover(date(2026, 3, 1)))
    assert re.findall(r'<section id="(\w+)"', few) == ["runs", "caveats", "provenance"]


def test_only_the_scripts_of_the_report_may_run_and_nothing_may_be_fetched(report: str) -> None:
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]+)"', report)[0])
    scripts = re.findall(r"<script>(.*?)</script>", report, flags=re.S)
    assert len(scripts) == 3 and len(re.findall(r"<script", report)) == 3
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe-eval" not in policy
    body = re.sub(r"<script>.*?</script>", "", report, flags=re.S)
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", body)
    assert not re.findall(r"url\(|@import", body)


def test_names_from_files_are_text_and_never_markup(tmp_path: Path) -> None:
    attack = "</script><img src=x onerror=alert(1)>' \" $$x$$"
    random_store(tmp_path / "fields", 8, classes=CLASSES)
    made = example_run(tmp_path / "runs", tmp_path / "fields", "S2")
    spec = json.loads(made.folder.file("spec.json").read_text())
    made.folder.file("spec.json").write_text(json.dumps(spec | {"name": attack}))
    summary = json.loads(made.folder.file("summary.json").read_text())
    summary["classes"][0]["name"] = attack
    made.folder.file("summary.json").write_text(json.dumps(summary))
    run = Run(made.folder)
    found = report_html(Subject.of([run]), Cover(date(2026, 3, 1), title=attack, author=attack))
    assert attack in words(found)
    assert "<img src=x" not in found
    assert found.count("</script>") == 3


def test_published_figures_make_a_report_of_recalls_without_maps() -> None:
    runs = [result for result in published() if "textural" not in result.experiment][:3]
    text = words(report_html(Subject.of(runs), Cover(date(2026, 3, 1))))
    assert "Recall (producer's accuracy) of each class" in text
    assert "no per-class F1 or precision was published" in text
    assert "simulated" not in text
    assert "has no map" in text


def test_a_region_restricts_every_figure(tmp_path: Path) -> None:
    run = example_run(tmp_path / "runs", regions=("east", "west"), parcels=200)
    text = words(report_html(Subject.of([run], region="west"), Cover(date(2026, 3, 1))))
    scores = run.scores(["west"])
    assert f"over {scores.parcels} test parcels" in text and "in west" in text
    with pytest.raises(ValueError, match="no run of the report was tested in north"):
        Subject.of([run], region="north")


def test_a_logo_is_carried_in_the_file_and_must_be_an_image(tmp_path: Path, subject: Subject) -> None:
    (tmp_path / "logo.png").write_bytes(PNG)
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "page.png").write_text("<html><script>alert(1)</script></html>")
    address = logo_file(tmp_path / "logo.png")
    assert base64.b64decode(address.removeprefix("data:image/png;base64,")) == PNG
    assert logo_file(tmp_path / "logo.svg").startswith("data:image/svg+xml;base64,")
    with pytest.raises(ValueError, match=r"page\.png: a logo must be"):
        logo_file(tmp_path / "page.png")
    with pytest.raises(ValueError, match="too large for a logo; at most 1 MB"):
        logo_address(PNG + bytes(1_000_000), "photograph.png")
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        logo_file(tmp_path / "none.png")
    single = Subject.of(subject.runs[:1])
    assert f'<img src="{address}"' in html.unescape(
        report_html(single, Cover(date(2026, 3, 1), logo=address))
    )
