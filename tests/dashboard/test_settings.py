"""Where the dashboard finds its folders, and what it never opens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cropdash.dashboard.settings import Settings
from cropdash.training.demo import Demo


def make_store(path: Path) -> Path:
    """What settings look for: a folder with a dataset.json."""
    path.mkdir(parents=True)
    (path / "dataset.json").write_text("{}")
    return path


def test_without_any_word_the_demo_and_runs_here(tmp_path: Path) -> None:
    settings = Settings.read({}, tmp_path)
    assert settings.demo
    assert settings.data == (Demo.read().data_folder.resolve(),)
    assert settings.runs == tmp_path / "runs"
    assert Settings.read({"CROPDASH_RUNS": "mine"}, tmp_path).demo


def test_the_demo_stays_away_from_ones_own_data(tmp_path: Path) -> None:
    assert not Settings.read({"CROPDASH_DATA": "mine"}, tmp_path).demo
    (tmp_path / "cropdash.toml").write_text('[cropdash]\ndata = "mine"\n')
    assert not Settings.read({}, tmp_path).demo


def test_the_environment_names_several_data_folders(tmp_path: Path) -> None:
    environment = {
        "CROPDASH_DATA": os.pathsep.join(["one", str(tmp_path / "two")]),
        "CROPDASH_RUNS": "r",
    }
    settings = Settings.read(environment, tmp_path)
    assert settings.data == (tmp_path / "one", tmp_path / "two")
    assert settings.runs == tmp_path / "r"


def test_the_file_speaks_where_the_environment_is_silent(tmp_path: Path) -> None:
    (tmp_path / "cropdash.toml").write_text('[cropdash]\ndata = ["a", "b"]\nruns = "mine"\n')
    settings = Settings.read({}, tmp_path)
    assert settings.data == (tmp_path / "a", tmp_path / "b")
    assert settings.runs == tmp_path / "mine"
    assert Settings.read({"CROPDASH_RUNS": "other"}, tmp_path).runs == tmp_path / "other"
    assert Settings.read({"CROPDASH_RUNS": "other"}, tmp_path).data == settings.data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[cropdash", "not valid TOML"),
        ("cropdash = 3", "must be a table"),
        ("[cropdash]\ndatas = 'x'", "cropdash.datas is unknown"),
        ("tiles = 'https://tiles.example/{z}/{x}/{y}.png'", "tiles stands outside of [cropdash]"),
        ("[cropdash]\ndata = 3", "cropdash.data must be a folder"),
        ("[cropdash]\nruns = ['a', 'b']", "cropdash.runs must be one folder"),
        ("[cropdash]\nread_only = 'no'", "cropdash.read_only must be true or false"),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_field(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "cropdash.toml").write_text(text)
    with pytest.raises(ValueError, match=r"cropdash\.toml") as refused:
        Settings.read({}, tmp_path)
    assert said in str(refused.value)


def test_stores_are_found_one_level_down_and_in_place(tmp_path: Path) -> None:
    one = make_store(tmp_path / "many" / "one")
    alone = make_store(tmp_path / "alone")
    make_store(tmp_path / "many" / "deep" / "er")
    make_store(tmp_path / "many" / ".being-written")
    assert Settings.of([tmp_path / "many", alone], "runs").stores() == {"one": one, "alone": alone}


def test_two_stores_of_one_name_are_told_apart(tmp_path: Path) -> None:
    first = make_store(tmp_path / "a" / "same")
    second = make_store(tmp_path / "b" / "same")
    assert Settings.of([tmp_path / "a", tmp_path / "b"], "runs").stores() == {"same": first, "b/same": second}


def test_a_link_out_of_the_data_folders_is_not_followed(tmp_path: Path) -> None:
    outside = make_store(tmp_path / "outside")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(outside)
    settings = Settings.of([tmp_path / "data"], "runs")
    assert settings.stores() == {}
    assert not settings.holds_data(tmp_path / "data" / "link")
    assert not settings.holds_data(tmp_path / "data" / ".." / "outside")
    assert settings.holds_data(tmp_path / "data" / "anything")


def test_a_data_folder_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    assert Settings.of([tmp_path / "nowhere"], "runs").stores() == {}


def test_looking_only_is_said_by_the_environment_or_the_file(tmp_path: Path) -> None:
    assert not Settings.read({}, tmp_path).read_only
    assert Settings.read({"CROPDASH_READ_ONLY": "1"}, tmp_path).read_only
    (tmp_path / "cropdash.toml").write_text("[cropdash]\nread_only = true\n")
    settings = Settings.read({}, tmp_path)
    assert settings.read_only and settings.demo
    assert not Settings.read({"CROPDASH_READ_ONLY": "0"}, tmp_path).read_only


def test_tiles_of_a_basemap_come_from_the_environment_or_the_file_and_must_name_their_places(
    tmp_path: Path,
) -> None:
    address = "https://tiles.example/{z}/{x}/{y}.png"
    (tmp_path / "cropdash.toml").write_text(
        f'[cropdash]\ntiles = "{address}"\ntiles_credit = "© somebody"\n', encoding="utf-8"
    )
    settings = Settings.read({}, tmp_path)
    assert (settings.tiles, settings.tiles_credit) == (address, "© somebody")
    other = Settings.read({"CROPDASH_TILES": "http://near/{z}/{x}/{y}"}, tmp_path)
    assert other.tiles == "http://near/{z}/{x}/{y}"
    with pytest.raises(ValueError, match=r"CROPDASH_TILES: tiles must be .*\{z\}, \{x\} and \{y\}"):
        Settings.read({"CROPDASH_TILES": "https://tiles.example/"}, tmp_path)
