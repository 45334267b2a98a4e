"""The table behind Compare's picture: all runs, or all experiments over their seeds, with a tick to compare them.

It is filtered, grouped and cut down to what differs here; what stands in it is made by
:mod:`~cropdash.dashboard.compare.comparison`, :mod:`~cropdash.dashboard.compare.over_seeds` and
:mod:`~cropdash.dashboard.compare.table_columns`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.analysis.seed_groups import SeedGroup
from cropdash.dashboard.compare.bin_section import BinSection
from cropdash.dashboard.compare.comparison import run_table
from cropdash.dashboard.compare.over_seeds import group_table
from cropdash.dashboard.compare.run_card import RunCard
from cropdash.dashboard.compare.table_columns import (
    GROUPINGS,
    group_headings,
    kept_words,
    matching,
    only_what_differs,
    validation_figures,
)
from cropdash.dashboard.fold import AS_HIGH_AS_IT_IS
from cropdash.dashboard.kept_choice import KeptText
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_keeping import RunKeeping
from cropdash.dashboard.state import MAXIMUM_RUNS, Choices
from cropdash.dashboard.tables import TICK, DataTable, TableClick, csv_button, number, tick
from cropdash.runs.results import Result, Scores
from cropdash.runs.run_bin import BinnedRun
from cropdash.runs.run_notes import RunNotes

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
    "best": "Best validation IoU",
    "last": "Last validation IoU",
    "tags": "Tags",
    "note": "Note",
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
    **dict.fromkeys(
        ("accuracy", "accuracy_sd", "macro_f1", "macro_f1_sd", "kappa", "best", "last"), number(3)
    ),
    **dict.fromkeys(("seeds", "epochs", "parcels", "no_prediction", "parameters"), number(0)),
    "minutes": number(1),
    "parcels_per_second": number(0),
}
#: What the columns of cost are not.
_COST = "Training time and parcels per second depend on the machine that a run was trained on."


class RunsTable(pn.viewable.Viewer):
    """Ticks are the choice of runs that all pages share; a click on a row opens the run's card.

    Args:
        changed: called after what is kept with a run has changed, or a run went or came back.

    Attributes:
        frame: what is shown, as the CSV has it.
        words, grouping, differing, ticked_only: its controls.
        order: the column that both tables are ordered by, and which way, such as ``accuracy-down``.
    """

    def __init__(self, choices: Choices, keeping: RunKeeping, changed: Callable[[], None]) -> None:
        super().__init__()
        self.choices = choices
        self._changed = changed
        self._keeping = keeping
        self.frame = run_table([], {})
        self._whole = self.frame
        self._members: dict[str, list[Result]] = {}
        self._groups: dict[str, SeedGroup] = {}
        self._chosen: list[str] = []
        self._was_chosen = False
        self._heading = text_pane("")
        self._empty = text_pane("", "cd-compare-table-empty")
        self.words = pmu.TextInput(
            label="Filter", placeholder="words, such as optical finished", size="small", width=230,
            css_classes=["cd-compare-filter"], margin=(8, 12, 6, 0),
        )  # fmt: skip
        self.grouping = pmu.Select(
            label="Group by", options=dict(GROUPINGS), value="", size="small", width=210,
            css_classes=["cd-compare-grouping"], margin=(8, 12, 6, 0),
        )  # fmt: skip
        self.differing = pmu.Checkbox(
            label="only what differs", value=False, size="small", css_classes=["cd-compare-differing"], margin=(8, 12, 0, 0)
        )  # fmt: skip
        self.ticked_only = pmu.Checkbox(
            label="only ticked ones", value=False, size="small", css_classes=["cd-compare-ticked"], margin=(8, 12, 0, 0)
        )  # fmt: skip
        for control in (self.grouping, self.differing, self.ticked_only):
            control.param.watch(lambda _: self._show(), "value")
        self.words.param.watch(lambda _: self._show(), "value_input")
        # What an address puts there was typed by nobody.
        self.words.param.watch(lambda event: self.words.param.update(value_input=event.new), "value")
        self._card = RunCard(keeping, changed, self._deleted)
        self._bin = BinSection(keeping, self._restored)
        # A table each, since they have other columns; one of them has the place.
        self._runs = self._new_table()
        self._experiments = self._new_table()
        columns = [*self._whole.columns, *group_table([]).columns, "best", "last", "tags", "note"]
        self.order = KeptText([f"{column}-{way}" for column in columns for way in ("down", "up")])
        self.order.param.watch(self._order_by, "value")
        for table in (self._runs, self._experiments):
            table.param.watch(self._ordered, "order")
        self._place = pn.Column(self._runs, sizing_mode="stretch_width", margin=0, styles=AS_HIGH_AS_IT_IS)
        self._panel = pn.Column(
            pn.Row(
                self._heading,
                csv_button("runs.csv", lambda: self.frame, "cd-compare-csv"),
                sizing_mode="stretch_width",
                margin=(20, 0, 2, 0),
            ),
            pn.FlexBox(
                self.words,
                self.grouping,
                self.differing,
                self.ticked_only,
                align_items="center",
                sizing_mode="stretch_width",
            ),
            self._bin.word,
            self._place,
            self._bin,
            self._card,
            sizing_mode="stretch_width",
            margin=0,
            styles=AS_HIGH_AS_IT_IS,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._panel

    def fill_runs(self, results: list[Result], scores: Mapping[str, Scores | None]) -> None:
        """Show every run."""
        self._groups = {}
        members = {result.id: [result] for result in results}
        hint = "Tick a run to compare it; click on it for its tags and note."
        self._fill(run_table(results, scores), members, self.choices.runs, "All runs", hint)

    def fill_groups(self, groups: Sequence[SeedGroup]) -> None:
        """Show every experiment over its seeds; one is chosen with any of its runs."""
        self._groups = {group.key: group for group in groups}
        chosen = [group.key for group in groups if set(self.choices.runs) & set(_ids(group))]
        hint = (
            "Means and standard deviations over the seeds. Tick an experiment to compare it; click on it for the "
            "tags and notes of its runs."
        )
        members = {group.key: [*group.results, *group.repeated] for group in groups}
        self._fill(group_table(groups), members, chosen, "All experiments", hint)

    def _fill(
        self,
        frame: pd.DataFrame,
        members: Mapping[str, list[Result]],
        chosen: Sequence[str],
        title: str,
        hint: str,
    ) -> None:
        self._members, self._chosen = dict(members), list(chosen)
        rows = [members[key] for key in frame["id"]]
        training = pd.DataFrame([validation_figures(row) for row in rows], columns=["best", "last"])
        kept = pd.DataFrame(
            [kept_words([self._notes(result) for result in row]) for row in rows], columns=["tags", "note"]
        )
        columns = list(frame.columns)
        columns[columns.index("minutes") : columns.index("minutes")] = ["best", "last"]
        columns.insert(columns.index("state") + 1, "tags")
        frame = pd.concat([frame, training, kept], axis=1)[[*columns, "note"]]
        self._whole = frame
        self._heading.object = f"<h2>{title}</h2><span class='note'>{hint} {_COST}</span>"
        self._bin.refresh()
        self._show()

    def _show(self) -> None:
        """The rows that the controls ask for."""
        whole = self._whole
        keep = matching(whole, self.words.value_input or "")
        if self.ticked_only.value:
            keep &= whole["id"].isin(self._chosen).to_numpy(bool)
        # A column without a word in it is only in the way.
        bare = [name for name in ("tags", "note") if not whole[name].any()]
        rows = whole[keep].reset_index(drop=True)
        headings = group_headings(rows, self.grouping.value)
        if self.differing.value:
            first_of = {key: members[0] for key, members in self._members.items()}
            self.frame = only_what_differs(rows, first_of, seeds=bool(self._groups))
        else:
            self.frame = rows.drop(columns=bare)
        table = self._experiments if self._groups else self._runs
        full = len(self.choices.runs) >= MAXIMUM_RUNS
        table.fill(_with_ticks(self.frame, self._chosen, full=full), groups=headings)
        self._empty.object = (
            f"<p class='note'>{_none_left(self.ticked_only.value, bool(self.words.value_input))}</p>"
            if len(whole) and rows.empty
            else ""
        )
        shown = [self._empty] if self._empty.object else [table]
        if self._place.objects != shown:
            self._place.objects = shown

    def _ordered(self, event: Any) -> None:
        column, downwards = event.new or ("", False)
        self.order.value = f"{column}-{'down' if downwards else 'up'}" if column else ""

    def _order_by(self, event: Any) -> None:
        column, _, way = event.new.rpartition("-")
        for table in (self._runs, self._experiments):
            table.order_by([column, way == "down"] if column else [])

    def _new_table(self) -> DataTable:
        table = DataTable(
            _with_ticks(run_table([], {}), []), "cd-compare-table", formats=_FORMATS, titles=_TITLES, hidden=("id",), page_size=20
        )  # fmt: skip
        table.on_click(self._clicked)
        return table

    # --- one run ---------------------------------------------------------------------------------

    def _clicked(self, click: TableClick) -> None:
        if click.column == "chosen":
            self.ticked(click)
        else:
            self._card.look_at(self._members[self.frame["id"].iloc[click.row]])

    def _notes(self, result: Result) -> RunNotes:
        try:
            return self._keeping.notes(result)
        except (OSError, ValueError):
            return RunNotes(tags=("tags cannot be read",))  # why stands on the run's card

    def _deleted(self, binned: BinnedRun) -> None:
        self._was_chosen = binned.id in self.choices.runs
        self._bin.tell(binned)
        self.choices.remove_run(binned.id)
        self._changed()

    def _restored(self, run_id: str) -> None:
        if self._was_chosen:
            self.choices.add_run(run_id)
        self._changed()

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


def _none_left(ticked_only: bool, words: bool) -> str:
    """Why no row is shown, and what to do."""
    if ticked_only and words:
        return "No ticked run holds all of these words: take one away."
    return "No run is ticked." if ticked_only else "No run holds all of these words: take one away."


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
