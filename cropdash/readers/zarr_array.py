"""Reading zarr arrays that others wrote (format 2): plain numbers, plainly compressed, and whole.

An array's description may name filters that run Python (``pickle``); what is not on the short list here is
refused before zarr sees it. A chunk that is missing would read as zeros, so it is refused too.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from cropdash.json_file import read_json
from cropdash.readers.extras import needed

#: No parcel's series comes near; a damaged description may promise any size.
MAX_BYTES = 2 * 2**30
_COMPRESSORS = ("blosc", "zlib", "gzip", "bz2", "lzma", "lz4", "zstd")
_NUMBERS = re.compile(r"[<>|][iuf][1248]")


def zarr_shape(path: Path) -> tuple[int, ...]:
    """The shape of the array at ``path``, of which nothing but the description is read.

    Raises:
        ValueError: no array that may be read; the sentence does not name the path.
    """
    try:
        described = read_json(path / ".zarray")
    except (OSError, ValueError) as error:
        raise ValueError(f"no readable description of a zarr array ({error})") from None
    if not isinstance(described, dict) or described.get("zarr_format") != 2:
        raise ValueError(".zarray describes no array of zarr format 2")
    shape, dtype, compressor = (described.get(key) for key in ("shape", "dtype", "compressor"))
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(".zarray: shape must be a list of sizes")
    if not isinstance(dtype, str) or not _NUMBERS.fullmatch(dtype):
        raise ValueError(f".zarray: dtype {dtype!r} is no number")
    if described.get("filters"):
        raise ValueError(".zarray: filters are not read")
    if compressor is not None and (
        not isinstance(compressor, dict) or compressor.get("id") not in _COMPRESSORS
    ):
        raise ValueError(f".zarray: compressor {compressor!r} is none of {', '.join(_COMPRESSORS)}")
    if math.prod(shape) * int(dtype[2]) > MAX_BYTES:
        raise ValueError(f".zarray: shape {tuple(shape)} is larger than {MAX_BYTES:,} bytes")
    return tuple(shape)


def read_zarr(path: Path) -> np.ndarray:
    """The whole array at ``path``.

    Raises:
        ValueError: no array that may be read, or chunks of it are missing or damaged.
        ModuleNotFoundError: zarr is not installed.
    """
    zarr = needed("zarr")
    shape = zarr_shape(path)
    try:
        array = zarr.open_array(store=str(path), mode="r", zarr_format=2)
        missing = array.nchunks - array.nchunks_initialized if math.prod(shape) else 0
        if missing:
            raise ValueError(f"{missing} of {array.nchunks} chunks are missing")
        return np.asarray(array[...])
    # Each codec has errors of its own, some of them bare RuntimeErrors.
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, EOFError, MemoryError) as error:
        raise ValueError(f"not a readable zarr array ({error})") from None
