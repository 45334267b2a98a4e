"""Weights that cannot be read say why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from cropdash.runs.weights_file import read_weights


@contextmanager
def another_user() -> Iterator[None]:
    """Root reads everything; whoever else runs the tests is already one whom a file's mode keeps out."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({"a": np.arange(3, dtype=np.float32)}))
    return path


def test_weights_are_read_by_name(weights: Path) -> None:
    assert read_weights(weights, load_file)["a"].tolist() == [0, 1, 2]


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_weights_written_for_their_owner_alone_say_how_they_are_shared(weights: Path) -> None:
    weights.chmod(0)
    with (
        another_user(),
        pytest.raises(ValueError, match=r"you may not read it.*chmod a\+r model\.safetensors"),
    ):
        read_weights(weights, load_file)


def test_weights_that_are_gone_or_damaged_are_named(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:20])
    with pytest.raises(ValueError, match=r"model\.safetensors: no readable weights"):
        read_weights(weights, load_file)
    weights.unlink()
    with pytest.raises(ValueError, match=r"model\.safetensors: is not there"):
        read_weights(weights, load_file)
