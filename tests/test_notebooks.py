"""The notebooks run from top to bottom, with the public interface alone."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.e2e
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs(
    path: Path, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "CROPDASH_SHARED" in path.read_text(encoding="utf-8"):
        monkeypatch.setenv("CROPDASH_SHARED", str(request.getfixturevalue("shared")))
    monkeypatch.delenv("CROPDASH_RUNS", raising=False)
    monkeypatch.setenv("CROPDASH_WORK", str(tmp_path))
    # Enough to see every step run, and seconds long.
    monkeypatch.setenv("CROPDASH_EPOCHS", "2")
    monkeypatch.setenv("CROPDASH_SEEDS", "1")
    monkeypatch.setenv("CROPDASH_PER_CLASS", "2")
    monkeypatch.setenv("CROPDASH_PARCELS", "300")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        # A busy machine starts a kernel slowly.
        startup_timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
    ).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_uses_the_public_interface_and_is_stored_without_output(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    source = "\n".join(cell.source for cell in cells)
    assert "import cropdash as cd" in source
    assert "from cropdash" not in source
