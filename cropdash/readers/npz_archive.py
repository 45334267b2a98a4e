"""Reading NumPy archives that others wrote: arrays of numbers and dates, and nothing that could run."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

#: Larger arrays are refused: no parcel's series comes near, but a small archive can pretend to any size.
MAX_BYTES = 256 * 2**20


def read_npz(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The named arrays of an ``.npz`` file; arrays of Python objects are refused, never unpickled.

    Raises:
        ValueError: not such a file, or without one of the arrays; the sentence does not name the file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            for name in names:
                if f"{name}.npy" not in sizes:
                    raise ValueError(f"has no array {name!r}; it has {', '.join(sizes) or 'none'}")
                if sizes[f"{name}.npy"] > MAX_BYTES:
                    raise ValueError(f"array {name!r} is larger than {MAX_BYTES:,} bytes")
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in names}
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, MemoryError) as error:
        raise ValueError(f"not a readable NumPy archive ({error})") from None
    for name, array in found.items():
        if not isinstance(array, np.ndarray):  # a member that is no array comes as its bytes
            raise ValueError(f"{name!r} is no NumPy array")
    return found
