"""What the page says of evidence, and what it offers where there is none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bokeh.models import Range1d

from cropdash.analysis.mean_interval import mean_interval
from cropdash.dashboard.attention.evidence_answers import (
    deletion_table,
    evidence_sentence,
    lead,
    most_missed,
    occlusion_table,
    verdict,
)
from cropdash.dashboard.attention.evidence_section import EvidenceSection, progress_words
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.evidence import EVIDENCE, Curve, Deletion, Evidence, EvidenceStatus, Occlusion
from cropdash.runs.run import Run
from cropdash.runs.run_folder import MODEL
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run

TIME = Range1d(0, 1)


def deletion(lead: float, error: float | None = 0.01, parcels: int = 30) -> Deletion:
    falling, level = (
        Curve(probability=(0.9, 0.2), accuracy=(1.0, 0.1)),
        Curve(probability=(0.9, 0.8), accuracy=(1.0, 0.9)),
    )
    return Deletion(
        parcels=parcels, most=falling, least=level, random=level, lowest=level, highest=level, lead=lead,
        lead_error=error,
    )  # fmt: skip


def evidence(**changes: Any) -> Evidence:
    """Two classes, wheat and maize, over three dates of Sentinel-2."""
    values: dict[str, Any] = {
        "classes": (1, 2),
        "regions": ("r4",),
        "parcels": (30, 4),
        "sampled_from": (50, 4),
        "per_class": 30,
        "draws": 3,
        "seed": 0,
        "shares": (0.0, 0.5),
        "occlusion": (
            Occlusion(
                stream="S2",
                dates=(date(2019, 4, 3), date(2019, 5, 8), date(2019, 6, 2)),
                loss=((0.1, 0.02, 0.3), (0.2, None, None)),
                error=((0.01, 0.02, None), (0.05, None, None)),
                parcels=((30, 28, 1), (4, 0, 0)),
            ),
        ),
        "deletion": (deletion(0.2), deletion(0.001, 0.02, 4)),
        "overall": deletion(0.15, 0.02, 34),
        "seconds": 1.0,
    }
    return Evidence(**{**values, **changes})


def test_the_interval_is_students_and_unknown_of_one_parcel() -> None:
    low, high = mean_interval([2.0, 2.0], [1.0, 1.0], [10, 1])
    # t(0.975; 9) = 2.262157, any table.
    assert (low[0], high[0]) == pytest.approx((2 - 2.262157, 2 + 2.262157), abs=1e-5)
    assert np.isnan([low[1], high[1]]).all()


def test_the_sentence_says_by_how_much_attended_dates_matter_more_with_an_interval() -> None:
    assert evidence_sentence(evidence(), None, "") == (
        "The dates that the model looks at matter more than others: without them it loses 15.0 percentage points more "
        "of its confidence in the truth than without as many random dates (95 % interval 10.9 to 19.1; 34 parcels)."
    )
    assert "(95 % interval 18.0 to 22.0; 30 parcels of wheat)" in evidence_sentence(evidence(), 1, "wheat")


def test_no_difference_is_told_as_such() -> None:
    said = evidence_sentence(evidence(), 2, "maize")
    assert said.startswith("Nothing shows that the dates that the model looks at matter more than others")
    assert "4 parcels of maize" in said
    assert verdict(evidence(), 2) == "Nothing shows that these dates matter more than random ones."
    assert verdict(evidence(), 1).startswith("It matters: without these dates it loses 20.0 points more")


def test_one_parcel_bears_no_sentence() -> None:
    single = evidence(deletion=(deletion(0.2), deletion(0.2, None, 1)))
    assert evidence_sentence(single, 2, "maize").startswith("Only 1 parcel of maize could be asked")
    assert lead(single.deletion[1]) is None and verdict(single, 2) == ""


def test_the_date_that_is_missed_most_has_parcels_enough_behind_it() -> None:
    # June costs more, but of one parcel only.
    assert most_missed(evidence(), 1).startswith("Missed most is 3 April 2019 of Sentinel-2")
    assert most_missed(evidence(), 2) == "No single date is missed for sure."


def test_losses_over_all_classes_are_those_of_all_their_parcels() -> None:
    rng = np.random.default_rng(0)
    wheat, maize = rng.normal(0.1, 0.05, 30), rng.normal(0.3, 0.1, 4)
    part = Occlusion(
        stream="S1",
        dates=(date(2019, 4, 3),),
        loss=((wheat.mean(),), (maize.mean(),)),
        error=((wheat.std(ddof=1) / 30**0.5,), (maize.std(ddof=1) / 2,)),
        parcels=((30,), (4,)),
    )
    (row,) = occlusion_table(evidence(occlusion=(part,)), None).itertuples()
    both = np.concatenate([wheat, maize])
    assert row.loss == pytest.approx(100 * both.mean())
    low, _ = mean_interval(both.mean(), both.std(ddof=1) / 34**0.5, 34)
    assert row.low == pytest.approx(100 * float(low))
    assert row.parcels == 34


def test_dates_without_a_parcel_are_no_rows_and_curves_are_in_per_cent() -> None:
    assert len(occlusion_table(evidence(), 2)) == 1
    table = deletion_table(evidence(), None)
    assert list(table["order"].unique()) == ["most attended first", "random order", "least attended first"]
    assert table.loc[table["order"] == "most attended first", "probability"].tolist() == [90, 20]
    assert deletion_table(evidence(overall=Deletion(parcels=0)), None).empty


def test_evidence_comes_back_from_its_file_and_a_broken_one_is_named(tmp_path: Path) -> None:
    assert Evidence.read(tmp_path) is None
    evidence().write(tmp_path)
    assert Evidence.read(tmp_path) == evidence()
    content = (tmp_path / EVIDENCE).read_text()
    (tmp_path / EVIDENCE).write_text(content.replace('"shares":[0.0,0.5]', '"shares":[0.0,0.5,0.7]'))
    with pytest.raises(
        ValueError, match=r"evidence\.json: file: a curve must have a figure for each of the 3"
    ):
        Evidence.read(tmp_path)
    (tmp_path / EVIDENCE).write_text("{")
    with pytest.raises(ValueError, match="not valid JSON"):
        Evidence.read(tmp_path)


def test_progress_tells_the_time_left() -> None:
    began = datetime.now(UTC) - timedelta(seconds=10)
    status = EvidenceStatus(state="running", done=25, total=100, started=began, updated=datetime.now(UTC))
    words, percent = progress_words(status)
    assert words.startswith("Asking the model: 25 of 100 parcels, about 3") and percent == 25
    assert progress_words(status.model_copy(update={"state": "queued"})) == ("Waiting for a worker.", None)


# --- the section -------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Run:
    store = random_store(tmp_path / "data" / "fields")
    made = example_run(tmp_path / "runs", store.path, "S2")
    made.folder.file(MODEL).write_bytes(b"weights")
    return Run(made.folder)


def section(run: Run, *, read_only: bool = False) -> EvidenceSection:
    root = run.folder.path.parents[1]
    settings = Settings(data=(root / "data",), runs=root / "runs", read_only=read_only)
    shown = EvidenceSection(Workbench(settings), lambda: None)
    shown.show_run(run, None, TIME, date=None, left=100)
    return shown


def told(shown: EvidenceSection) -> str:
    return str(shown._sentence.object)


def test_a_run_without_evidence_can_be_asked(run: Run) -> None:
    shown = section(run)
    assert shown._compute.visible and not shown._pictures.visible
    assert "seconds to a minute" in told(shown)


def test_looking_only_the_command_is_told_and_nothing_can_be_started(run: Run) -> None:
    shown = section(run, read_only=True)
    assert not shown._compute.visible
    assert f"“cropdash evidence {run.id}”" in told(shown)
    with pytest.raises(PermissionError):
        shown.workbench.start_evidence(run.id)
    evidence().write(run.folder.path)
    shown.show_run(run, None, TIME, date=None, left=100)
    assert shown._pictures.visible, "what there is is shown"


def test_evidence_is_shown_with_its_sentence_and_both_pictures(run: Run) -> None:
    evidence().write(run.folder.path)
    shown = section(run)
    assert "matter more than others" in told(shown) and "3 April 2019" in told(shown)
    assert shown._pictures.visible and not shown._compute.visible
    assert len(shown._occlusion.objects) == len(shown._deletion.objects) == 1
    assert "at most 30 of each class" in str(shown._note.object)


def test_a_computation_under_way_shows_its_progress_in_any_session(run: Run) -> None:
    EvidenceStatus.note(run.folder.path, "running", done=5, total=20)
    shown = section(run)
    assert shown._bar.visible and shown._bar.value == 25 and shown._cancel.visible
    assert "5 of 20 parcels" in told(shown)
    assert not section(run, read_only=True)._cancel.visible


@pytest.mark.parametrize(
    ("state", "said"), [("failed", "The last attempt failed: no disk."), ("cancelled", "was cancelled")]
)
def test_an_attempt_that_ended_badly_is_told_and_can_be_made_again(run: Run, state: str, said: str) -> None:
    EvidenceStatus.note(run.folder.path, state, error="no disk")
    shown = section(run)
    assert said in told(shown) and shown._compute.visible


def test_a_run_without_its_model_says_why_it_cannot_be_asked(run: Run) -> None:
    run.folder.file(MODEL).unlink()
    shown = section(run)
    assert "came without its model" in told(shown) and not shown._compute.visible


def test_a_broken_file_is_a_sentence_and_can_be_replaced(run: Run) -> None:
    (run.folder.path / EVIDENCE).write_text("{")
    shown = section(run)
    assert "cannot be read" in told(shown) and shown._compute.visible
