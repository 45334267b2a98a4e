"""Runs of one experiment over several seeds fold into one; what differs in anything else stays apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cropdash.analysis.seed_groups import seed_groups
from cropdash.runs.library import RunLibrary
from cropdash.runs.published import published
from cropdash.runs.reference_results import ReferenceRun
from cropdash.runs.run import Run
from cropdash.runs.run_folder import SPEC, SUMMARY, RunFolder
from tests.runs.example_run import example_run


def changed(run: Run, **fields: Any) -> Run:
    """The run with other fields in its specification, read anew."""
    path = run.folder.file(SPEC)
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    return Run(run.folder.path)


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    return [example_run(tmp_path, experiment=e, seed=s) for e in ("tsa", "S2") for s in (42, 1, 100)]


def test_runs_that_differ_in_their_seed_alone_are_one_group(runs: list[Run]) -> None:
    groups = seed_groups(runs)
    assert [group.label for group in groups] == ["tsa", "S2"]
    assert [group.seeds for group in groups] == [(1, 42, 100)] * 2
    assert [group.runs for group in groups] == [3, 3]
    assert len({group.key for group in groups}) == 2
    assert [group.key for group in seed_groups(runs[::-1])] == [groups[1].key, groups[0].key]


def test_means_and_standard_deviations_are_those_of_the_runs(runs: list[Run]) -> None:
    group = seed_groups(runs[:3])[0]
    values = [run.scores().overall["macro_f1"] for run in runs[:3]]
    row = group.overall.loc["macro_f1"]
    assert (row["mean"], row["sd"]) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    assert row["runs"] == 3
    # t(0.975, 2) = 4.302653
    assert row["high"] - row["mean"] == pytest.approx(4.302653 * row["sd"] / np.sqrt(3))
    maize = [run.scores().per_class.loc[2, "f1"] for run in runs[:3]]
    row = group.per_class.loc[(2, "f1")]
    assert (row["mean"], row["sd"]) == pytest.approx((np.mean(maize), np.std(maize, ddof=1)))
    assert row["class"] == "maize"
    assert len(group.per_class) == 12 * 4


def test_what_decides_no_result_does_not_part_runs(runs: list[Run]) -> None:
    named = [
        changed(runs[0], name="my favourite"),
        changed(runs[1], device="cpu", threads=2),
        runs[2],
    ]
    assert len(seed_groups(named)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"optimisation": {"epochs": 13}},
        {"season_origin": "08-01"},
        {"shuffle_labels": True},
        {"data": "other"},
    ],
)
def test_any_other_setting_parts_runs(runs: list[Run], fields: dict[str, Any]) -> None:
    assert [group.seeds for group in seed_groups([runs[0], changed(runs[1], **fields)])] == [(42,), (1,)]


def test_another_data_set_or_other_classes_part_runs(runs: list[Run]) -> None:
    for place, content in enumerate(({"fingerprint": "aa"}, {"fingerprint": "bb"})):
        runs[place].folder.write_provenance({"data": content})
    assert [group.seeds for group in seed_groups(runs[:2])] == [(42,), (1,)]
    runs[1].folder.write_provenance({"data": {"fingerprint": "aa"}})
    assert [group.seeds for group in seed_groups(runs[:2])] == [(1, 42)]
    summary = json.loads(runs[1].folder.file(SUMMARY).read_text())
    summary["classes"][0]["code"] = 99
    runs[1].folder.write_summary(summary)
    # Over no region: the predictions of the second run are still of the classes that it had before.
    parted = seed_groups([runs[0], Run(runs[1].folder.path)], ["nowhere"])
    assert [group.seeds for group in parted] == [(42,), (1,)]


def test_a_run_without_figures_joins_its_seeds_and_is_in_no_mean(runs: list[Run], tmp_path: Path) -> None:
    spec = {**runs[0].folder.spec(), "seed": 7}
    waiting = Run(RunFolder.create(tmp_path / "waiting", spec))
    group = seed_groups([*runs[:3], waiting])[0]
    assert group.seeds == (1, 7, 42, 100)
    assert group.runs == 3
    assert set(group.overall["runs"]) == {3}
    assert set(group.per_class["runs"]) == {3}
    alone = seed_groups([waiting])[0]
    assert alone.runs == 0
    assert alone.per_class.empty
    assert alone.overall["mean"].isna().all()


def test_a_seed_counts_once(runs: list[Run], tmp_path: Path) -> None:
    copy = example_run(tmp_path / "copies", experiment="tsa", seed=42)
    copy.id = "a copy"
    group = seed_groups([*runs[:3], copy])[0]
    assert group.seeds == (1, 42, 100)
    assert group.runs == 3
    assert [result.id for result in group.repeated] == [runs[0].id]  # the smaller id is kept


def test_regions_restrict_the_scores_of_those_that_cover_them(runs: list[Run]) -> None:
    group = seed_groups(runs[:3], ["east"])[0]
    assert group.overall.loc["accuracy", "mean"] == pytest.approx(
        np.mean([run.scores(["east"]).overall["accuracy"] for run in runs[:3]])
    )
    assert seed_groups(runs[:3], ["nowhere"])[0].runs == 0


def test_fused_runs_belong_together_by_the_experiments_they_fuse(runs: list[Run]) -> None:
    fused = [
        changed(run, sources=[f"s1_seed{run.seed}_{run.seed:08x}", f"s2_seed{run.seed}_{run.seed:08x}"])
        for run in runs[:3]
    ]
    assert [group.seeds for group in seed_groups(fused)] == [(1, 42, 100)]
    of_another = changed(fused[0], sources=["s1_seed42_00000001", "early-nn_seed42_00000002"])
    assert len(seed_groups([of_another, *fused[1:]])) == 2


def test_sources_at_hand_are_known_by_their_settings(runs: list[Run]) -> None:
    tsa = [changed(run, sources=[source.id]) for run, source in zip(runs[:3], runs[3:], strict=True)]
    assert len(seed_groups([*tsa, *runs[3:]])) == 2
    longer = changed(runs[3], optimisation={"epochs": 99})
    groups = seed_groups([*tsa, longer, *runs[4:]])
    assert sorted(group.seeds for group in groups) == [(1, 100), (1, 100), (42,), (42,)]


def test_reference_folders_belong_together_by_series_and_experiment(shared: Path) -> None:
    folders = sorted((shared / "reference/runs").glob("series*/s1_*"))
    groups = seed_groups([ReferenceRun(folder) for folder in folders])
    assert [group.seeds for group in groups] == [(1, 42, 100), (1, 42)]
    assert groups[0].overall.loc["accuracy", "mean"] < groups[1].overall.loc["accuracy", "mean"]


def test_published_experiments_and_unreadable_folders_stand_alone(tmp_path: Path) -> None:
    known = published()
    assert [group.results for group in seed_groups(known)] == [(one,) for one in known]
    first = seed_groups(known)[0]
    assert first.overall["sd"].isna().all()
    assert first.overall.loc["accuracy", "mean"] == known[0].scores().overall["accuracy"]
    example_run(tmp_path, seed=1).folder.file(SPEC).write_text("{")
    (broken,) = seed_groups(RunLibrary(tmp_path).results())
    assert (broken.label, broken.runs) == ("unreadable", 0)
