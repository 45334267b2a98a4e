"""JSON files that cannot be read are named, whatever is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.json_file import read_json


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5_000],
    ids=["empty", "cut off", "not UTF-8", "deep list", "deep object", "long number"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"status\.json: not valid JSON"):
        read_json(path)


def test_a_key_given_twice_is_refused_where_that_would_lose_something(tmp_path: Path) -> None:
    path = tmp_path / "dates.json"
    path.write_text('{"7": [1], "8": [2], "7": [3]}')
    assert read_json(path) == {"7": [3], "8": [2]}
    with pytest.raises(ValueError, match="one object names '7' 2 times"):
        read_json(path, distinct=True)
