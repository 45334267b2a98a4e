"""A run folder as one zip file that can be mailed and opened elsewhere.

An archive is somebody else's file: it may only hold plain files of open formats, in one folder, and
it is unpacked beside the other runs only after it has been read as a run.
"""

from __future__ import annotations

import lzma
import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from cropdash.atomic import atomic_path
from cropdash.runs.run import Run
from cropdash.runs.run_folder import CHECKPOINT, RunFolder
from cropdash.runs.status import ACTIVE

#: What an archive may come to when it is unpacked, unless the caller says otherwise.
MAX_BYTES = 4 * 2**30
_MAX_FILES = 1000
_ENDINGS = frozenset({".json", ".csv", ".parquet", ".safetensors", ".txt", ".html", ".png", ".md"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,149}")
_CHUNK = 2**20


def export_run(path: str | Path, archive: str | Path) -> Path:
    """Write the run folder at ``path`` to a new zip file; its checkpoint stays behind.

    Raises:
        ValueError: the run is queued or running, malformed, or holds something that no archive may.
        FileExistsError: ``archive`` exists.
    """
    folder, archive = RunFolder.open(path), Path(archive)
    state = folder.status().state
    if state in ACTIVE:
        raise ValueError(f"{folder.path} is {state}; a run is packed when it has ended")
    if archive.exists():
        raise FileExistsError(f"{archive} exists already")
    files = [file for file in sorted(folder.path.iterdir()) if file.name != CHECKPOINT]
    files = [file for file in files if not file.name.startswith(".")]
    for file in files:
        if file.is_symlink() or not file.is_file() or not _is_allowed(file.name):
            raise ValueError(f"{file}: is not one of the plain files that an archive may hold")
    name = folder.path.resolve().name
    with atomic_path(archive) as temporary, zipfile.ZipFile(temporary, "w") as packed:
        for file in files:
            # Parquet and safetensors are compressed already, or do not compress.
            text = file.suffix in (".json", ".csv", ".txt", ".html", ".md")
            packed.write(file, f"{name}/{file.name}", zipfile.ZIP_DEFLATED if text else zipfile.ZIP_STORED)
    return archive


def import_run(archive: str | Path, folder: str | Path, *, max_bytes: int = MAX_BYTES) -> Path:
    """Unpack a run below ``folder`` and return its path. Nothing stays behind when it is refused.

    Raises:
        ValueError: no zip file; or it holds more than one folder of plain files of open formats, more
            than ``max_bytes``, or no sound run. The message names the entry.
        FileExistsError: a run of that name is there already.
    """
    archive, folder = Path(archive), Path(folder)
    try:
        packed = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"{archive}: not a readable zip file ({error})") from None
    with packed:
        name, entries = _checked_entries(archive, packed)
        target = folder / name
        if target.exists():
            raise FileExistsError(f"{target} exists already")
        with atomic_path(target) as temporary:
            temporary.mkdir()
            left = max_bytes
            for entry in entries:
                left -= _unpack(archive, packed, entry, temporary / PurePosixPath(entry.filename).name, left)
            try:
                run = Run(RunFolder.open(temporary))
                run.confusion()
                run.history()
                _ = run.attention  # opening the table checks it
            except ValueError as error:
                raise ValueError(f"{archive}: {str(error).removeprefix(f'{temporary}/')}") from None
    return target


def _checked_entries(archive: Path, packed: zipfile.ZipFile) -> tuple[str, list[zipfile.ZipInfo]]:
    """The run's name and its files; only names and kinds are looked at."""
    listed = packed.infolist()
    if len(listed) > _MAX_FILES:
        raise ValueError(f"{archive}: holds {len(listed)} entries; a run has no more than {_MAX_FILES}")
    folders, seen, files = set(), set(), []
    for entry in listed:
        parts = entry.filename.split("/")
        is_folder = len(parts) == 2 and parts[1] == ""
        if len(parts) != 2 or not _NAME.fullmatch(parts[0]) or not (is_folder or _is_allowed(parts[1])):
            raise ValueError(f"{archive}: {entry.filename!r} is not a file that a run may hold")
        mode = entry.external_attr >> 16
        if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
            raise ValueError(f"{archive}: {entry.filename!r} is a link or device")
        if entry.flag_bits & 0x1:
            raise ValueError(f"{archive}: {entry.filename!r} is encrypted")
        # Some file systems do not tell capitals from small letters.
        if entry.filename.lower() in seen:
            raise ValueError(f"{archive}: {entry.filename!r} appears twice")
        seen.add(entry.filename.lower())
        folders.add(parts[0])
        if not is_folder:
            files.append(entry)
    if len(folders) != 1:
        raise ValueError(f"{archive}: must hold one run, not {len(folders)}")
    return folders.pop(), files


def _is_allowed(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and Path(name).suffix in _ENDINGS


def _unpack(archive: Path, packed: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, limit: int) -> int:
    """Bytes written. What an entry says of its size is not believed."""
    written = 0
    try:
        with packed.open(entry) as source, path.open("xb") as target:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > limit:
                    raise ValueError(
                        f"{archive}: unpacks to more bytes than are allowed (in {entry.filename!r})"
                    )
                target.write(chunk)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError) as error:
        raise ValueError(f"{archive}: {entry.filename!r} is damaged ({error})") from None
    return written
