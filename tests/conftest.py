"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_DEFAULT_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real satellite data and reference files.

    A continuous-integration machine must have it; on a user's machine its tests are skipped.
    """
    folder = Path(os.environ.get("CROPDASH_SHARED", _DEFAULT_SHARED))
    if not (folder / "data").is_dir():
        message = f"needs the shared data folder, which is not at {folder} (set CROPDASH_SHARED)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder
