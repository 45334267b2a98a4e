"""The table of stands, managements and rotations."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from cropdash.nomenclature import Nomenclature
from cropdash.packaged import packaged_file
from cropdash.simulation.crop_calendars import (
    ORIGIN,
    STAGES,
    STANDS_FILE,
    day_number,
    month_day,
    packaged_calendars,
    read_calendars,
)

TABLE = yaml.safe_load(packaged_file(STANDS_FILE).read_text(encoding="utf-8"))


def test_every_class_of_the_study_has_a_calendar() -> None:
    groups = set(packaged_calendars().groups)
    assert groups == {1, 2, 3, 4, 5, 8, 11, 16, 17, 18, 19, 20, 25}
    assert groups <= set(Nomenclature.rpg_groups().by_code)


def test_every_parameter_names_its_source() -> None:
    known = set(TABLE["sources"])
    for name, stand in TABLE["stands"].items():
        for part in {"calendar", "leaf_area", "leaves", "radar", "flower"} & set(stand):
            cited = stand["sources"].get(part, "").replace("(a)", "").split()
            assert cited, f"{name}: {part} names no source"
            assert set(cited) <= known, f"{name}: {part}"


def test_stages_follow_each_other() -> None:
    stands = packaged_calendars().stands
    annual = np.flatnonzero(np.isfinite(stands.stages[:, 0]))
    in_order = [STAGES.index(stage) for stage in ("emergence", "growth", "peak", "senescence", "maturity")]
    for row in annual[annual != stands.index("oats and vetch")]:
        steps = np.diff(stands.stages[row, in_order])
        assert (steps > 0).all(), stands.names[row]


def test_maize_is_sown_in_may_and_cut_in_october() -> None:
    """Arvalis in Paysan Breton, May 2024: sown to the end of May, silage from September to mid October."""
    stands = packaged_calendars().stands
    maize = stands.index("maize")
    assert day_number(2019, stands.sowing[maize, 0]) == (np.datetime64("2019-05-04") - ORIGIN).astype(int)
    harvest = stands.sowing[maize, 0] + stands.harvest[maize, 0]
    assert month_day("09-15") < harvest < month_day("10-20")


def test_leaf_traits_lie_within_what_the_emulator_knows() -> None:
    from cropdash.simulation.reflectance import RANGES

    stands = packaged_calendars().stands
    for name, values in (
        ("water", stands.water),
        ("dry_matter", stands.dry_matter),
        ("leaf_angle", stands.leaf_angle),
        ("chlorophyll", stands.chlorophyll[:, 0]),
        ("lai", stands.months),
        ("lai", stands.peak_leaf_area[:, 0]),
    ):
        low, high = RANGES[name]
        assert (values >= low).all() and (values <= high).all(), name


def test_a_stand_that_the_table_lacks_is_refused(tmp_path: Path) -> None:
    table = {
        **TABLE,
        "groups": {1: {"systems": [{**TABLE["groups"][1]["systems"][0], "main": {"spelt": 1.0}}]}},
    }
    (tmp_path / "stands.yaml").write_text(yaml.safe_dump(table))
    with pytest.raises(ValueError, match=r"stands\.yaml: group 1 names spelt, which the table lacks"):
        read_calendars(tmp_path / "stands.yaml")


def test_odds_that_do_not_sum_to_one_are_refused(tmp_path: Path) -> None:
    system = {**TABLE["groups"][1]["systems"][0], "main": {"winter wheat": 0.9}}
    (tmp_path / "stands.yaml").write_text(yaml.safe_dump({**TABLE, "groups": {1: {"systems": [system]}}}))
    with pytest.raises(ValueError, match="of group 1 do not sum to 1"):
        read_calendars(tmp_path / "stands.yaml")
