"""The options of ``cropdash train`` are the fields of the spec, and only the spec judges them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import ValidationError

from cropdash.cli.options import spec_from_options, spec_options
from cropdash.nomenclature import Fusion

MINIMAL: dict[str, Any] = {"data": "store", "train": "r1,r2", "validation": "r3", "test": "r4"}


def test_every_leaf_of_the_spec_is_an_option_with_its_help() -> None:
    @click.command()
    @spec_options
    def command(**options: Any) -> None: ...

    options = {parameter.name: parameter for parameter in command.params}
    spec = spec_from_options({**MINIMAL})
    content = spec.model_dump()
    leaves = [
        leaf
        for value_name, value in content.items()
        for leaf in (value if isinstance(value, dict) and value else [value_name])
    ]
    assert sorted(options) == sorted(leaves)
    assert all(isinstance(o, click.Option) and o.help for o in options.values())


def test_words_become_the_values_of_the_spec() -> None:
    spec = spec_from_options(
        {
            **MINIMAL,
            "fusion": "early",
            "merge_classes": "19:18, 3:1",
            "keep_classes": "1,2,18",
            "s2_dates": "none",
            "learning_rate": "0.01",
            "pixel_mlp": "16,16",
            "geometry_features": True,
        }
    )
    assert spec.regions.train == ("r1", "r2")
    assert spec.fusion is Fusion.EARLY
    assert spec.labels.merge_classes == {19: 18, 3: 1}
    assert spec.labels.keep_classes == (1, 2, 18)
    assert spec.sampling.s2_dates is None
    assert spec.optimisation.learning_rate == 0.01
    assert spec.model.pixel_mlp == (16, 16)
    assert spec.geometry_features is True


def test_fusion_none_is_a_fusion_and_not_an_unset_option() -> None:
    assert spec_from_options({**MINIMAL, "sensors": "S2", "fusion": "none"}).fusion is Fusion.NONE


def test_one_sensor_needs_no_fusion() -> None:
    assert spec_from_options({**MINIMAL, "sensors": "S1"}).experiment == "S1"


def test_an_option_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    file.write_text(
        json.dumps(
            {
                "data": "store",
                "regions": {"train": ["a"], "validation": ["b"], "test": ["c"]},
                "sensors": ["S2"],
                "optimisation": {"epochs": 7, "batch_size": 16},
            }
        )
    )
    spec = spec_from_options({"epochs": "3"}, file)
    assert (spec.optimisation.epochs, spec.optimisation.batch_size) == (3, 16)
    assert spec.sensors == ("S2",)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"merge_classes": "19"}, "merge_classes"),
        ({"epochs": "many"}, "epochs"),
        ({"fusion": "late"}, "'none', 'early', 'pse'"),
        ({"sensors": "S2,S1"}, "S1 before S2"),
        ({"test": "r3"}, "belongs to one split"),
        ({"train": ""}, "at least 1 item"),
    ],
)
def test_a_wrong_value_is_refused_by_the_spec(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        spec_from_options({**MINIMAL, **options})


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text("data: store\nregions: {train: [a]}\nsedd: 3\n")
    with pytest.raises(ValueError, match=r"spec\.yaml: .*validation: Field required.*sedd: Extra inputs"):
        spec_from_options({}, file)


def test_a_list_given_in_parts_loses_none_of_them() -> None:
    seen: dict[str, Any] = {}

    @click.command()
    @spec_options
    def command(**options: Any) -> None:
        seen.update(options)

    words = ["--data", "store", "--train", "r1", "--train", "r2", "--validation", "r3", "--test", "r4"]
    command.main(words, standalone_mode=False)
    assert spec_from_options(seen).regions.train == ("r1", "r2")
