"""The training loop: epochs, validation, checkpoints, and the evaluation of the best epoch.

How a run begins and ends, and what becomes of one that breaks down, is in ``train``. Each epoch draws
its batches from the seed and its own number, so nothing but weights, optimiser and the best epoch so far
has to be remembered between epochs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from cropdash.atomic import atomic_path
from cropdash.batches import Batch
from cropdash.datasets.loading import ParcelBatches
from cropdash.datasets.normalisation import Normalisation
from cropdash.models.fusion import CropNetwork
from cropdash.models.loss import focal_loss
from cropdash.runs.metrics import ConfusionMatrix
from cropdash.runs.run_folder import CHECKPOINT, MODEL, NORMALISATION, RunFolder
from cropdash.training.checkpoint import Checkpoint
from cropdash.training.evaluation import Answers, AttentionSink, answer, attention_to
from cropdash.training.heartbeat import Heartbeat
from cropdash.training.optimisation import (
    class_weights,
    learning_rate,
    logit_shift,
    reading_threads,
    seed_epoch,
)
from cropdash.training.progress import Clock, Phase, Progress, duration
from cropdash.training.run_under_way import RunUnderWay
from cropdash.training.setup import SPLITS, Setup, Split
from cropdash.training.summary import TrainingSummary, provenance, training_summary


class NonFiniteLoss(ValueError):  # noqa: N818 - the name is the sentence
    """The loss became infinite or undefined, so the weights are lost."""


class TrainingLoop(RunUnderWay):
    """A network's run, which asks whether to stop before every batch and tells where it stands after it.

    Args:
        device: where to compute.
        threads: the CPU threads that torch was given, for the record.
    """

    def __init__(
        self,
        setup: Setup,
        folder: RunFolder,
        device: torch.device,
        threads: int,
        heartbeat: Heartbeat,
        stop: Callable[[], bool] | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        super().__init__(setup, folder, heartbeat, stop, on_progress)
        self.recipe = setup.spec.optimisation
        self.device = device
        self.clock = Clock(self.recipe.epochs)
        self.seconds = 0.0
        self.loss: float | None = None
        self.validation_miou: float | None = None
        self.best_epoch = 0
        self.best_miou = -math.inf
        self.best_network: dict[str, Tensor] = {}
        self.sessions: list[dict[str, Any]] = []
        self.session = {"threads": threads, "device": device.type}

    def run(self) -> None:
        """Train to the last epoch, or until validation has stopped improving, and write the results.

        Raises:
            Stopped: ``stop`` answered True.
            NonFiniteLoss: training broke down.
            ValueError: the checkpoint in the folder does not fit the experiment or its data.
            OSError: a file could not be written.
        """
        self._prepare()
        while self.epoch < self.recipe.epochs and not self._patience_is_over():
            self._one_epoch(self.epoch + 1)
        self._finish()

    def _prepare(self) -> None:
        self._tell("preparing")
        checkpoint = self._checkpoint()
        kept = self.folder.file(NORMALISATION)
        if checkpoint is not None and kept.exists():
            self.normalisation = Normalisation.read(kept)
        else:
            self.normalisation = self.setup.fit_normalisation()
            self.normalisation.write(kept)
        self.training_batches = self.setup.batches("train", self.normalisation, training=True)
        self.batches: dict[Split, ParcelBatches] = {
            split: self.setup.batches(split, self.normalisation) for split in SPLITS
        }
        seed_epoch(self.spec.seed, 0)
        self.network: CropNetwork = self.setup.network().to(self.device)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=self.recipe.learning_rate, weight_decay=self.recipe.weight_decay
        )
        learned = self.setup.learned_index[self.training_batches.rows]
        weights = class_weights(self.recipe.class_weights, learned, len(self.setup.codes))
        self.class_weights = None if weights is None else torch.from_numpy(weights).to(self.device)
        shift = logit_shift(self.recipe.logit_adjustment, learned, len(self.setup.codes))
        self.logit_shift = None if shift is None else torch.from_numpy(shift).to(self.device)
        if checkpoint is not None:
            self._restore(checkpoint)
        self.sessions = [*self.sessions, {"first_epoch": self.epoch + 1, **self.session}]

    def _checkpoint(self) -> Checkpoint | None:
        path = self.folder.file(CHECKPOINT)
        if not path.exists():
            return None
        checkpoint = Checkpoint.read(path)
        if checkpoint.fingerprint != self.spec.fingerprint:
            raise ValueError(f"{path} is of another experiment; delete the run's folder to start anew")
        if checkpoint.data_fingerprint != self.setup.store.info.fingerprint:
            raise ValueError(
                f"{self.setup.store.path} has changed since {path} was written; "
                "delete the run's folder to start anew"
            )
        return checkpoint

    def _restore(self, checkpoint: Checkpoint) -> None:
        self.network.load_state_dict(checkpoint.network)
        self.optimiser.load_state_dict(checkpoint.optimiser)
        self.epoch, self.seconds = checkpoint.epoch, checkpoint.seconds
        self.best_epoch, self.best_miou = checkpoint.best_epoch, checkpoint.best_miou
        self.best_network, self.sessions = checkpoint.best_network, checkpoint.sessions

    def _save(self) -> None:
        Checkpoint(
            fingerprint=self.spec.fingerprint,
            data_fingerprint=self.setup.store.info.fingerprint,
            epoch=self.epoch,
            seconds=self.seconds,
            network=self.network.state_dict(),
            optimiser=self.optimiser.state_dict(),
            best_epoch=self.best_epoch,
            best_miou=self.best_miou,
            best_network=self.best_network,
            sessions=self.sessions,
        ).write(self.folder.file(CHECKPOINT))

    def _patience_is_over(self) -> bool:
        patience = self.recipe.early_stopping
        return patience is not None and self.epoch > 0 and self.epoch - self.best_epoch >= patience

    def _one_epoch(self, epoch: int) -> None:
        self.clock.epoch_begins()
        seed_epoch(self.spec.seed, epoch)
        rate = learning_rate(self.recipe, epoch)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        training = self._train(epoch)
        validation = self._answers("validation", "validating", epoch)
        if not np.isfinite(validation.probabilities).all():
            raise NonFiniteLoss(
                f"the network's answers became undefined at the end of epoch {epoch}; "
                "a lower learning rate or precision float32 may help"
            )
        matrix = validation.confusion(self.setup.class_names)
        self.validation_miou = matrix.macro_iou
        if matrix.macro_iou > self.best_miou:  # of equals, the earliest
            self.best_epoch, self.best_miou = epoch, matrix.macro_iou
            self.best_network = {
                name: tensor.detach().cpu().clone() for name, tensor in self.network.state_dict().items()
            }
        seconds = self.clock.epoch_ends()
        self.epoch, self.seconds = epoch, self.seconds + seconds
        self.folder.append_metrics(
            {
                "epoch": epoch,
                "learning_rate": rate,
                "train_loss": self.loss,
                "train_accuracy": training.accuracy,
                "train_miou": training.macro_iou,
                "val_loss": validation.loss,
                "val_accuracy": matrix.accuracy,
                "val_miou": matrix.macro_iou,
                "val_macro_f1": matrix.macro_f1,
                "seconds": round(seconds, 3),
            }
        )
        self._save()
        self.heartbeat.tell(epoch=epoch)

    def _train(self, epoch: int) -> ConfusionMatrix:
        """One pass over the training parcels; returns how the answers given on the way compare."""
        self.network.train()
        names = self.setup.class_names
        matrix = ConfusionMatrix.from_labels([], [], names)
        total, batches = 0.0, len(self.training_batches)
        threads, pin = reading_threads(self.device), self.device.type == "cuda"
        served = self.training_batches.epoch(epoch, threads, pin=pin)
        for number, batch in enumerate(served, start=1):
            self._check_stop()
            loss, predicted = self._step(batch.to(self.device))
            if not math.isfinite(loss):
                raise NonFiniteLoss(
                    f"the loss became {loss} in epoch {epoch}, batch {number} of {batches}; "
                    "a lower learning rate or precision float32 may help"
                )
            matrix += ConfusionMatrix.from_labels(batch.labels.numpy(), predicted.cpu().numpy(), names)
            total += loss * len(batch)
            self.loss = total / matrix.total
            self._tell("training", epoch, number, batches)
        return matrix

    def _step(self, batch: Batch) -> tuple[float, Tensor]:
        """One step of the optimiser; returns the loss and the class indices answered before it."""
        low = self.recipe.precision == "bfloat16"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=low):
            logits = self.network(batch).logits
        loss = self._loss(logits, batch.labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        return loss.item(), logits.detach().argmax(dim=1)

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        scores = logits.float()
        if self.logit_shift is not None:
            scores = scores + self.logit_shift
        return focal_loss(scores, labels, self.recipe.focal_gamma, self.class_weights)

    def _answers(
        self, split: Split, phase: Phase, epoch: int, on_attention: AttentionSink | None = None
    ) -> Answers:
        batches = self.batches[split]

        def on_batch(number: int) -> None:
            self._check_stop()
            self._tell(phase, epoch, number, len(batches))

        return answer(
            self.network,
            batches,
            self.device,
            loss=self._loss,
            on_batch=on_batch,
            on_attention=on_attention,
        )

    def _finish(self) -> None:
        """Evaluate the best epoch on every split, and write what the run leaves behind."""
        self.network.load_state_dict(self.best_network)
        with atomic_path(self.folder.file(MODEL)) as temporary:
            # Safetensors' own writer leaves a file that no other user can read, and hides why a disk refused it.
            temporary.write_bytes(
                save({name: tensor.contiguous() for name, tensor in self.best_network.items()})
            )
        answers: dict[Split, Answers] = {
            "train": self._answers("train", "testing", self.epoch),
            "validation": self._answers("validation", "testing", self.epoch),
        }
        with self.folder.attention_writer() as writer:
            sink = attention_to(writer, self.setup.store, self.setup.season_origin)
            answers["test"] = self._answers("test", "testing", self.epoch, sink)
        self._write_answers(answers)
        self.folder.write_provenance(provenance(self.setup, self.sessions))
        self.folder.write_summary(self._summary(answers).model_dump(mode="json"))

    def _summary(self, answers: dict[Split, Answers]) -> TrainingSummary:
        return training_summary(
            self.setup,
            answers,
            {split: self.batches[split].left_out.values() for split in SPLITS},
            best_epoch=self.best_epoch,
            epochs=self.epoch,
            stopped_early=self.epoch < self.recipe.epochs,
            parameters=sum(p.numel() for p in self.network.parameters() if p.requires_grad),
            seconds=self.seconds,
            parcels_per_second=len(self.training_batches.rows) * self.epoch / self.seconds,
        )

    def _tell(self, phase: Phase, epoch: int = 0, batch: int = 0, batches: int = 0) -> None:
        left = self.clock.seconds_left(epoch) if phase in ("training", "validating") else None
        progress = Progress(
            phase, epoch, self.recipe.epochs, batch, batches, self.loss, self.validation_miou, left
        )
        self.heartbeat.tell(message=_sentence(progress))
        self._tell_progress(progress)


def _sentence(progress: Progress) -> str:
    """What the status says meanwhile."""
    match progress.phase:
        case "preparing":
            return "Reading the training regions."
        case "testing":
            return f"Evaluating the best epoch: batch {progress.batch} of {progress.batches}."
    left = "" if progress.seconds_left is None else f", {duration(progress.seconds_left)} left"
    doing = "batch" if progress.phase == "training" else "validating, batch"
    return (
        f"Epoch {progress.epoch} of {progress.epochs}: {doing} {progress.batch} of {progress.batches}{left}."
    )
