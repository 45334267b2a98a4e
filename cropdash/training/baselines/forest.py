"""A random forest as plain arrays: grown by scikit-learn, kept as safetensors, asked without scikit-learn.

A pickled forest would execute whatever is in the file; these arrays cannot. The probabilities are scikit-learn's,
the mean over the trees of the shares of the classes in the leaf that a parcel falls into.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cropdash.atomic import atomic_path
from cropdash.runs.weights_file import read_weights
from cropdash.training.baselines.extra import needed

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier

#: Parcels that walk down all trees at once: a few MB of places.
_AT_ONCE = 512
_LEAF = -1
_GROWN_AT_ONCE = 10


@dataclass(frozen=True, eq=False)
class Forest:
    """The trees, one after the other; a node's children come after it.

    Attributes:
        roots: ``(trees,)`` int32, where each tree begins.
        left, right: ``(nodes,)`` int32 children; -1 at a leaf.
        feature: ``(nodes,)`` int32 column that the node asks for; -1 at a leaf.
        threshold: ``(nodes,)`` float64; a value up to it goes left.
        missing_left: ``(nodes,)`` uint8, whether a missing value goes left.
        leaf: ``(nodes,)`` int32 row of ``shares``; -1 elsewhere.
        shares: ``(leaves, classes)`` float32 shares of the classes.
        columns: how many columns the features have.
    """

    roots: np.ndarray
    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    leaf: np.ndarray
    shares: np.ndarray
    columns: int

    @classmethod
    def grown(cls, model: RandomForestClassifier, classes: int) -> Forest:
        """The arrays of a fitted scikit-learn forest.

        Args:
            classes: of the experiment; the forest may have met fewer, and labels are their indices.
        """
        parts: dict[str, list[np.ndarray]] = {name: [] for name in _ARRAYS if name != "roots"}
        roots, nodes, leaves = [], 0, 0
        for estimator in model.estimators_:
            tree = estimator.tree_
            is_leaf = tree.children_left == _LEAF
            roots.append(nodes)
            parts["left"].append(np.where(is_leaf, _LEAF, tree.children_left + nodes))
            parts["right"].append(np.where(is_leaf, _LEAF, tree.children_right + nodes))
            parts["feature"].append(np.where(is_leaf, _LEAF, tree.feature))
            parts["threshold"].append(np.where(is_leaf, 0.0, tree.threshold))
            parts["missing_left"].append(np.where(is_leaf, 0, tree.missing_go_to_left))
            parts["leaf"].append(np.where(is_leaf, leaves + np.cumsum(is_leaf) - 1, _LEAF))
            counted = tree.value[is_leaf, 0]
            shares = np.zeros((len(counted), classes))
            shares[:, model.classes_] = counted / counted.sum(axis=1, keepdims=True)
            parts["shares"].append(shares)
            nodes, leaves = nodes + len(is_leaf), leaves + len(counted)
        arrays = {name: np.concatenate(part).astype(_ARRAYS[name]) for name, part in parts.items()}
        return cls(**arrays, roots=np.asarray(roots, dtype=np.int32), columns=int(model.n_features_in_))

    @property
    def nodes(self) -> int:
        return len(self.feature)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """``(parcels, classes)`` float32 from ``(parcels, columns)`` float32; NaN is a missing value."""
        out = np.empty((len(features), self.shares.shape[1]), dtype=np.float32)
        for start in range(0, len(features), _AT_ONCE):
            leaves = self._leaves(features[start : start + _AT_ONCE].astype(np.float32, copy=False))
            # Summed tree by tree in float64: the order never changes, so neither does the result.
            total = np.zeros((len(leaves), self.shares.shape[1]))
            for tree in leaves.T:
                total += self.shares[tree]
            out[start : start + _AT_ONCE] = total / len(self.roots)
        return out

    def _leaves(self, features: np.ndarray) -> np.ndarray:
        """``(parcels, trees)`` row of ``shares`` that each parcel reaches in each tree."""
        parcel = np.repeat(np.arange(len(features)), len(self.roots))
        node = np.tile(self.roots, len(features)).astype(np.int64)
        walking = np.flatnonzero(self.feature[node] != _LEAF)
        while len(walking):
            here = node[walking]
            value = features[parcel[walking], self.feature[here]]
            goes_left = np.where(np.isnan(value), self.missing_left[here] > 0, value <= self.threshold[here])
            node[walking] = np.where(goes_left, self.left[here], self.right[here])
            walking = walking[self.feature[node[walking]] != _LEAF]
        return self.leaf[node].reshape(len(features), -1)

    def write(self, path: Path) -> None:
        from safetensors.numpy import save

        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        with atomic_path(path) as temporary:
            # Safetensors' own writer leaves a file that no other user can read, and hides why a disk refused it.
            temporary.write_bytes(save(arrays, metadata={"columns": str(self.columns)}))

    @classmethod
    def read(cls, path: Path, classes: int, columns: int) -> Forest:
        """Read what :meth:`write` wrote.

        Args:
            classes, columns: what the run says that the forest has.

        Raises:
            ValueError: no such file, or one in which a walk could go astray; the message names it.
        """
        from safetensors.numpy import load_file

        arrays = read_weights(path, load_file)
        wrong = sorted(set(_ARRAYS) ^ set(arrays)) or [
            name for name, dtype in _ARRAYS.items() if arrays[name].dtype != np.dtype(dtype)
        ]
        if wrong:
            raise ValueError(f"{path}: {', '.join(wrong)}: missing, unknown or of another data type")
        forest = cls(**arrays, columns=columns)
        if fault := forest._fault(classes):
            raise ValueError(f"{path}: {fault}")
        return forest

    def _fault(self, classes: int) -> str:
        """What is wrong with arrays that somebody else may have written; empty if nothing is."""
        nodes = np.arange(self.nodes)
        per_node = ("left", "right", "feature", "threshold", "missing_left", "leaf")
        if any(getattr(self, name).shape != nodes.shape for name in per_node) or not self.nodes:
            return "its nodes are of different numbers"
        if self.shares.ndim != 2 or self.shares.shape[1] != classes or not np.isfinite(self.shares).all():
            return f"shares must be finite, of {classes} classes"
        if (
            self.roots.ndim != 1
            or not len(self.roots)
            or self.roots.min() < 0
            or self.roots.max() >= self.nodes
        ):
            return "roots point outside the trees"
        inner = self.feature != _LEAF
        children = np.concatenate([self.left[inner], self.right[inner]])
        if (children <= np.tile(nodes[inner], 2)).any() or (children >= self.nodes).any():
            return "a node's child must come after it"
        if (self.feature[inner] < 0).any() or (self.feature[inner] >= self.columns).any():
            return f"a node asks for a column beyond the {self.columns} there are"
        leaf = self.leaf[~inner]
        if (leaf < 0).any() or (leaf >= len(self.shares)).any():
            return "a leaf has no shares"
        return ""


_ARRAYS: dict[str, type[np.generic]] = {
    "roots": np.int32,
    "left": np.int32,
    "right": np.int32,
    "feature": np.int32,
    "threshold": np.float64,
    "missing_left": np.uint8,
    "leaf": np.int32,
    "shares": np.float32,
}


def grow_forest(
    features: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None,
    classes: int,
    *,
    trees: int,
    leaf_parcels: int,
    seed: int,
    threads: int,
    on_trees: Callable[[int], None],
) -> Forest:
    """Grow a forest (Breiman 2001, Machine Learning 45, 5-32): each tree on a bootstrap sample.

    Each split is tried on a square root of the columns, which is scikit-learn's default.

    Args:
        features: ``(parcels, columns)`` float32; NaN is a missing value, for which each split learns a side.
        labels: ``(parcels,)`` class index.
        weights: ``(parcels,)``; all alike if None.
        classes: how many there are; not all need a parcel.
        on_trees: called with the trees grown so far; what it raises ends the work.

    Raises:
        ImportError: scikit-learn is not installed; the message says how to.
    """
    needed("sklearn")
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(
        n_estimators=0, min_samples_leaf=leaf_parcels, random_state=seed, n_jobs=threads, warm_start=True
    )
    while model.n_estimators < trees:
        # A few at a time, so that a stop is soon: a warm start goes on with the same draws.
        model.n_estimators = min(model.n_estimators + _GROWN_AT_ONCE, trees)
        model.fit(features, labels, sample_weight=weights)
        on_trees(model.n_estimators)
    return Forest.grown(model, classes)
