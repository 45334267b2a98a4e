"""Every reader has its verb, which hands its options on and shows mistakes as sentences."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cropdash.cli import main
from cropdash.datasets.store import ParcelStore
from tests.readers import breizhcrops_archive, eurocropsml_archive, pixel_set_archive, timematch_archive
from tests.readers.reference_tree import reference_tree
from tests.readers.worldcereal_extraction import extraction, write


def cropdash(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


#: By format: what writes a source, further words, parcels that come in, and the season's origin.
FORMATS: dict[str, tuple[Callable[[Path], Path], tuple[str, ...], int, str]] = {
    "reference": (reference_tree, (), 6, "10-01"),
    "pixel-set": (pixel_set_archive.archive, ("--folds", "2"), 6, "01-01"),
    "timematch": (timematch_archive.tile, ("--country", "france"), 3, "01-01"),
    "worldcereal": (
        lambda path: write(extraction(), path.with_suffix(".parquet")),
        ("--classes", "CROPTYPE24", "--region-field", "start_date"),
        6,
        "09-01",
    ),
    "eurocropsml": (eurocropsml_archive.archive, ("--all-bands",), 4, "01-01"),
    "breizhcrops": (breizhcrops_archive.archive, ("--labels", "groups"), 4, "01-01"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_imported_and_its_report_printed(tmp_path: Path, name: str) -> None:
    make, words, parcels, origin = FORMATS[name]
    source = make(tmp_path / "source")
    done = cropdash("import", name, source, tmp_path / "store", "--name", "mine", *words)
    assert done.exit_code == 0, done.output
    assert f"{parcels} parcels usable of" in done.output
    store = ParcelStore.open(tmp_path / "store")
    assert (len(store), store.info.name, store.info.season_origin) == (parcels, "mine", origin)
    again = cropdash("import", name, source, tmp_path / "store", *words)
    assert again.exit_code == 1
    assert "already holds a store" in again.output
    words = (*words, "--overwrite", "--season-origin", "08-01")
    assert cropdash("import", name, source, tmp_path / "store", *words).exit_code == 0
    assert ParcelStore.open(tmp_path / "store").info.season_origin == "08-01"


@pytest.mark.parametrize("name", FORMATS)
def test_a_source_of_another_kind_is_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    done = cropdash("import", name, tmp_path / "empty", tmp_path / "store")
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert str(tmp_path / "empty") in done.output
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(("name", "package"), [("timematch", "zarr"), ("breizhcrops", "h5py")])
def test_a_package_that_is_absent_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    source = FORMATS[name][0](tmp_path / "source")
    monkeypatch.setitem(sys.modules, package, None)
    done = cropdash("import", name, source, tmp_path / "store")
    assert done.exit_code == 1
    assert f"needs the package {package}: pip install 'cropdash[readers]'" in done.output
