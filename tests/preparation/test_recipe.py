"""The recipe: what it accepts, what it refuses and with which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from cropdash.preparation import recipe as recipe_module
from cropdash.preparation.example_recipe import EXAMPLE
from cropdash.preparation.recipe import Recipe

SOURCE = {"kind": "rasters", "files": [{"pattern": "images/{date}.tif", "bands": {"VV": 1, "VH": 2}}]}


def content(**changes: Any) -> dict[str, Any]:
    return {
        "parcels": {"file": "parcels.gpkg"},
        "start": "2018-01-01",
        "end": "2018-12-31",
        "S1": {"source": SOURCE},
        **changes,
    }


def written(tmp_path: Path, recipe: dict[str, Any] | str) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe if isinstance(recipe, str) else yaml.safe_dump(recipe))
    return path


def test_paths_start_from_the_recipe_file(tmp_path: Path) -> None:
    recipe = Recipe.read(written(tmp_path, content()))
    assert recipe.parcels.file == tmp_path / "parcels.gpkg"
    assert recipe.S1 is not None and recipe.S1.source.kind == "rasters"
    assert recipe.S1.source.files[0].pattern == str(tmp_path / "images/{date}.tif")


def test_addresses_are_no_paths(tmp_path: Path) -> None:
    source = {"kind": "stac", "url": "https://example.org/stac", "collection": "sentinel-1-rtc"}
    recipe = Recipe.read(written(tmp_path, content(S1={"source": source})))
    assert recipe.S1 is not None and recipe.S1.source.kind == "stac"
    assert recipe.S1.source.url == "https://example.org/stac"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"colour": "red"}, "colour: no such field"),
        ({"S1": {"source": SOURCE, "max_cloud": 20}}, "S1.max_cloud: no such field"),
        ({"S1": None}, "name the images of S1, of S2, or of both"),
        ({"start": "2019-01-01"}, "start (2019-01-01) must not be after end (2018-12-31)"),
        ({"S1": {"source": SOURCE, "speckle_window": 6}}, "must be odd, not 6"),
        ({"S1": {"source": SOURCE, "scaling": {"low": 98, "high": 2}}}, "low (98) must be below high (2)"),
        ({"S2": {"source": SOURCE, "scaling": {}, "ndvi": True}}, "cannot be had together"),
        ({"S1": {"source": {"kind": "ftp"}}}, "'stac', 'rasters', 'earth_engine'"),
        ({"season_origin": "13-01"}, "season_origin"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_field(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    path = written(tmp_path, content(**changes))
    with pytest.raises(ValueError) as caught:
        Recipe.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert sentence in str(caught.value)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither YAML nor JSON"):
        Recipe.read(written(tmp_path, "parcels: [unclosed"))
    with pytest.raises(FileNotFoundError, match="no such recipe"):
        Recipe.read(tmp_path / "nothing.yaml")


def test_the_printed_example_is_a_recipe(tmp_path: Path) -> None:
    recipe = Recipe.read(written(tmp_path, EXAMPLE))
    assert list(recipe.sensors) == ["S1", "S2"]


def test_the_fingerprint_ignores_name_and_patience_only(tmp_path: Path) -> None:
    def fingerprint(**changes: Any) -> str:
        source = {"kind": "stac", "url": "https://e.org", "collection": "c", **changes.pop("source", {})}
        return Recipe.model_validate(content(S1={"source": source}, **changes)).fingerprint

    assert fingerprint() == fingerprint(name="x", source={"timeout": 5, "retries": 9})
    assert fingerprint() != fingerprint(block=64)
    assert fingerprint() != fingerprint(source={"collection": "d"})


def test_every_field_has_its_help() -> None:
    models = [
        value
        for value in vars(recipe_module).values()
        if isinstance(value, type)
        and issubclass(value, BaseModel)
        and value.__module__ == recipe_module.__name__
    ]
    nested = {"parcels", "grid", "pixels", "source", "kind"}
    without = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if not field.description and name not in nested
    ]
    assert without == []
