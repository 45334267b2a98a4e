"""A region or a class of an address that nobody has is left out with a sentence."""

from __future__ import annotations

import pytest

from cropdash.dashboard.address_check import leave_out_unknown
from cropdash.dashboard.frame import Frame
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.datasets.random_store import random_store
from tests.runs.example_run import example_run


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder = tmp_path_factory.mktemp("address")
    random_store(folder / "data/fields", parcels_per_region=8)
    example_run(folder / "runs", experiment="S2", regions=("east", "west"))
    return Workbench(Settings.of([folder / "data"], folder / "runs"))


@pytest.mark.parametrize(("region", "crop"), [("", None), ("east", 1), ("r1", 18)])
def test_what_the_data_set_or_a_run_has_stays(workbench: Workbench, region: str, crop: int | None) -> None:
    choices = Choices(dataset="fields", region=region, crop=crop)
    assert leave_out_unknown(choices, workbench) == []
    assert (choices.region, choices.crop) == (region, crop)


def test_what_nobody_has_is_left_out_with_a_sentence(workbench: Workbench) -> None:
    choices = Choices(dataset="fields", region="zz", crop=99)
    assert leave_out_unknown(choices, workbench) == [
        "The address names the region “zz”, which neither the data set nor a run has; it was left out.",
        "The address names the class “99”, which neither the data set nor a run has; it was left out.",
    ]
    assert (choices.region, choices.crop) == ("", None)


def test_one_unknown_choice_does_not_take_the_other_with_it(workbench: Workbench) -> None:
    choices = Choices(dataset="fields", region="zz", crop=18)
    assert len(leave_out_unknown(choices, workbench)) == 1
    assert (choices.region, choices.crop) == ("", 18)


def test_notices_look_like_warnings(workbench: Workbench) -> None:
    frame = Frame(Choices(dataset="fields"), workbench, ["The address names a page that is none."])
    assert [notice.severity for notice in frame._notices] == ["warning"]
