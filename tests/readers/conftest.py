"""Fixtures of the readers' tests: a reference folder, and its import."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.datasets.import_report import ImportReport
from cropdash.datasets.store import ParcelStore
from cropdash.readers.reference_layout import import_reference
from tests.readers.reference_tree import reference_tree


@pytest.fixture
def reference_root(tmp_path) -> Path:
    return reference_tree(tmp_path / "set")


@pytest.fixture
def run_import(reference_root, tmp_path):
    """Import ``reference_root`` and open what came of it."""

    def run_import(**options) -> tuple[ImportReport, ParcelStore]:
        report = import_reference(reference_root, tmp_path / "store", **options)
        return report, ParcelStore.open(tmp_path / "store")

    return run_import
