"""The header's choices of data set and region."""

from __future__ import annotations

from pathlib import Path

from cropdash.dashboard.header import DatasetAndRegion
from cropdash.dashboard.settings import Settings
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from tests.datasets.random_store import random_store


def test_another_data_set_takes_no_class_cell_parcel_or_area_over(tmp_path: Path) -> None:
    for name in ("fields", "meadows"):
        random_store(tmp_path / "data" / name, 4)
    choices = Choices()
    address = "?page=map&data=fields&region=r1&class=2&cell=2-3&parcel=p1&date=2019-05-31&area=0_0_9_9&map.view=0_0_9_9"
    assert choices.read_query(address, ["map"]) == []
    header = DatasetAndRegion(choices, Workbench(Settings.of([tmp_path / "data"], tmp_path / "runs")))
    assert "class=2" in choices.query() and "area=0_0_9_9" in choices.query()
    header._dataset.value = "meadows"
    assert choices.query() == "?page=map&data=meadows"
