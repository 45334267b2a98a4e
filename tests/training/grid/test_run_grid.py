"""A grid in one call from Python, on workers of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import cropdash as cd
from cropdash.training.grid.standing import GridStanding
from tests.training.grid.small_grid import small_grid


def test_a_grid_is_run_in_one_call_and_found_finished_by_the_next(data: Path, tmp_path: Path) -> None:
    grid = small_grid(vary={"seed": [1]}, together={"experiment": [{"sensors": ["S1"]}, {"fuse": "avg"}]})
    looks: list[GridStanding] = []
    standing = cd.run_grid(grid, data, tmp_path, name="small", workers=1, on_look=looks.append)
    assert standing.is_complete and standing.counts["finished"] == 3
    assert looks[-1] is standing and not looks[0].is_complete
    (fused,) = (one for one in cd.RunLibrary(tmp_path).results() if one.fusion == "softmax_avg")
    assert len(cd.predict(tmp_path / fused.id, regions=["r4"])) == 14
    looks.clear()
    again = cd.run_grid(grid, data, tmp_path, name="small", on_look=looks.append)
    assert again.is_complete and len(looks) == 1


def test_a_grid_that_does_not_fit_its_data_is_refused_before_it_is_begun(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Chateaulin"):
        cd.run_grid("sparse", data, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_every_public_name_is_there_and_explained() -> None:
    assert cd.__all__ == sorted(cd.__all__) and set(cd.__all__) == set(cd._HOMES)
    for name in cd.__all__:
        assert getattr(cd, name).__doc__, name
