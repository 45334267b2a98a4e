"""What a user waits for: importing, the command's help, the dashboard's pages, opening results."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.benchmarks.conftest import Report, best_seconds


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("import cropdash", ["-c", "import cropdash"]),
        ("cropdash --help", ["-m", "cropdash.cli", "--help"]),
        ("cropdash train --help", ["-m", "cropdash.cli", "train", "--help"]),
    ],
)
def test_start(what: str, words: list[str], report: Report) -> None:
    bare = best_seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    seconds = best_seconds(
        lambda: subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    )
    target = "" if "train" in what else "0.5"
    report(what, seconds, "s", seconds / bare, "starting Python alone", target)
