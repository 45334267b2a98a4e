"""``cropdash prepare`` as typed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cropdash.cli import main
from cropdash.datasets.store import ParcelStore
from tests.preparation import small_images as images


def test_prepare_makes_a_store_and_prints_the_report(tmp_path: Path) -> None:
    parcels = images.write_parcels(
        tmp_path / "parcels.gpkg", {"a": images.square(2, 3), "b": images.square(99, 99)}
    )
    images.write_s2(tmp_path, {"31UDS_20180401": images.s2_image(1000)})
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(images.recipe(tmp_path, parcels, s2={})))
    result = CliRunner().invoke(main, ["prepare", str(recipe), str(tmp_path / "store")])
    assert result.exit_code == 0, result.output
    assert "1 of 2 parcels prepared" in result.output and "outside the images" in result.output
    assert len(ParcelStore.open(tmp_path / "store")) == 1


def test_what_a_user_can_mend_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("colour: red")
    for arguments, sentence in (
        ([str(tmp_path / "recipe.yaml"), str(tmp_path / "out")], "colour: no such field"),
        ([str(tmp_path / "none.yaml"), str(tmp_path / "out")], "no such recipe"),
        ([], "cropdash prepare --example"),
    ):
        result = CliRunner().invoke(main, ["prepare", *arguments])
        assert result.exit_code != 0 and sentence in result.output
        assert "Traceback" not in result.output


def test_a_missing_package_is_a_sentence(tmp_path: Path) -> None:
    parcels = images.write_parcels(tmp_path / "parcels.gpkg", {"a": images.square(2, 3)})
    content = images.recipe(tmp_path, parcels)
    content["S2"] = {"source": {"kind": "earth_engine"}}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(content))
    result = CliRunner().invoke(main, ["prepare", str(tmp_path / "recipe.yaml"), str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "pip install 'cropdash[earth-engine]'" in result.output


def test_the_example_recipe_is_printed() -> None:
    result = CliRunner().invoke(main, ["prepare", "--example"])
    assert result.exit_code == 0 and yaml.safe_load(result.output)["S2"]["min_clear"] == 0.8


def test_ctrl_c_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cropdash.preparation import block_task, prepare

    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    parcels = images.write_parcels(tmp_path / "parcels.gpkg", {"a": images.square(2, 3)})
    images.write_s2(tmp_path, {"31UDS_20180401": images.s2_image(1000)})
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(images.recipe(tmp_path, parcels, s2={})))
    arguments = ["prepare", str(tmp_path / "recipe.yaml"), str(tmp_path / "store")]
    monkeypatch.setattr(prepare, "prepare_block", interrupted)
    stopped = CliRunner().invoke(main, arguments)
    assert stopped.exit_code == 130 and "the same command goes on" in stopped.output
    assert not (tmp_path / "store").exists()
    monkeypatch.setattr(prepare, "prepare_block", block_task.prepare_block)
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert len(ParcelStore.open(tmp_path / "store")) == 1
