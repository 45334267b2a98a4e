"""Where a run can go on: the state after its last whole epoch, in one file that is there until it ends.

Random states are not among it, because each epoch seeds its own from the seed and its number.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cropdash.atomic import atomic_path


@dataclass(frozen=True)
class Checkpoint:
    """The state after an epoch.

    Attributes:
        fingerprint: of the specification.
        data_fingerprint: of the data set.
        epoch: the last whole one.
        seconds: what all epochs so far took.
        network: state dict of the network.
        optimiser: state dict of the optimiser.
        best_epoch: the epoch with the best validation mean IoU, the earliest of equals.
        best_miou: that mean IoU.
        best_network: state dict of that epoch.
        sessions: for each time that the run was started or resumed, its first epoch, threads and device.
    """

    fingerprint: str
    data_fingerprint: str
    epoch: int
    seconds: float
    network: dict[str, Any]
    optimiser: dict[str, Any]
    best_epoch: int
    best_miou: float
    best_network: dict[str, Any]
    sessions: list[dict[str, Any]]

    def write(self, path: Path) -> None:
        """Write it whole or not at all; an ``OSError`` says why it could not be written."""
        import torch

        content = io.BytesIO()  # torch's own writer turns a full disk into an error that does not say so
        torch.save({field.name: getattr(self, field.name) for field in fields(self)}, content)
        with atomic_path(path) as temporary:
            temporary.write_bytes(content.getbuffer())

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read what :meth:`write` wrote, and nothing that could run code.

        Raises:
            ValueError: not such a file; the message names it.
        """
        import torch

        try:
            return cls(**torch.load(path, map_location="cpu", weights_only=True))
        except (RuntimeError, EOFError, TypeError, pickle.UnpicklingError) as error:
            raise ValueError(
                f"{path} is no checkpoint of a run ({error}); delete the run's folder to start anew"
            ) from None
