"""Gradient-boosted trees by LightGBM, kept in LightGBM's own text format.

Ke et al. (2017), NeurIPS: LightGBM, a highly efficient gradient boosting decision tree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cropdash.atomic import write_text
from cropdash.training.baselines.extra import needed

if TYPE_CHECKING:
    from lightgbm import Booster

#: Share of the parcels, and of the columns, that each tree sees: stochastic gradient boosting (Friedman 2002,
#: Computational Statistics & Data Analysis 38, 367-378). Without it every seed would give one and the same model.
_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class Boosting:
    """A boosted ensemble.

    Attributes:
        booster: LightGBM's.
        threads: that it may use; LightGBM's own choice if None.
    """

    booster: Booster
    threads: int | None = None

    @property
    def rounds(self) -> int:
        return int(self.booster.current_iteration())

    @property
    def nodes(self) -> int:
        """Splits and leaves of all trees."""
        trees = self.booster.dump_model()["tree_info"]
        return sum(2 * int(tree["num_leaves"]) - 1 for tree in trees)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """``(parcels, classes)`` float32 from ``(parcels, columns)``; NaN is a missing value."""
        options: dict[str, Any] = {} if self.threads is None else {"num_threads": self.threads}
        return np.asarray(self.booster.predict(features, **options), dtype=np.float32)

    def write(self, path: Path) -> None:
        write_text(path, self.booster.model_to_string())

    @classmethod
    def read(cls, path: Path, classes: int, columns: int, threads: int | None) -> Boosting:
        """Read what :meth:`write` wrote.

        Raises:
            ValueError: no such file, no model, or one of other classes or columns; the message names it.
            ImportError: LightGBM is not installed; the message says how to.
        """
        lightgbm = needed("lightgbm")
        try:
            booster = lightgbm.Booster(model_str=path.read_text(encoding="utf-8"))
        except (lightgbm.basic.LightGBMError, OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not a readable LightGBM model ({error})") from None
        if (booster.num_model_per_iteration(), booster.num_feature()) != (classes, columns):
            raise ValueError(
                f"{path}: is of {booster.num_model_per_iteration()} classes and {booster.num_feature()} columns; "
                f"the run has {classes} and {columns}"
            )
        return cls(booster, threads)


def boost(
    train: tuple[np.ndarray, np.ndarray],
    weights: np.ndarray | None,
    validation: tuple[np.ndarray, np.ndarray],
    classes: int,
    *,
    rounds: int,
    rate: float,
    leaves: int,
    leaf_parcels: int,
    patience: int | None,
    seed: int,
    threads: int,
    on_round: Callable[[int], None],
) -> tuple[Boosting, list[dict[str, float]]]:
    """Add trees, and keep as many as make the validation loss least.

    Args:
        train, validation: ``(parcels, columns)`` features and ``(parcels,)`` class index.
        weights: ``(parcels,)`` of training; all alike if None.
        rounds: trees of each class at most.
        leaves: of a tree, at most.
        leaf_parcels: in a leaf, at least.
        patience: stop after so many rounds without a better validation loss; never if None.
        on_round: called with the rounds done, after each; what it raises ends the work.

    Returns:
        The model, and one row a round: ``epoch``, ``train_loss``, ``val_loss`` (mean log loss).

    Raises:
        ImportError: LightGBM is not installed; the message says how to.
    """
    lightgbm = needed("lightgbm")
    losses: dict[str, Any] = {}

    def tell(state: Any) -> None:
        on_round(state.iteration + 1)

    callbacks = [lightgbm.record_evaluation(losses), tell]
    if patience is not None:
        callbacks.append(lightgbm.early_stopping(patience, verbose=False))
    learned = lightgbm.Dataset(train[0], train[1], weight=weights, free_raw_data=True)
    kept = lightgbm.Dataset(validation[0], validation[1], reference=learned)
    booster = lightgbm.train(
        {
            "objective": "multiclass",
            "num_class": classes,
            "metric": "multi_logloss",
            "learning_rate": rate,
            "num_leaves": leaves,
            "min_data_in_leaf": leaf_parcels,
            "seed": seed,
            "bagging_fraction": _SHARE,
            "bagging_freq": 1,
            "feature_fraction": _SHARE,
            # Sums in a fixed order, so that a seed gives one model; "force_row_wise" because it else times both.
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads,
            "verbosity": -1,
        },
        learned,
        num_boost_round=rounds,
        # LightGBM stops early by any of the sets but the one called "training".
        valid_sets=[learned, kept],
        valid_names=["training", "validation"],
        callbacks=callbacks,
    )
    by_round = losses["validation"]["multi_logloss"]
    best = int(np.argmin(by_round)) + 1
    text = booster.model_to_string(num_iteration=best)
    history = [
        {"epoch": epoch, "train_loss": learned_loss, "val_loss": kept_loss}
        for epoch, (learned_loss, kept_loss) in enumerate(
            zip(losses["training"]["multi_logloss"], by_round, strict=True), start=1
        )
    ]
    return Boosting(lightgbm.Booster(model_str=text), threads), history
