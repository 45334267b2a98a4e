"""A specification meets its data: opened store, classes, parcels of each split, batches, fresh network.

Everything that can be wrong between the two is found here, before a run writes its first file.
Training, prediction and the launch page all start from this one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from cropdash.datasets.labels import Labels, prepare_labels
from cropdash.datasets.normalisation import ChannelScaling, Normalisation
from cropdash.datasets.store import FEATURES, ParcelStore
from cropdash.datasets.usable_dates import UsableDates
from cropdash.training.experiment import ExperimentSpec

if TYPE_CHECKING:
    from cropdash.datasets.loading import ParcelBatches
    from cropdash.models.fusion import CropNetwork

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

#: Keeps the shuffling of labels apart from the draws of the epochs, which use the seed with others.
_SHUFFLE = 3


@dataclass(frozen=True)
class Setup:
    """An experiment that can be run. Made by :meth:`of`.

    Attributes:
        spec: the specification.
        store: its data set, opened.
        labels: the classes, and every parcel's class index.
        rows: of each split, the store rows of the parcels that have a class.
    """

    spec: ExperimentSpec
    store: ParcelStore
    labels: Labels
    rows: Mapping[Split, np.ndarray]

    @classmethod
    def of(cls, spec: ExperimentSpec, store: ParcelStore | None = None) -> Setup:
        """Open the data set and check that the experiment can be run on it.

        Args:
            spec: what to run.
            store: the data set, if it is open already.

        Raises:
            FileNotFoundError: no data set there.
            ValueError: the data set lacks a sensor, region, label field or feature that the experiment
                needs, or leaves it fewer than two classes or a split without usable parcels.
        """
        store = store or ParcelStore.open(spec.data)
        _check_sensors(spec, store)
        regions: dict[Split, tuple[str, ...]] = {split: getattr(spec.regions, split) for split in SPLITS}
        every = {split: store.rows(names) for split, names in regions.items()}
        labels = prepare_labels(
            store.parcels,
            store.info.nomenclature,
            spec.labels,
            rows=np.concatenate(list(every.values())),
            default_field=store.info.label_field,
        )
        setup = cls(spec, store, labels, {split: r[labels.index[r] >= 0] for split, r in every.items()})
        setup._check_splits()
        return setup

    @property
    def codes(self) -> list[int]:
        """Crop codes of the classes, in the order of the class index."""
        return [crop.code for crop in self.labels.classes]

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(crop.name for crop in self.labels.classes)

    @property
    def season_origin(self) -> str:
        return self.spec.season_origin or self.store.info.season_origin

    @property
    def bands(self) -> dict[str, tuple[str, ...]]:
        """The bands of each sensor that the experiment uses."""
        return {sensor: self.store.info.sensors[sensor].bands for sensor in self.spec.sensors}

    @cached_property
    def learned_index(self) -> np.ndarray:
        """``(store rows,)`` class index as the network is taught it: shuffled where the experiment says so.

        Only labels of training parcels change places, and only among themselves.
        """
        if not self.spec.shuffle_labels:
            return self.labels.index
        index, rows = self.labels.index.copy(), self.rows["train"]
        index[rows] = np.random.default_rng((self.spec.seed, _SHUFFLE)).permutation(index[rows])
        return index

    def fit_normalisation(self) -> Normalisation:
        """Scaling of the channels, from the training parcels only."""
        spec = self.spec
        return Normalisation.fit(
            self.store,
            self.rows["train"],
            spec.sensors,
            spec.normalisation,
            spec.geometry_features,
            usable_dates(spec, self.store, self.season_origin),
        )

    def batches(self, split: Split, normalisation: Normalisation, *, training: bool = False) -> ParcelBatches:
        """Batches of a split's parcels, drawn anew each epoch in training and always the same otherwise."""
        index = self.learned_index if split == "train" else self.labels.index
        return batches_for(
            self.spec,
            self.store,
            self.rows[split],
            index,
            normalisation,
            self.season_origin,
            training=training,
        )

    def network(self) -> CropNetwork:
        """The network with fresh weights, from torch's present random state."""
        return network_for(
            self.spec, {name: len(bands) for name, bands in self.bands.items()}, len(self.labels.classes)
        )

    def _check_splits(self) -> None:
        for split in SPLITS:
            where = f"{split} regions {', '.join(getattr(self.spec.regions, split))} of {self.store.path}"
            if not len(self.rows[split]):
                kept = ", ".join(f"{crop.code} {crop.name}" for crop in self.labels.classes)
                raise ValueError(f"the {where} hold no parcel of the classes kept ({kept})")
            batches = self.batches(split, unscaled(self.store))
            if not len(batches.rows):
                reasons = Counter(batches.left_out.values())
                told = "; ".join(f"{reason}: {count} parcels" for reason, count in reasons.items())
                raise ValueError(f"no parcel of the {where} can be used by this experiment ({told})")
            if split == "train":
                self._check_training(where, batches.rows)

    def _check_training(self, where: str, rows: np.ndarray) -> None:
        present = np.unique(self.labels.index[rows])
        if len(present) < 2:
            raise ValueError(
                f"the {where} hold parcels of one class only ({self.class_names[present[0]]}); "
                "learning needs at least two"
            )


def batches_for(
    spec: ExperimentSpec,
    store: ParcelStore,
    rows: np.ndarray,
    index: np.ndarray,
    normalisation: Normalisation,
    season_origin: str,
    *,
    training: bool = False,
    given: Sequence[str] | None = None,
) -> ParcelBatches:
    """Batches of any rows of a store, as an experiment samples them; see :func:`usable_dates`."""
    from cropdash.datasets.dropout import Dropout
    from cropdash.datasets.loading import ParcelBatches

    sampling = spec.sampling
    return ParcelBatches(
        store,
        rows,
        index,
        sensors=spec.sensors,
        fusion=spec.serving,
        interpolation=spec.interpolation,
        normalisation=normalisation,
        season_origin=season_origin,
        geometry_features=spec.geometry_features,
        pixels=sampling.pixels if training else sampling.eval_pixels,
        s1_dates=sampling.s1_dates,
        s2_dates=sampling.s2_dates,
        batch_size=spec.optimisation.batch_size,
        seed=spec.seed,
        training=training,
        usable=usable_dates(spec, store, season_origin, given),
        dropout=Dropout(sampling.date_dropout, sampling.season_cut, sampling.sensor_dropout),
        balanced=sampling.balanced,
    )


def usable_dates(
    spec: ExperimentSpec, store: ParcelStore, season_origin: str, given: Sequence[str] | None = None
) -> dict[str, UsableDates]:
    """The dates of each sensor that an experiment may use of a store.

    Args:
        given: the sensors that the parcels are given, as if they had no date of the others; all if None.
    """
    sampling = spec.sampling
    return {
        name: UsableDates.none(store)
        if given is not None and name not in given
        else UsableDates.of(
            store,
            name,
            season_origin,
            days=sampling.days,
            pool=sampling.s2_pool if name == "S2" else None,
            share=sampling.s2_share if name == "S2" else None,
            seed=spec.seed,
        )
        for name in spec.sensors
    }


def network_for(spec: ExperimentSpec, channels: Mapping[str, int], classes: int) -> CropNetwork:
    """A network with fresh weights for the channels of each sensor."""
    from cropdash.models.fusion import build_network

    features = len(FEATURES) if spec.geometry_features else 0
    return build_network(spec.fusion, channels, classes, spec.model, features)


def _check_sensors(spec: ExperimentSpec, store: ParcelStore) -> None:
    missing = [sensor for sensor in spec.sensors if sensor not in store.sensors]
    if missing:
        raise ValueError(
            f"the experiment {spec.experiment} needs {' and '.join(spec.sensors)}; the data set {store.path} "
            f"holds {' and '.join(store.sensors)} only"
        )


def unscaled(store: ParcelStore) -> Normalisation:
    """A scaling that changes nothing: values keep their physical units."""
    same = {
        name: ChannelScaling(centre=[0.0] * len(info.bands), spread=[1.0] * len(info.bands))
        for name, info in store.info.sensors.items()
    }
    features = ChannelScaling(centre=[0.0] * len(FEATURES), spread=[1.0] * len(FEATURES))
    return Normalisation(method="mean_std", sensors=same, features=features)
