"""Fingerprints follow what decides a run's result, and those of older runs stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from cropdash.training.experiment import ExperimentSpec

DEMO_RUNS = Path(__file__).parents[2] / "data/demo/runs"
REGIONS = {"train": ["r1", "r2"], "validation": ["r3"], "test": ["r4"]}


def spec(**values: Any) -> ExperimentSpec:
    return ExperimentSpec.model_validate({"data": "store", "regions": REGIONS, **values})


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"fusion": "pse"}, {"optimisation": {"epochs": 3}}, {"shuffle_labels": True}]
)
def test_what_decides_the_result_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert spec(**change).fingerprint != spec().fingerprint


@pytest.mark.parametrize("change", [{"name": "first try"}, {"device": "cpu"}, {"threads": 1}])
def test_where_it_runs_and_what_it_is_called_do_not(change: dict[str, Any]) -> None:
    assert spec(**change).fingerprint == spec().fingerprint


def test_runs_made_before_a_field_came_keep_their_fingerprint() -> None:
    runs = sorted(DEMO_RUNS.glob("*/spec.json"))
    assert len(runs) == 21
    for path in runs:
        assert ExperimentSpec.read(path).run_id == path.parent.name


def test_a_later_field_changes_the_fingerprint_only_where_it_is_not_the_default() -> None:
    later = {
        "days": {"sampling": {"days": 92}},
        "s2_pool": {"sampling": {"s2_pool": 27}},
        "s2_share": {"sampling": {"s2_share": 0.5}},
        "date_dropout": {"sampling": {"date_dropout": 0.5}},
        "season_cut": {"sampling": {"season_cut": 0.5}},
        "sensor_dropout": {"sampling": {"sensor_dropout": 0.5}},
        "balanced": {"sampling": {"balanced": True}},
        "logit_adjustment": {"optimisation": {"logit_adjustment": 1.0}},
        "temporal": {"model": {"temporal": "ltae"}},
    }
    made = {name: spec(**values).fingerprint for name, values in later.items()}
    assert len({spec().fingerprint, *made.values()}) == 1 + len(later)
    assert spec(sampling={"days": None, "s2_pool": None, "s2_share": None}).fingerprint == spec().fingerprint


class _LaterPart(BaseModel):
    strength: float = 0.0
    steps: int = 3


class _LaterSpec(ExperimentSpec):
    """The specification as a later version may have it: one field more, and one part more."""

    flavour: str = "plain"
    later: _LaterPart = _LaterPart()


def test_a_field_or_part_that_is_yet_to_come_leaves_fingerprints_as_they_are() -> None:
    def later(**values: Any) -> str:
        return _LaterSpec.model_validate({"data": "store", "regions": REGIONS, **values}).fingerprint

    assert later() == spec().fingerprint
    changed = {later(flavour="new"), later(later={"strength": 0.5}), later(later={"strength": 1.0})}
    assert len(changed | {spec().fingerprint}) == 4
    assert later(later={"strength": 0.5, "steps": 3}) == later(later={"strength": 0.5})
