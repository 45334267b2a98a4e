"""Training a baseline: features, trees, the answers for every split, and the files of the run.

Nothing of a baseline is kept while it grows: one that was stopped starts again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from cropdash.atomic import write_text
from cropdash.datasets.loading import ParcelBatches
from cropdash.runs.run_folder import RunFolder
from cropdash.training.baselines.boosting import Boosting, boost
from cropdash.training.baselines.calendar_features import FeatureCalendar
from cropdash.training.baselines.forest import Forest, grow_forest
from cropdash.training.baselines.trained_baseline import BOOSTING, CALENDAR, FOREST, answer_by_trees
from cropdash.training.evaluation import Answers
from cropdash.training.heartbeat import Heartbeat
from cropdash.training.optimisation import class_weights
from cropdash.training.progress import Phase, Progress
from cropdash.training.run_under_way import RunUnderWay
from cropdash.training.setup import SPLITS, Setup, Split, unscaled
from cropdash.training.summary import provenance, training_summary


class BaselineTraining(RunUnderWay):
    """A baseline's run, which asks whether to stop before every batch and after every few trees.

    Args:
        threads: CPU threads to use.
    """

    def __init__(
        self,
        setup: Setup,
        folder: RunFolder,
        threads: int,
        heartbeat: Heartbeat,
        stop: Callable[[], bool] | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        super().__init__(setup, folder, heartbeat, stop, on_progress)
        self.options = setup.spec.baseline
        self.threads = threads

    def run(self) -> None:
        """Fit, evaluate and write the results.

        Raises:
            Stopped: ``stop`` answered True.
            ImportError: the classifier's package is not installed; the message says how to.
            OSError: a file could not be written.
        """
        self._tell("preparing")
        scaling = unscaled(self.setup.store)
        batches = {split: self.setup.batches(split, scaling) for split in SPLITS}
        calendar = FeatureCalendar.of(
            batches["train"].epoch(0),
            self.setup.bands,
            step=self.options.calendar_step,
            longest_gap=self.options.longest_gap,
            geometry=self.spec.geometry_features,
        )
        write_text(self.folder.file(CALENDAR), calendar.model_dump_json(indent=2) + "\n")
        learned = self._table(calendar, batches["train"])
        began = time.monotonic()
        model = self._fit(calendar, learned, batches["validation"])
        seconds = max(time.monotonic() - began, 1e-3)
        self._finish(model, calendar, batches, len(learned[1]), seconds)

    def _table(self, calendar: FeatureCalendar, batches: ParcelBatches) -> tuple[np.ndarray, np.ndarray]:
        """Features and class index of every parcel that the batches serve."""
        features, labels = [], []
        for batch in batches.epoch(0):
            self._check_stop()
            features.append(calendar.features(batch))
            labels.append(batch.labels.numpy())
        return np.concatenate(features), np.concatenate(labels)

    def _fit(
        self, calendar: FeatureCalendar, learned: tuple[np.ndarray, np.ndarray], validation: ParcelBatches
    ) -> Forest | Boosting:
        classes = len(self.setup.codes)
        of_class = class_weights(self.spec.optimisation.class_weights, learned[1], classes)
        weights = None if of_class is None else of_class[learned[1]]
        if self.spec.classifier == "random_forest":
            forest = grow_forest(
                *learned,
                weights,
                classes,
                trees=self.options.trees,
                leaf_parcels=self.options.leaf_parcels or 1,
                seed=self.spec.seed,
                threads=self.threads,
                on_trees=self._grown,
            )
            forest.write(self.folder.file(FOREST))
            self.best = self.options.trees
            return forest
        boosting, history = boost(
            learned,
            weights,
            self._table(calendar, validation),
            classes,
            rounds=self.options.trees,
            rate=self.options.boosting_rate,
            leaves=self.options.boosting_leaves,
            leaf_parcels=self.options.leaf_parcels or 20,
            patience=self.spec.optimisation.early_stopping,
            seed=self.spec.seed,
            threads=self.threads,
            on_round=self._grown,
        )
        boosting.write(self.folder.file(BOOSTING))
        self.folder.write_metrics(history)
        self.best = boosting.rounds
        return boosting

    def _finish(
        self,
        model: Forest | Boosting,
        calendar: FeatureCalendar,
        batches: dict[Split, ParcelBatches],
        parcels: int,
        seconds: float,
    ) -> None:
        self._tell("testing")
        answers: dict[Split, Answers] = {
            split: answer_by_trees(model, calendar, batches[split], lambda _: self._check_stop())
            for split in SPLITS
        }
        self._write_answers(answers)
        self.folder.write_provenance(
            provenance(
                self.setup, [{"first_epoch": 1, "threads": self.threads, "device": "cpu"}], self._packages()
            )
        )
        summary = training_summary(
            self.setup,
            answers,
            {split: batches[split].left_out.values() for split in SPLITS},
            best_epoch=self.best,
            epochs=self.epoch,
            stopped_early=self.epoch < self.options.trees,
            parameters=model.nodes,
            seconds=seconds,
            parcels_per_second=parcels / seconds,
        )
        self.folder.write_summary(summary.model_dump(mode="json"))

    def _packages(self) -> tuple[str, ...]:
        return ("scikit-learn",) if self.spec.classifier == "random_forest" else ("lightgbm",)

    def _grown(self, trees: int) -> None:
        self._check_stop()
        self.epoch = trees
        self._tell("training")

    def _tell(self, phase: Phase) -> None:
        total = self.options.trees
        words = {
            "preparing": "Reading the training regions.",
            "training": f"Tree {self.epoch} of {total}.",
            "testing": "Evaluating.",
        }
        self.heartbeat.tell(epoch=self.epoch, message=words[phase])
        self._tell_progress(Progress(phase, self.epoch, total, 1, 1))
