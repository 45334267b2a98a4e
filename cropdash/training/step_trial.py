"""How fast this machine would train an experiment, measured: some real steps on some of its parcels, and no more.

For an experiment of which nothing was trained here before. The steps are those of training, with its batches read
from the store; what they learn is thrown away.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from cropdash.training.experiment import ExperimentSpec

if TYPE_CHECKING:
    import torch

    from cropdash.datasets.loading import ParcelBatches
    from cropdash.datasets.normalisation import Normalisation
    from cropdash.models.fusion import CropNetwork
    from cropdash.training.setup import Setup, Split

#: Steps that are timed; one more goes before them, which also warms up.
STEPS = 2
#: Parcels of a timed batch at most: of a larger batch the pace is that of so many.
_MOST_PARCELS = 256
_PATIENCE_SECONDS = 120
_ERROR = "error"


@dataclass(frozen=True)
class StepTrial:
    """What some steps took.

    Attributes:
        training: seconds a parcel in a training step, reading included.
        evaluation: seconds a parcel in evaluation.
        parcels: how many the timed training steps had.
    """

    training: float
    evaluation: float
    parcels: int


def try_steps(spec: ExperimentSpec) -> StepTrial:
    """Time some steps of a network in this process.

    Raises:
        FileNotFoundError, ValueError: the experiment does not fit its data or this machine, or is a baseline, which
            has no steps.
    """
    from cropdash.training.evaluation import answer
    from cropdash.training.optimisation import choose_device, seed_epoch, threads_set
    from cropdash.training.setup import Setup

    if spec.classifier != "network":
        raise ValueError(f"{spec.experiment} has no training steps that could be measured")
    setup = Setup.of(spec)
    device = choose_device(spec.device)
    with threads_set(spec.threads):
        scaling = _scaling(setup)
        seed_epoch(spec.seed, 0)
        network = setup.network().to(device)
        training, parcels = _training_seconds(setup, scaling, network, device)
        batches = _batches(setup, "validation", scaling)
        answer(network, batches, device)
        begun = perf_counter()
        answer(network, batches, device)
        evaluation = (perf_counter() - begun) / len(batches.rows)
    return StepTrial(training, evaluation, parcels)


def try_steps_apart(spec: ExperimentSpec, threads: int) -> StepTrial:
    """The same in a process of its own, which leaves nothing behind; takes some seconds.

    Args:
        threads: of a worker that would train it; what the experiment says itself goes before.

    Raises:
        ValueError: it could not be measured; the message says why.
    """
    environment = os.environ | {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "cropdash.training.step_trial"],
            input=spec.model_dump_json(), env=environment, capture_output=True, text=True, timeout=_PATIENCE_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ValueError(f"{STEPS + 1} steps took more than {_PATIENCE_SECONDS} s") from None
    last = ended.stdout.strip().splitlines()[-1:]
    if not last:
        raise ValueError(f"the measuring process ended with code {ended.returncode}")
    told = json.loads(last[0])
    if _ERROR in told:
        raise ValueError(told[_ERROR])
    return StepTrial(**told)


def _training_seconds(
    setup: Setup, scaling: Normalisation, network: CropNetwork, device: torch.device
) -> tuple[float, int]:
    """Seconds a parcel of the steps after the first, and the parcels in them."""
    import torch

    from cropdash.models.loss import focal_loss
    from cropdash.training.optimisation import reading_threads

    recipe = setup.spec.optimisation
    optimiser = torch.optim.Adam(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    batches = _batches(setup, "train", scaling)
    network.train()
    low = recipe.precision == "bfloat16"
    steps, parcels, epoch, begun = 0, 0, 0, 0.0
    while steps <= STEPS:
        epoch += 1
        for batch in batches.epoch(epoch, reading_threads(device), pin=device.type == "cuda"):
            there = batch.to(device)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=low):
                logits = network(there).logits
            loss = focal_loss(logits.float(), there.labels, recipe.focal_gamma, None)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            loss.item()  # waits for the device
            steps += 1
            if steps == 1:
                begun = perf_counter()
                continue
            parcels += len(batch)
            if steps > STEPS:
                break
    return (perf_counter() - begun) / parcels, parcels


def _batches(setup: Setup, split: Split, scaling: Normalisation) -> ParcelBatches:
    """Batches of as many of a split's parcels as are needed: as training has them, or as evaluation."""
    from cropdash.training.setup import batches_for

    training = split == "train"
    spec = setup.spec
    size = min(spec.optimisation.batch_size, _MOST_PARCELS)
    smaller = spec.model_copy(
        update={"optimisation": spec.optimisation.model_copy(update={"batch_size": size})}
    )
    index = setup.learned_index if training else setup.labels.index
    rows = _some(setup.rows[split], (STEPS + 1) * size if training else size)
    return batches_for(smaller, setup.store, rows, index, scaling, setup.season_origin, training=training)


def _scaling(setup: Setup) -> Normalisation:
    """Fitted on some training parcels: how long values take does not depend on it."""
    from cropdash.datasets.normalisation import Normalisation
    from cropdash.training.setup import usable_dates

    spec = setup.spec
    return Normalisation.fit(
        setup.store,
        _some(setup.rows["train"], _MOST_PARCELS),
        spec.sensors,
        spec.normalisation,
        spec.geometry_features,
        usable_dates(spec, setup.store, setup.season_origin),
    )


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many rows, drawn at random and always the same, in the order of the store."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _main() -> None:
    """Measure the specification on the standard input; tell the result, or why there is none, as JSON."""
    spec = ExperimentSpec.model_validate_json(sys.stdin.read())
    try:
        told: dict[str, object] = asdict(try_steps(spec))
    except (OSError, ValueError) as error:
        told = {_ERROR: str(error)}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    _main()
