"""The launch form: widgets made from the specification's fields, with their problems beside them."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.launch.spec_form import (
    EXPERIMENTS,
    FormField,
    default_regions,
    experiment_of,
    experiments_for,
    form_fields,
    read_form,
    split_of,
)
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.workbench import DatasetEntry
from cropdash.runs.run import Run
from cropdash.training.experiment import ExperimentSpec

#: Numbers whose absence means that nothing is left out.
_ALL_IF_EMPTY = (
    *("sampling.s1_dates", "sampling.s2_dates", "sampling.days"),
    *("sampling.s2_pool", "sampling.s2_share"),
)
_SPLITS = {"train": "Train on", "validation": "Validate on", "test": "Test on"}
_SPLIT_HELP = {
    "train": "Regions to learn from.",
    "validation": "Regions that choose the best epoch.",
    "test": "Regions that the results are reported on; whole regions, never seen in training.",
}


class LaunchForm(pn.viewable.Viewer):
    """Everything that a run is, as a form."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._entry: DatasetEntry | None = None
        self._fields = {field.path: field for field in form_fields()}
        self._widgets = {path: _widget(field) for path, field in self._fields.items()}
        self._experiment = pmu.Select(
            label="Sensors and fusion",
            options=list(EXPERIMENTS),
            value=experiment_of(ExperimentSpec.model_fields["fusion"].default),
            size="small",
            width=330,
            description="Where Sentinel-1 and Sentinel-2 meet: none, early, pse, tsa, softmax_avg, softmax_norm.",
            css_classes=["cd-launch-experiment"],
            margin=(6, 12, 12, 0),
        )
        self._experiment.param.watch(lambda _: self._show_what_matters(), "value")
        self._regions = {
            split: pmu.MultiChoice(
                label=label,
                options=[],
                width=330,
                description=_SPLIT_HELP[split],
                css_classes=[f"cd-launch-{split}"],
                margin=(6, 12, 12, 0),
            )
            for split, label in _SPLITS.items()
        }
        self._general = text_pane("", "cd-launch-problems")
        basic = [self._widgets[path] for path, field in self._fields.items() if not field.advanced]
        advanced = [
            self._widgets[path]
            for path, field in self._fields.items()
            if field.advanced and path != "interpolation"
        ]
        self._layout = pn.Column(
            _row("What", self._experiment, self._widgets["interpolation"]),
            _row("Where", *self._regions.values()),
            _row("How", *basic),
            pmu.Accordion(
                ("Advanced", pn.FlexBox(*advanced, sizing_mode="stretch_width", margin=(8, 0))),
                css_classes=["cd-launch-advanced"],
                sizing_mode="stretch_width",
                margin=(4, 0, 10, 0),
                disable_gutters=True,
                variant="outlined",
                sx={"& .MuiTypography-root": {"fontSize": "15px", "fontWeight": 600}},
            ),
            self._general,
            sizing_mode="stretch_width",
            css_classes=["cd-launch-form"],
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    def show_dataset(self, entry: DatasetEntry, runs: Sequence[Run] = ()) -> None:
        """Offer the regions and sensors of a data set; what was filled in for another one goes.

        Args:
            runs: of this data set: the split of the latest of them is proposed.
        """
        if entry.info is None or entry == self._entry:
            return
        self._entry = entry
        experiments = experiments_for(tuple(entry.info.sensors))
        self._experiment.param.update(
            options=experiments,
            value=self._experiment.value if self._experiment.value in experiments else experiments[-1],
        )
        split = split_of(runs, entry.info.regions) or default_regions(entry.info.regions)
        for name, widget in self._regions.items():
            widget.param.update(options=list(entry.info.regions), value=split[name])
        self._show_what_matters()

    def read(self) -> ExperimentSpec | None:
        """The specification, or None with every problem shown beside its field."""
        if self._entry is None:
            return None
        spec, problems = read_form(
            {path: widget.value for path, widget in self._widgets.items()},
            data=str(self._entry.path),
            experiment=self._experiment.value,
            regions={split: widget.value or [] for split, widget in self._regions.items()},
        )
        self.show_problems(problems)
        return spec

    def quiet_spec(self) -> ExperimentSpec | None:
        """The specification as far as it is filled in; None where it cannot be, of which nothing is said."""
        if self._entry is None:
            return None
        spec, _ = read_form(
            {path: widget.value for path, widget in self._widgets.items()},
            data=str(self._entry.path),
            experiment=self._experiment.value,
            regions={split: widget.value or [] for split, widget in self._regions.items()},
        )
        return spec

    def controls(self) -> dict[str, Any]:
        """Every widget by a name for the address, such as ``optimisation-batch-size``."""
        beside = {"experiment": self._experiment, **self._regions, **self._widgets}
        return {name.replace(".", "-").replace("_", "-"): widget for name, widget in beside.items()}

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call this whenever something is filled in otherwise."""
        for widget in (*self._widgets.values(), self._experiment, *self._regions.values()):
            widget.param.watch(lambda _: changed(), "value")

    def show_problems(self, problems: dict[str, str]) -> None:
        """A sentence beside each field that it is about; the rest below the form."""
        beside = {**self._widgets, **{f"regions.{split}": widget for split, widget in self._regions.items()}}
        for path, widget in beside.items():
            sentence = problems.get(path, "")
            if hasattr(widget, "error_state"):
                widget.param.update(error_state=bool(sentence), helper_text=sentence)
        others = [
            sentence
            for path, sentence in problems.items()
            if path not in beside or not hasattr(beside[path], "error_state")
        ]
        self._general.object = "".join(
            f"<p class='problem' role='alert'>{html.escape(sentence)}</p>" for sentence in others
        )

    def _show_what_matters(self) -> None:
        fusion = EXPERIMENTS[self._experiment.value][1] if self._experiment.value else None
        self._widgets["interpolation"].visible = fusion is not None and fusion.needs_common_dates


def _row(heading: str, *widgets: Any) -> pn.Column:
    return pn.Column(
        text_pane(f"<h2>{heading}</h2>", margin=(8, 0, 2, 0)),
        pn.FlexBox(*widgets, sizing_mode="stretch_width"),
        sizing_mode="stretch_width",
    )


def _widget(field: FormField) -> Any:
    common: dict[str, Any] = {
        "label": field.label,
        "description": field.help,
        "css_classes": [f"cd-launch-{field.path.replace('.', '-').replace('_', '-')}"],
        "margin": (6, 12, 12, 0),
    }
    if field.kind == "flag":
        return pmu.Checkbox(value=field.default, **common)
    common |= {"size": "small", "width": 214}
    if field.kind == "choice":
        words = {
            choice.replace("_", " ") if choice != "nn" else "nearest date": choice for choice in field.choices
        }
        return pmu.Select(options=words, value=field.default, **common | {"width": 250})
    # Numbers are typed as text: a number field shows 0 where it is empty, and in a busy browser it tells its
    # number only after the click on the button that follows.
    if field.optional:
        common["placeholder"] = "all" if field.path in _ALL_IF_EMPTY else "automatic"
    return pmu.TextInput(value="" if field.default is None else str(field.default), **common)
