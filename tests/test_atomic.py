"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from cropdash.atomic import atomic_path, write_json


def test_a_failed_write_leaves_the_old_file_and_no_debris(tmp_path: Path) -> None:
    target = tmp_path / "status.json"
    write_json(target, {"epoch": 1})
    with pytest.raises(RuntimeError, match="power"), atomic_path(target) as temporary:
        temporary.write_text("half a fi")
        raise RuntimeError("power cut")
    assert target.read_text() == '{\n  "epoch": 1\n}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"]


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "store"
    with atomic_path(target) as temporary:
        temporary.mkdir()
        (temporary / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"


def test_a_failed_folder_is_removed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bad"), atomic_path(tmp_path / "store") as temporary:
        temporary.mkdir()
        (temporary / "a").write_text("1")
        raise ValueError("bad parcel")
    assert list(tmp_path.iterdir()) == []


def test_nan_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []
