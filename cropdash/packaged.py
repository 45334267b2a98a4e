"""Where the files that ship with cropdash lie, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
#: A wheel carries the checkout's top-level ``data/`` as ``cropdash/_data``.
_CANDIDATES = (_HERE / "_data", _HERE.parent / "data")


def packaged_file(name: str) -> Path:
    """The path of a shipped file or folder, such as ``published/all_experiments.csv``.

    Raises:
        FileNotFoundError: nothing of that name ships with cropdash.
    """
    for folder in _CANDIDATES:
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(
        f"cropdash ships no data file {name!r}; looked in {_CANDIDATES[0]} and {_CANDIDATES[1]}"
    )
