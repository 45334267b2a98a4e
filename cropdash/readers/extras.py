"""Packages that only some readers need, asked for in one sentence where they are absent."""

from __future__ import annotations

import importlib
from types import ModuleType


def needed(module: str) -> ModuleType:
    """Import a package of the extra ``readers``.

    Raises:
        ModuleNotFoundError: it is not installed; the message says how to.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise
        raise ModuleNotFoundError(
            f"this format needs the package {error.name}: pip install 'cropdash[readers]'", name=error.name
        ) from None
