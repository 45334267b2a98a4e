"""One parcel: the part of the attention page that shows a parcel's weights over its own dates, beside its series.

While no parcel is chosen it offers one: of the class in question, the one that the run is surest of.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.awaited import Awaited
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.parcel.classes_behind import ClassBehind, reading
from cropdash.dashboard.parcel.facts import run_answer
from cropdash.dashboard.parcel.series import OpticalView, SensorPanel, panels, series_table
from cropdash.dashboard.parcel.series_plot import series_plot
from cropdash.dashboard.plot_frame import framed
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench
from cropdash.runs.results import Result


class ParcelSection(pn.viewable.Viewer):
    """The chosen parcel over its own dates; else an offer of one.

    Args:
        choices: hold the parcel.
        on_read: called when the series of classes that are drawn behind the parcel's have been read.

    Attributes:
        optical: what is shown of the optical series; the page remembers it in the address.
    """

    def __init__(
        self, choices: Choices, workbench: Workbench, on_read: Callable[[], None], **params: Any
    ) -> None:
        super().__init__(**params)
        self._choices, self._workbench = choices, workbench
        self._awaited = Awaited(on_read)
        self._panels: list[SensorPanel] = []
        self._wanted: tuple[Result, int] | None = None
        self._title = text_pane("", "cd-attention-parcel-title", margin=(18, 0, 0, 0))
        self.optical = pmu.RadioButtonGroup(
            options={str(view.value): view for view in OpticalView}, value=OpticalView.NDVI, size="small",
            sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}}, margin=(8, 0, 0, 0),
            css_classes=["cd-attention-optical"],
        )  # fmt: skip
        self._picture = pn.Column(sizing_mode="stretch_width", margin=0, css_classes=["cd-attention-parcel"])
        self._example = pmu.Button(
            label="Show a parcel", variant="outlined", size="small", css_classes=["cd-attention-example"], margin=(8, 0),
        )  # fmt: skip
        self._example.on_click(lambda _: self._show_example())
        # Without a picture there is nothing that its tools could save.
        self._frame = framed(
            self._picture, name="One parcel over its own dates", data=lambda: series_table(self._panels)
        )
        self._layout = pn.Column(
            self._title,
            self.optical,
            self._frame,
            self._example,
            sizing_mode="stretch_width",
            margin=0,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def show_run(self, run: Result, head: int | None, index: int) -> None:
        """Show what the chosen parcel is given by a run.

        Args:
            head: counted from 0; the mean over heads for None.
            index: of the class in question, of which a parcel is offered.
        """
        parcel, crop = self._choices.parcel, run.classes[index]
        self._example.visible = parcel is None
        self._example.label = f"Show a parcel of {crop.name}"
        self._frame.visible = self.optical.visible = False
        self._wanted = (run, index)
        if parcel is None:
            self._title.object = (
                "<h2>One parcel</h2><p class='note'>Choose a parcel on the map or in a table, or look at the one "
                "that the model is surest of.</p>"
            )
            return
        self._title.object = f"<h2>Parcel {html.escape(parcel)} over its own dates</h2>"
        store = self._workbench.store(self._workbench.dataset_of(run) or self._choices.dataset)
        try:
            row = store.row_of(parcel)
        except KeyError as error:
            self._note(f"{error.args[0]}.")
            return
        drawn = panels(store, row, optical=self.optical.value, attention=run.attention, head=head)
        if not drawn:
            self._note("It has no acquisition.")
            return
        if not any(len(panel.attention) for panel in drawn):
            self._note("This run has no attention for it: no test parcel, or no prediction.")
        self._panels = drawn
        answer = run_answer(run, parcel, str(store.parcels["region"].iloc[row]), run_name(run), "")
        wanted = reading(store, row, run, answer)
        waits = [self._awaited.is_pending(work) for *_, work in wanted]
        behind = [
            ClassBehind(role, one, work.result())
            for (role, one, work), waiting in zip(wanted, waits, strict=True)
            if not waiting
        ]
        if self.optical.value is OpticalView.NDVI and behind:
            self._note(" ".join(f"{one.words}." for one in behind))
        plot = series_plot(drawn, date=self._choices.date, height=190, behind=behind)
        self._picture.objects = [pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)]
        self._frame.visible = self.optical.visible = True

    def _note(self, words: str) -> None:
        self._title.object += f"<p class='note'>{html.escape(words)}</p>"

    def _show_example(self) -> None:
        """Choose the parcel of the class in question that the run is surest and right about."""
        if self._wanted is None:
            return
        found = example_parcel(*self._wanted, (self._choices.region,) if self._choices.region else None)
        if found is not None:
            self._choices.parcel = found


def example_parcel(run: Result, index: int, regions: Sequence[str] | None) -> str | None:
    """The parcel of a class with the highest probability of it; None where it has none."""
    predictions = run.predictions(regions)
    if predictions is None:
        return None
    of_class = predictions[(predictions["truth"] == index) & (predictions["predicted"] >= 0)]
    if of_class.empty:
        return None
    surest = int(of_class[f"probability_{run.classes[index].code}"].to_numpy().argmax())
    return str(of_class["parcel_id"].iloc[surest])
