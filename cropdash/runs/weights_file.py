"""Reading a run's weights from safetensors, with one sentence for all that can be wrong with the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Arrays = TypeVar("Arrays")


def read_weights(path: Path, load: Callable[[Path], dict[str, Arrays]]) -> dict[str, Arrays]:
    """The arrays of a safetensors file by name.

    Args:
        load: safetensors' ``load_file``, of numpy or of torch.

    Raises:
        ValueError: no such file, one that may not be read, or none of that format; the message names it.
    """
    from safetensors import SafetensorError

    try:
        # Safetensors calls a file that may not be read one that is not there.
        path.open("rb").close()
        return load(path)
    except PermissionError:
        raise ValueError(
            f"{path}: you may not read it. Weights of older versions were written for their owner alone, who can share "
            f"them with: chmod a+r {path.name}"
        ) from None
    except FileNotFoundError:
        raise ValueError(f"{path}: is not there; without its weights a run cannot answer") from None
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: no readable weights ({error})") from None
