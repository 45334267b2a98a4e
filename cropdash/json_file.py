"""Reading JSON files that others may have written, with one sentence for all that can be wrong with them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any


def read_json(path: str | Path, *, distinct: bool = False) -> Any:
    """The content of a JSON file.

    Args:
        distinct: refuse an object that names a key twice, of which the first would be lost without a word.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no JSON in UTF-8, nested too deep to be read, or a key is repeated; the message names
            the file.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_distinct if distinct else None)
    except RecursionError:
        raise ValueError(f"{path}: not valid JSON (nested too deep)") from None
    except ValueError as error:  # among them errors of decoding, and numbers of thousands of digits
        raise ValueError(f"{path}: not valid JSON ({error})") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        ((repeated, count),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"one object names {repeated!r} {count} times")
    return content
