"""The temperature of real runs: fitted when they finish, fitted again later, applied when asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cropdash.cli import main
from cropdash.runs.predictions import probability_columns
from cropdash.runs.run import Run
from cropdash.training.calibrate import calibrate
from cropdash.training.predict import predict
from cropdash.training.train import train
from cropdash.training.wide_prediction.predict_wide import predict_wide
from tests.training.small_experiment import small_spec


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(
        small_spec(data, fusion="softmax_avg", optimisation={"epochs": 2}),
        tmp_path_factory.mktemp("calibrate"),
    )


def test_a_finished_run_has_the_temperature_that_fitting_it_later_gives(run: Run) -> None:
    at_the_end = run.temperature
    assert at_the_end is not None and at_the_end.regions == ("r3",) and at_the_end.parcels == 14
    (run.folder.path / "calibration.json").unlink()
    later = calibrate(run)
    assert later.temperature == pytest.approx(at_the_end.temperature, rel=1e-3) and run.temperature == later


def test_a_wide_prediction_applies_it_where_asked_and_predicts_the_same_classes(
    run: Run, data: Path, tmp_path: Path
) -> None:
    predict_wide([run.folder.path], data, tmp_path / "raw")
    predict_wide([run.folder.path], data, tmp_path / "calibrated", calibrated=True)
    raw, calibrated = (pd.read_parquet(tmp_path / name / "parcels.parquet") for name in ("raw", "calibrated"))
    columns = probability_columns(run.codes)
    assert run.temperature is not None
    expected = run.temperature.apply(predict(run, data)[columns].to_numpy())
    np.testing.assert_allclose(calibrated[columns], expected, atol=1e-5)
    assert not np.allclose(raw[columns], calibrated[columns], atol=1e-3)
    assert (raw["predicted_code"] == calibrated["predicted_code"]).all()
    with pytest.raises(FileExistsError, match="the options have changed"):
        predict_wide([run.folder.path], data, tmp_path / "raw", calibrated=True)


def test_the_command_tells_the_error_before_and_after(run: Run) -> None:
    path = str(run.folder.path)
    shown = CliRunner().invoke(main, ["show", path])
    assert "Expected calibration error" in shown.output and "with temperature" in " ".join(
        shown.output.split()
    )
    (run.folder.path / "calibration.json").unlink()
    assert "calibration" not in CliRunner().invoke(main, ["show", path]).output
    fitted = CliRunner().invoke(main, ["calibrate", path])
    assert fitted.exit_code == 0 and "with temperature" in fitted.output


def test_a_run_without_a_temperature_says_how_to_get_one(run: Run, data: Path, tmp_path: Path) -> None:
    kept = (run.folder.path / "calibration.json").read_bytes()
    (run.folder.path / "calibration.json").unlink()
    refused = CliRunner().invoke(
        main,
        [
            "predict",
            "--run",
            str(run.folder.path),
            "--data",
            str(data),
            "--out",
            str(tmp_path / "o"),
            "--calibrated",
        ],
    )
    (run.folder.path / "calibration.json").write_bytes(kept)
    assert refused.exit_code == 1 and f"`cropdash calibrate {run.id}` fits one" in refused.output
    assert not (tmp_path / "o").exists()


def test_the_command_predicts_from_the_terminal(run: Run, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(
        main,
        [
            "predict",
            "--run",
            run.id,
            "--runs",
            str(run.folder.path.parent),
            "--data",
            str(data),
            "--out",
            str(out),
            "--regions",
            "r1,r2",
        ],
    )
    assert done.exit_code == 0, done.output
    assert "28 of 28 parcels predicted" in done.output and "The parcels are simulated" in done.output
    assert sorted(path.name for path in out.iterdir()) == [
        "parcels.gpkg", "parcels.parquet", "parcels.qml", "prediction.json"
    ]  # fmt: skip
