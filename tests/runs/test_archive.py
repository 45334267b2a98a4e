"""A packed run opens elsewhere, and an archive that wants more than that is refused and leaves nothing."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cropdash.runs.archive import export_run, import_run
from cropdash.runs.library import open_result
from cropdash.runs.run_folder import RunFolder
from tests.runs.example_run import example_run


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    run = example_run(tmp_path / "here", epochs=2, parcels=40)
    return export_run(run.folder.path, tmp_path / "run.zip")


def test_a_packed_run_is_the_same_elsewhere(tmp_path: Path) -> None:
    run = example_run(tmp_path / "here", epochs=2)
    archive = export_run(run.folder.path, tmp_path / "run.zip")
    path = import_run(archive, tmp_path / "there")
    assert path == tmp_path / "there" / run.folder.path.name
    for file in run.folder.path.iterdir():
        assert (path / file.name).read_bytes() == file.read_bytes()
    there = open_result(path)
    assert there.scores().overall == run.scores().overall
    assert there.attention.parcels("S1") == run.attention.parcels("S1")


def test_the_checkpoint_stays_behind(tmp_path: Path) -> None:
    folder = example_run(tmp_path / "here", epochs=1).folder
    folder.file("checkpoint.pt").write_bytes(b"x")
    with zipfile.ZipFile(export_run(folder.path, tmp_path / "run.zip")) as archive:
        assert not [name for name in archive.namelist() if "checkpoint" in name]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_at_work_is_not_packed(tmp_path: Path, state: str) -> None:
    folder = RunFolder.create(tmp_path / "a", {"sensors": ["S1"], "fusion": "none"})
    folder.write_status(state)
    with pytest.raises(ValueError, match=f"is {state}; a run is packed when it has ended"):
        export_run(folder.path, tmp_path / "run.zip")
    assert not (tmp_path / "run.zip").exists()


def test_a_file_that_executes_or_leads_elsewhere_is_not_packed(tmp_path: Path) -> None:
    folder = example_run(tmp_path / "here", epochs=1).folder
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    folder.file("extra.json").symlink_to(secret)
    with pytest.raises(ValueError, match=r"extra\.json: is not one of the plain files"):
        export_run(folder.path, tmp_path / "run.zip")
    folder.file("extra.json").unlink()
    folder.file("model.pkl").write_bytes(b"")
    with pytest.raises(ValueError, match=r"model\.pkl: is not one"):
        export_run(folder.path, tmp_path / "run.zip")


def test_nothing_is_overwritten(tmp_path: Path, packed: Path) -> None:
    with pytest.raises(FileExistsError):
        export_run(next((tmp_path / "here").iterdir()), packed)
    import_run(packed, tmp_path / "there")
    with pytest.raises(FileExistsError):
        import_run(packed, tmp_path / "there")


def repack(archive: Path, change: Callable[[zipfile.ZipFile], object]) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        change(opened)


def link(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("tsa_seed1_example/notes.txt")
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, "/etc/passwd")


def twice(archive: zipfile.ZipFile) -> None:
    archive.writestr("tsa_seed1_example/SPEC.json", "{}")


HOSTILE: dict[str, tuple[Callable[[zipfile.ZipFile], object], str]] = {
    "a path that climbs": (
        lambda z: z.writestr("../outside.json", "{}"),
        "is not a file that a run may hold",
    ),
    "a path that climbs from the run": (
        lambda z: z.writestr("tsa_seed1_example/../../outside.json", "{}"),
        "is not a file that a run may hold",
    ),
    "a path from the root": (lambda z: z.writestr("/tmp/outside.json", "{}"), "is not a file that"),
    "a path with a drive": (lambda z: z.writestr("C:\\outside.json", "{}"), "is not a file that"),
    "a path with backslashes": (
        lambda z: z.writestr("tsa_seed1_example/..\\x.json", "{}"),
        "is not a file that",
    ),
    "a folder in the run": (
        lambda z: z.writestr("tsa_seed1_example/deep/x.json", "{}"),
        "is not a file that",
    ),
    "a hidden file": (lambda z: z.writestr("tsa_seed1_example/.x.json", "{}"), "is not a file that"),
    "a pickle": (lambda z: z.writestr("tsa_seed1_example/model.pkl", ""), "is not a file that"),
    "a checkpoint": (lambda z: z.writestr("tsa_seed1_example/checkpoint.pt", ""), "is not a file that"),
    "two runs": (lambda z: z.writestr("other/spec.json", "{}"), "must hold one run, not 2"),
    "a link": (link, "is a link or device"),
    "the same file in capitals": (twice, "appears twice"),
    "thousands of entries": (
        lambda z: [z.writestr(f"tsa_seed1_example/{i}.txt", "") for i in range(1100)],
        "no more than 1000",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_archive_that_reaches_out_is_refused_and_leaves_nothing(
    tmp_path: Path, packed: Path, name: str
) -> None:
    change, message = HOSTILE[name]
    repack(packed, change)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=message):
        import_run(packed, tmp_path / "there" / "runs")
    left = set(tmp_path.rglob("*")) - before
    assert not [path for path in left if path.is_file()]
    assert not (tmp_path / "outside.json").exists()


def test_a_bomb_is_refused_by_what_it_unpacks_to(tmp_path: Path, packed: Path) -> None:
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tsa_seed1_example/notes.txt", b"\0" * 20_000_000)
    assert packed.stat().st_size < 500_000
    with pytest.raises(
        ValueError, match=r"unpacks to more bytes than are allowed \(in 'tsa_seed1_example/notes.txt'"
    ):
        import_run(packed, tmp_path / "there", max_bytes=10_000_000)
    assert list((tmp_path / "there").iterdir()) == []


def test_a_damaged_entry_is_named(tmp_path: Path, packed: Path) -> None:
    content = bytearray(packed.read_bytes())
    at = content.index(b"PAR1") + 200
    content[at : at + 4] = b"oops"
    packed.write_bytes(content)
    with pytest.raises(ValueError, match=r"attention\.parquet' is damaged"):
        import_run(packed, tmp_path / "there")


def test_a_damaged_entry_is_named_however_it_is_compressed(tmp_path: Path) -> None:
    archive = tmp_path / "run.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("run/notes.txt", bytes(range(256)) * 100)
    content = bytearray(archive.read_bytes())
    content[60:90] = b"\xff" * 30
    archive.write_bytes(content)
    with pytest.raises(ValueError, match=r"notes\.txt' is damaged"):
        import_run(archive, tmp_path / "there")


def test_a_zip_file_of_a_later_kind_is_refused(tmp_path: Path, packed: Path) -> None:
    content = bytearray(packed.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 200  # the version needed to unpack it, times ten
    packed.write_bytes(content)
    with pytest.raises(ValueError, match=r"run\.zip: not a readable zip file"):
        import_run(packed, tmp_path / "there")


def test_what_is_no_zip_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.zip").write_bytes(b"hello")
    with pytest.raises(ValueError, match=r"run\.zip: not a readable zip file"):
        import_run(tmp_path / "run.zip", tmp_path)


def test_an_archive_without_a_sound_run_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        archive.writestr("a/spec.json", "{}")
    with pytest.raises(ValueError, match=r"run\.zip: spec\.json: sensors: Field required"):
        import_run(tmp_path / "run.zip", tmp_path / "there")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(ValueError, match="must hold one run, not 0"):
        import_run(tmp_path / "empty.zip", tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []
