"""The notebooks run from top to bottom with the public interface alone, and are stored as they ran."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
#: Absolute paths of whoever ran a notebook, on any system.
MACHINE_PATH = re.compile(r"(?<![\w./])/(work|tmp|home|root|Users|var|mnt|private)/|[A-Z]:\\\\?Users")


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
def test_the_notebook_uses_the_public_interface_alone(path: Path) -> None:
    source = "\n".join(cell.source for cell in _code_cells(path))
    assert "import cropdash as cd" in source
    assert "from cropdash" not in source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_stored_with_the_outputs_of_one_run_from_top_to_bottom(path: Path) -> None:
    cells = _code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert "error" not in kinds
    assert not any(output.get("name") == "stderr" for cell in cells for output in cell.outputs)
    # Text says what was run, and pictures that any viewer draws what was found.
    assert sum("image/png" in data for data in _data(cells)) >= 2
    assert not any({"image/svg+xml", "application/javascript"} & set(data) for data in _data(cells))
    assert path.stat().st_size < 700_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_stored_outputs_tell_nothing_of_the_machine_that_made_them(path: Path) -> None:
    for cell in _code_cells(path):
        for text in _texts(cell):
            assert MACHINE_PATH.findall(text) == [], text[:500]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_says_what_it_found(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    findings = [at for at, cell in enumerate(cells) if "**Finding" in cell.source]
    pictures = [
        at
        for at, cell in enumerate(cells)
        if cell.cell_type == "code" and any("image/png" in data for data in _data([cell]))
    ]
    # After each picture comes a finding, and none before the first of them.
    assert findings
    assert pictures[-1] < findings[-1]
    assert findings[0] > pictures[0]


def _code_cells(path: Path) -> list[Any]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def _data(cells: list[Any]) -> Iterator[dict[str, Any]]:
    for cell in cells:
        for output in cell.outputs:
            yield output.get("data", {})


def _texts(cell: Any) -> Iterator[str]:
    for output in cell.outputs:
        yield output.get("text", "")
        for kind, value in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield value
