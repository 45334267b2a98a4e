"""Packages that only the baselines need, asked for in one sentence where they are absent."""

from __future__ import annotations

import importlib
from types import ModuleType

_NAMES = {"sklearn": "scikit-learn"}


def needed(module: str) -> ModuleType:
    """Import a package of the extra ``baselines``.

    Raises:
        ModuleNotFoundError: it is not installed; the message says how to.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ModuleNotFoundError(
            f"this classifier needs the package {_NAMES.get(module, module)}: pip install 'cropdash[baselines]'",
            name=module,
        ) from None
