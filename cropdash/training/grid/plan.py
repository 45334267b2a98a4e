"""What a grid comes to: each experiment once, and the decision fusions that need two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cropdash.training.experiment import ExperimentSpec
from cropdash.training.fuse_rules import Rule


@dataclass(frozen=True)
class TrainedItem:
    """An experiment to be trained.

    Attributes:
        spec: its specification.
        settings: what tells it from the others of the grid, by dotted path.
        only_source: whether the grid names it only through a fusion that needs it.
    """

    spec: ExperimentSpec
    settings: Mapping[str, Any]
    only_source: bool = False

    @property
    def key(self) -> str:
        return self.spec.run_id

    @property
    def seed(self) -> int:
        return self.spec.seed

    @property
    def experiment(self) -> str:
        return self.spec.experiment


@dataclass(frozen=True)
class FusedItem:
    """A decision fusion of two runs that are trained apart.

    Attributes:
        first, second: specifications of its sources, S1 alone and S2 alone.
        rule: how they are fused.
        settings: as of :class:`TrainedItem`.
    """

    first: ExperimentSpec
    second: ExperimentSpec
    rule: Rule
    settings: Mapping[str, Any]

    @property
    def key(self) -> str:
        sources = hashlib.sha256(f"{self.first.fingerprint}|{self.second.fingerprint}".encode())
        return f"fused-{self.rule}_seed{self.seed}_{sources.hexdigest()[:8]}"

    @property
    def seed(self) -> int:
        return self.second.seed

    @property
    def experiment(self) -> str:
        return "softmax_avg" if self.rule == "avg" else "softmax_norm"


Item = TrainedItem | FusedItem

#: Where the settings that tell two runs of one experiment apart come first in a name.
_SAID_BY_EXPERIMENT = ("sensors", "fusion", "interpolation", "fuse", "seed")


def item_name(item: Item) -> str:
    """``early (nn), days 92, seed 1``: what tells an item from the others of its grid."""
    from cropdash.training.grid.settings import in_words

    others = {path: value for path, value in item.settings.items() if path not in _SAID_BY_EXPERIMENT}
    words = [item.experiment, in_words(others), f"seed {item.seed}"]
    return ", ".join(word for word in words if word)


@dataclass(frozen=True)
class GridPlan:
    """The runs of a grid.

    Attributes:
        trained: the experiments to be trained, each once, in the order in which they begin.
        fused: fusions of two of them.
    """

    trained: tuple[TrainedItem, ...]
    fused: tuple[FusedItem, ...]

    def __len__(self) -> int:
        return len(self.trained) + len(self.fused)

    def __iter__(self) -> Iterator[Item]:
        yield from self.trained
        yield from self.fused

    @cached_property
    def fingerprint(self) -> str:
        """Eight digits over all that is to be run."""
        content = [item.spec.fingerprint for item in self.trained] + [item.key for item in self.fused]
        return hashlib.sha256("|".join(sorted(content)).encode()).hexdigest()[:8]

    @property
    def epochs(self) -> int:
        """Epochs of all networks together, at most; the trees of baselines are none."""
        return sum(item.spec.rounds for item in self.trained if item.spec.classifier == "network")
