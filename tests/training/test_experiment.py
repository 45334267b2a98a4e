"""The specification: defaults of the study, bounds, contradictions and names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cropdash.nomenclature import Fusion
from cropdash.training.experiment import ExperimentSpec, explain

REGIONS = {"train": ["r1", "r2"], "validation": ["r3"], "test": ["r4"]}


def spec(**values: Any) -> ExperimentSpec:
    return ExperimentSpec.model_validate({"data": "store", "regions": REGIONS, **values})


def refusal(**values: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        spec(**values)
    return explain(caught.value)


def test_defaults_are_the_study() -> None:
    made = spec()
    assert (made.fusion, made.sensors) == (Fusion.TSA, ("S1", "S2"))
    assert (made.sampling.pixels, made.sampling.s2_dates) == (64, 27)
    optimisation = made.optimisation
    assert (optimisation.epochs, optimisation.batch_size, optimisation.learning_rate) == (100, 128, 1e-3)
    assert (optimisation.focal_gamma, optimisation.schedule) == (1.0, "constant")
    assert made.model.pixel_mlp == (32, 64)
    assert made.labels.minimum_share == 0.0002


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"data": ""}, "data: String should have at least 1 character"),
        ({"regions": {"train": ["a"], "validation": [], "test": ["c"]}}, "regions.validation"),
        (
            {"regions": {"train": ["a"], "validation": ["b"], "test": ["a"]}},
            "region 'a' is named in train and in test; a region belongs to one split, once",
        ),
        (
            {"regions": {"train": ["a", "a"], "validation": ["b"], "test": ["c"]}},
            "region 'a' is named in train and in train",
        ),
        ({"sensors": ["S2", "S1"]}, "sensors must name S1 before S2"),
        ({"sensors": ["S1", "S1"], "fusion": "tsa"}, "names one sensor twice: S1, S1"),
        ({"sensors": ["S3"]}, "sensors.0: Input should be 'S1' or 'S2'"),
        ({"sensors": []}, "sensors: Tuple should have at least 1 item"),
        ({"sensors": None}, "sensors: Input should be a valid tuple"),
        ({"sensors": 2}, "sensors: Input should be a valid tuple"),
        ({"fusion": "none"}, "fusion none takes one sensor: S1 or S2"),
        ({"sensors": ["S1"], "fusion": "tsa"}, "fusion tsa takes both sensors, S1 and S2"),
        ({"fusion": "late"}, "fusion: Input should be 'none', 'early', 'pse', 'tsa', 'softmax_avg' or"),
        ({"season_origin": "02-29"}, "season_origin 02-29 is not a day of every year"),
        ({"season_origin": "04-31"}, "season_origin 04-31 is not a day of every year"),
        ({"season_origin": "13-01"}, "season_origin: String should match pattern"),
        ({"sampling": {"pixels": 1}}, "sampling.pixels: Input should be greater than or equal to 2"),
        ({"sampling": {"s2_dates": 0}}, "sampling.s2_dates: Input should be greater than or equal to 1"),
        ({"sampling": {"date_dropout": 1}}, "sampling.date_dropout: Input should be less than 1"),
        ({"sampling": {"sensor_dropout": 1}}, "sampling.sensor_dropout: Input should be less than 1"),
        (
            {"fusion": "early", "sampling": {"sensor_dropout": 0.2}},
            "sampling.sensor_dropout needs a fusion that can answer for a parcel with one sensor (tsa, softmax_avg or "
            "softmax_norm); fusion early cannot",
        ),
        ({"sensors": ["S2"], "sampling": {"sensor_dropout": 0.2}}, "fusion none cannot"),
        (
            {"sampling": {"balanced": True}, "optimisation": {"logit_adjustment": 1}},
            "sampling.balanced and optimisation.logit_adjustment exclude each other",
        ),
        (
            {"sampling": {"balanced": True}, "optimisation": {"class_weights": "inverse"}},
            "sampling.balanced and optimisation.class_weights inverse exclude each other",
        ),
        (
            {"optimisation": {"class_weights": "inverse", "logit_adjustment": 1}},
            "optimisation.logit_adjustment and optimisation.class_weights inverse exclude each other",
        ),
        ({"optimisation": {"epochs": 0}}, "optimisation.epochs"),
        ({"optimisation": {"batch_size": 1}}, "optimisation.batch_size"),
        (
            {"optimisation": {"learning_rate": 0}},
            "optimisation.learning_rate: Input should be greater than 0",
        ),
        ({"optimisation": {"learning_rate": float("nan")}}, "optimisation.learning_rate"),
        ({"optimisation": {"learning_rate": float("inf")}}, "optimisation.learning_rate"),
        ({"optimisation": {"weight_decay": float("inf")}}, "optimisation.weight_decay"),
        ({"optimisation": {"focal_gamma": float("inf")}}, "optimisation.focal_gamma"),
        (
            {"optimisation": {"learning_rate": 1e300}},
            "optimisation.learning_rate: Input should be less than or equal to 1",
        ),
        ({"optimisation": {"focal_gamma": 1e308}}, "optimisation.focal_gamma"),
        ({"model": {"pixel_mlp": [32, 0]}}, "model.pixel_mlp.1: Input should be greater than or equal to 1"),
        ({"model": {"temporal_mlp": [-3]}}, "model.temporal_mlp.0"),
        ({"model": {"pse_temporal_mlp": [0]}}, "model.pse_temporal_mlp.0"),
        ({"model": {"decoder": [0]}}, "model.decoder.0"),
        ({"model": {"heads": 10**9}}, "model.heads"),
        ({"model": {"position_period": float("inf")}}, "model.position_period"),
        ({"threads": 10**12}, "threads: Input should be less than or equal to 512"),
        ({"optimisation": {"schedule": "linear"}}, "'constant', 'cosine' or 'step'"),
        ({"labels": {"keep_classes": [1]}}, "labels.keep_classes"),
        ({"seed": -1}, "seed: Input should be greater than or equal to 0"),
        ({"seed": 2**31}, "seed: Input should be less than"),
        ({"device": "gpu"}, "device: Input should be 'auto', 'cpu', 'cuda' or 'mps'"),
        ({"threads": 0}, "threads"),
        ({"epochs": 3}, "epochs: Extra inputs are not permitted"),
    ],
)
def test_values_that_make_no_sense_are_refused_with_a_sentence(values: dict[str, Any], said: str) -> None:
    assert said in refusal(**values)


def test_every_wrong_field_is_named_at_once() -> None:
    sentences = refusal(seed=-1, threads=0)
    assert "seed: " in sentences
    assert "threads: " in sentences


def test_one_sensor_alone_needs_no_word_on_fusion() -> None:
    assert spec(sensors=["S2"]).fusion is Fusion.NONE


def test_a_spec_survives_json_with_the_same_fingerprint() -> None:
    made = spec(labels={"merge_classes": {19: 18}}, name="été, no. 1")
    again = ExperimentSpec.model_validate(json.loads(made.model_dump_json()))
    assert again == made
    assert again.fingerprint == made.fingerprint


@pytest.mark.parametrize(
    ("values", "experiment"),
    [
        ({"sensors": ["S1"]}, "S1"),
        ({"fusion": "early"}, "early (nn)"),
        ({"fusion": "pse", "interpolation": "linear"}, "pse (linear)"),
        ({"fusion": "tsa"}, "tsa"),
        ({"fusion": "softmax_norm"}, "softmax_norm"),
    ],
)
def test_an_experiment_is_named_as_in_the_study(values: dict[str, Any], experiment: str) -> None:
    made = spec(**values, seed=42)
    assert made.experiment == experiment
    assert made.label == f"{experiment}, seed 42"


def test_a_run_id_is_a_plain_folder_name() -> None:
    assert spec(fusion="early").run_id.startswith("early-nn_seed1_")
    assert spec(name="../../Été 2018 / try #2").run_id.startswith("t-2018-try-2_seed1_")
    assert spec(name="…").run_id.startswith("run_seed1_")
    ids = {spec(seed=seed).run_id for seed in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_a_spec_is_read_from_json_and_yaml(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"spec.{ending}"
    text = spec(seed=7).model_dump_json()
    if ending == "yaml":
        text = "data: store\nseed: 7\nregions:\n  train: [r1, r2]\n  validation: [r3]\n  test: [r4]\n"
    file.write_text(text)
    assert ExperimentSpec.read(file) == spec(seed=7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "neither YAML nor JSON"),
        ("just words", "Input should be a valid dictionary"),
        ("data: store", "regions: Field required"),
        ("data: store\nregion: x", "region: Extra inputs are not permitted"),
    ],
)
def test_a_file_that_is_no_spec_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"spec\.yaml: ") as caught:
        ExperimentSpec.read(file)
    assert said in str(caught.value)


def test_every_field_has_a_help_text() -> None:
    def missing(schema: dict[str, Any]) -> list[str]:
        return [
            name
            for name, field in schema["properties"].items()
            if "description" not in field and "$ref" not in json.dumps(field)
        ]

    schema = ExperimentSpec.model_json_schema()
    parts = {"spec": schema, **{k: v for k, v in schema["$defs"].items() if "properties" in v}}
    assert {name: missing(part) for name, part in parts.items() if missing(part)} == {}


def test_a_spec_costs_no_heavy_import() -> None:
    code = (
        "import sys, cropdash.training.experiment;"
        "print([m for m in ('torch', 'pandas', 'numpy', 'pyarrow', 'panel') if m in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
