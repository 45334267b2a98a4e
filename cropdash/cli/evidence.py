"""``cropdash evidence``: whether the dates that a run attends to matter."""

from __future__ import annotations

from pathlib import Path

import click

from cropdash.cli.verbs import DEVICE, RUNS, progress_bar, run_path, verb
from cropdash.training.experiment import Device


@verb("evidence")
@click.argument("run")
@RUNS
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The store that the run was made from; the one that it names if unset.",
)
@click.option(
    "--parcels",
    type=click.IntRange(2),
    default=24,
    show_default=True,
    help="Most test parcels of each class.",
)
@click.option(
    "--draws", type=click.IntRange(1), default=8, show_default=True, help="Random orders behind the control."
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the sample and the orders."
)
@DEVICE
def evidence_command(
    run: str,
    runs_folder: Path,
    data: Path | None,
    parcels: int,
    draws: int,
    seed: int,
    device: Device | None,
) -> None:
    """Find out whether the dates that a run attends to matter, and keep it in the run's folder.

    Test parcels are asked again and again without some of their dates: one at a time, and more and more of
    them, the most attended first or by lot. The Attention page shows what came out.
    """
    from cropdash.dashboard.attention.evidence_answers import evidence_sentence, sample_words
    from cropdash.runs.run import Run
    from cropdash.training.attention_evidence import attention_evidence
    from cropdash.training.evidence_task import keep_evidence, why_no_evidence

    made = Run(run_path(run, runs_folder))
    if reason := why_no_evidence(made):
        raise ValueError(f"{made.folder.path}: {reason}")
    with progress_bar("asking the model") as progress:
        evidence = attention_evidence(
            made, data, per_class=parcels, draws=draws, seed=seed, on_progress=progress, device=device
        )
    assert evidence is not None, "nobody stops it from here"
    path = keep_evidence(made, evidence)
    click.echo(evidence_sentence(evidence, None, ""))
    click.echo(sample_words(evidence))
    click.echo(path)
