"""One random store for all tests of training; nobody writes to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.datasets.random_store import random_store


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with four regions of 14 parcels; in each, one lacks S1 and one lacks S2."""
    path = tmp_path_factory.mktemp("training") / "store"
    random_store(path, parcels_per_region=14, missing={"S1": 1, "S2": 1})
    return path
