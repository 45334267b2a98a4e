"""The table behind Compare's picture: all runs, or all experiments over their seeds, with a tick to compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import panel as pn

from cropdash.analysis.seed_groups import SeedGroup
from cropdash.dashboard.compare.comparison import run_table
from cropdash.dashboard.compare.over_seeds import group_table
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.state import MAXIMUM_RUNS, Choices
from cropdash.dashboard.tables import TICK, DataTable, TableClick, csv_button, number, tick
from cropdash.runs.results import Result, Scores

_TITLES = {
    "chosen": "",
    "run": "Run",
    "state": "State",
    "sensors": "Sensors",
    "fusion": "Fusion",
    "seed": "Seed",
    "seeds": "Seeds",
    "epochs": "Epochs",
    "accuracy": "Accuracy",
    "accuracy_sd": "± SD",
    "macro_f1": "Macro-F1",
    "macro_f1_sd": "± SD",
    "kappa": "Kappa",
    "parcels": "Test parcels",
    "no_prediction": "No prediction",
    "minutes": "Training (min)",
    "parameters": "Parameters",
    "parcels_per_second": "Parcels/s",
}
_FORMATS = {
    "chosen": TICK,
    "seed": number(0) | {"thousand": ""},
    **dict.fromkeys(("accuracy", "accuracy_sd", "macro_f1", "macro_f1_sd", "kappa"), number(3)),
    **dict.fromkeys(("seeds", "epochs", "parcels", "no_prediction", "parameters"), number(0)),
    "minutes": number(1),
    "parcels_per_second": number(0),
}
#: What the columns of cost are not.
_COST = "Training time and parcels per second depend on the machine that a run was trained on."


class RunsTable(pn.viewable.Viewer):
    """Ticks are the choice of runs that all pages share.

    Attributes:
        frame: what is shown, as the CSV has it.
    """

    def __init__(self, choices: Choices) -> None:
        super().__init__()
        self.choices = choices
        self.frame = run_table([], {})
        self._groups: dict[str, SeedGroup] = {}
        self._heading = text_pane("")
        # A table each, since they have other columns; one of them has the place.
        self._runs = self._new_table(self.frame)
        self._experiments = self._new_table(group_table([]))
        self._place = pn.Column(self._runs, sizing_mode="stretch_width", margin=0)
        self._panel = pn.Column(
            pn.Row(
                self._heading,
                csv_button("runs.csv", lambda: self.frame, "cd-compare-csv"),
                sizing_mode="stretch_width",
                margin=(20, 0, 2, 0),
            ),
            self._place,
            sizing_mode="stretch_width",
            margin=0,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._panel

    def fill_runs(self, results: list[Result], scores: Mapping[str, Scores | None]) -> None:
        """Show every run."""
        self._groups = {}
        frame = run_table(results, scores)
        self._fill(self._runs, frame, self.choices.runs, "All runs", "Tick a run to compare it.")

    def fill_groups(self, groups: Sequence[SeedGroup]) -> None:
        """Show every experiment over its seeds; one is chosen with any of its runs."""
        self._groups = {group.key: group for group in groups}
        chosen = [group.key for group in groups if set(self.choices.runs) & set(_ids(group))]
        hint = "Means and standard deviations over the seeds. Tick an experiment to compare it."
        self._fill(self._experiments, group_table(groups), chosen, "All experiments", hint)

    def _fill(
        self, table: DataTable, frame: pd.DataFrame, chosen: Sequence[str], title: str, hint: str
    ) -> None:
        self.frame = frame
        self._heading.object = f"<h2>{title}</h2><span class='note'>{hint} {_COST}</span>"
        table.fill(_with_ticks(frame, chosen, full=len(self.choices.runs) >= MAXIMUM_RUNS))
        if self._place.objects != [table]:
            self._place.objects = [table]

    def _new_table(self, frame: pd.DataFrame) -> DataTable:
        table = DataTable(
            _with_ticks(frame, []), "cd-compare-table", formats=_FORMATS, titles=_TITLES, hidden=("id",), page_size=20
        )  # fmt: skip
        table.on_click(self.ticked, rows=False)
        return table

    def ticked(self, click: TableClick) -> None:
        """Choose the run or the experiment of a row, or take it back."""
        key = self.frame["id"].iloc[click.row]
        if key in self._groups:
            theirs = _ids(self._groups[key])
            if set(theirs) & set(self.choices.runs):
                self.choices.runs = [run for run in self.choices.runs if run not in theirs]
            else:
                self.choices.add_run(theirs[0])
        elif key in self.choices.runs:
            self.choices.remove_run(key)
        else:
            self.choices.add_run(key)


def _ids(group: SeedGroup) -> list[str]:
    """All runs of a group; the first is the one that stands for it, with figures if any has."""
    known = [run.id for run, one in zip(group.results, group.scores, strict=True) if one.parcels is not None]
    return list(dict.fromkeys([*known, *(run.id for run in (*group.results, *group.repeated))]))


def _with_ticks(frame: pd.DataFrame, chosen: Sequence[str], *, full: bool = False) -> pd.DataFrame:
    """The table of runs with a tick box in front of each, disabled where no more runs can be chosen."""
    boxes = [
        tick(f"Compare {name}", run in chosen, disabled=full and run not in chosen)
        for run, name in zip(frame["id"], frame["run"], strict=True)
    ]
    return pd.concat(
        [frame[["id"]], pd.Series(boxes, name="chosen", dtype=object), frame.drop(columns="id")], axis=1
    )
