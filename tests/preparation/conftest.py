"""Catalogues of real COGs, made once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.preparation.catalogue_server import CatalogueServer, serving
from tests.preparation.flanders_catalogue import write_catalogue


@pytest.fixture(scope="session")
def whole_catalogue(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CatalogueServer]:
    """All 429 acquisitions, a COG a band."""
    folder = tmp_path_factory.mktemp("whole_catalogue")
    with serving(folder, write_catalogue(shared / "data/flanders/netcdf", folder)) as server:
        yield server


@pytest.fixture(scope="session")
def small_files(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A few acquisitions of each patch and sensor, and their items."""
    folder = tmp_path_factory.mktemp("small_catalogue")
    return folder, write_catalogue(shared / "data/flanders/netcdf", folder, scenes=slice(40, 52))


@pytest.fixture
def small_catalogue(small_files: tuple[Path, list[dict[str, Any]]]) -> Iterator[CatalogueServer]:
    """The same, served."""
    with serving(*small_files) as server:
        yield server
