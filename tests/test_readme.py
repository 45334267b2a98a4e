"""Every cropdash command of the README runs as it stands there, on a small data set of the same names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from cropdash.cli import main
from tests.readers.reference_tree import reference_tree

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
REGIONS = ("Chateaulin", "Quimper", "Morlaix", "Brest")


def commands(heading: str) -> list[list[str]]:
    """The words of each command in the first code block below a heading."""
    block = re.search(rf"^##+ {heading}$.*?^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert block, heading
    return [shlex.split(line) for line in block[1].splitlines() if line.startswith("cropdash ")]


@pytest.mark.parametrize(
    ("heading", "count"),
    [("From your parcels to a comparison", 6), ("Coming from the reference implementation", 4)],
)
def test_the_commands_run(heading: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reference_tree(Path("ROOT"), REGIONS, parcels=8)
    written = commands(heading)
    assert len(written) == count
    for words in written:
        if words[1] == "serve":
            continue  # the browser tests start it
        if "--parcels" in words:  # the reference tree has no outlines
            words = [w for w in words if w not in ("--parcels", "rpg.gpkg", "--id-field", "ID_PARCEL")]
        if words[1] == "train":
            # Last wins: a hundred epochs would prove no more.
            words += ["--epochs", "1", "--batch-size", "8", "--progress", "quiet", "--threads", "1"]
        done = CliRunner().invoke(main, words[1:])
        assert done.exit_code == 0, f"{shlex.join(words)}\n{done.output}"
