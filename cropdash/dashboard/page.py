"""What every page has: a title, a question, an answer in a sentence, and designed states.

A page is built on its first visit and refreshed when it is shown and when a choice that it watches
changes. An error while refreshing becomes a sentence on the page and a traceback in the server's log.
"""

from __future__ import annotations

import html
import logging
import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import panel as pn
import panel_material_ui as pmu
import param

from cropdash.dashboard.heading import Heading
from cropdash.dashboard.page_controls import PageControls
from cropdash.dashboard.pages import PAGES, PageEntry
from cropdash.dashboard.run_words import run_name
from cropdash.dashboard.state import MAXIMUM_RUNS, Choices
from cropdash.dashboard.theme import PAGE_CSS
from cropdash.dashboard.warning_box import warning_box
from cropdash.dashboard.workbench import DatasetEntry, Workbench
from cropdash.runs.results import Result

log = logging.getLogger(__name__)

_NAMES = re.compile(r"macro-F1|Sentinel-\d")


class Page(pn.viewable.Viewer, param.ParameterizedABC):
    """Base of all pages.

    A subclass fills ``self.body`` in its ``__init__``, writes :meth:`refresh`, and says in
    ``watches`` which choices it depends on.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    question: ClassVar[str]
    watches: ClassVar[tuple[str, ...]] = ("runs", "dataset", "region")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(**params)
        self.choices = choices
        self.workbench = workbench
        self.shown = False
        entry = PAGES.get(self.slug)
        heading = Heading(
            self._explain, text=self.title, question=self.question, part=entry.explained if entry else ""
        )
        self._answer = text_pane("", "cd-answer", f"cd-{self.slug}-answer")
        self._state = pn.Column(
            sizing_mode="stretch_width", css_classes=["cd-state", f"cd-{self.slug}-state"], visible=False
        )
        self.body = pn.Column(sizing_mode="stretch_width", css_classes=[f"cd-{self.slug}-body"])
        self._controls_in_address = PageControls(choices, self.slug)
        self._notices = pn.Column(sizing_mode="stretch_width", visible=False, margin=0)
        self._layout = pn.Column(
            heading,
            self._notices,
            self._answer,
            self._state,
            self.body,
            sizing_mode="stretch_width",
            css_classes=["cd-page", f"cd-page-{self.slug}"],
        )
        choices.param.watch(self._choice_changed, list(self.watches))

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    @abstractmethod
    def refresh(self) -> None:
        """Bring every pane in line with the choices."""

    def library_changed(self) -> None:
        """Called while the page is shown, after runs came, went or moved on."""
        self.update()

    def activate(self) -> None:
        """The page has come into view."""
        self.shown = True
        self.update()

    def deactivate(self) -> None:
        """The page has gone out of view; it stays built and does no work."""
        self.shown = False

    def update(self) -> None:
        """Refresh, and show an error as a state of the page."""
        self._controls_in_address.filling(True)
        try:
            self.refresh()
        except Exception as error:
            log.exception("page %s could not be shown", self.slug)
            self.show_failure(error)
        finally:
            self._controls_in_address.filling(False)
        # An empty or failed page has nothing yet to put into its controls, and one that is still being built,
        # where a control that takes up its value asks for an update, has not named them all.
        if self.shown and not self._state.visible:
            self._notice(self._controls_in_address.settle())

    def remember(self, name: str, widget: Any, parameter: str = "") -> None:
        """Keep one of the page's own controls in the address, and take it up from there.

        To be called when the page is built, with the control where it stands of itself: there it needs no
        word in the address. What the address says and the control cannot be is left out with a sentence.

        Args:
            name: as the address calls it, after the page's name: ``classes.order``.
            widget: whose value is remembered: one of its options, a text, a number, a yes or no, or a list.
            parameter: that holds the value, where it is not ``value``.
        """
        self._controls_in_address.add(name, widget, parameter)

    def _notice(self, sentences: Sequence[str]) -> None:
        if sentences:
            self._notices.extend(warning_box(sentence, closeable=True) for sentence in sentences)
            self._notices.visible = True

    # --- what a page says ------------------------------------------------------------------------

    def say(self, sentence: str, *, simulated: bool = False) -> None:
        """The answer, as plain text, with a badge where the data are simulated."""
        badge = " <span class='badge'>simulated data</span>" if simulated else ""
        # A hyphen is a place to break a line, but not in the name of a metric or a satellite.
        text = _NAMES.sub(
            r"<span style='white-space:nowrap'>\g<0></span>", html.escape(sentence).replace(" %", "&nbsp;%")
        )
        self._answer.object = f"<p>{text}{badge}</p>" if sentence else ""

    def show_body(self) -> None:
        """End an empty or failed state."""
        # Emptied as well as hidden: the browser waits for hidden children before it calls a page loaded.
        self._state.objects = []
        self._state.visible = False
        self.body.visible = True

    def show_empty(self, sentence: str, *actions: pn.viewable.Viewable) -> None:
        """Nothing to show: why, and the next step where there is one."""
        self._show_state("empty", f"<p>{html.escape(self._for_visitors(sentence))}</p>", *actions)

    def show_loading(self, sentence: str) -> None:
        self._show_state(
            "loading",
            f"<p role='status'>{html.escape(sentence)}</p>",
            pmu.LinearProgress(active=True, sizing_mode="stretch_width"),
        )

    def chosen_runs(self) -> list[Result]:
        """The chosen runs that exist, in the order of their places."""
        return [run for run in map(self.workbench.result, self.choices.runs) if run is not None]

    def ways_out(self, needs: Sequence[str]) -> list[pn.viewable.Viewable]:
        """Next steps where no chosen run has what the page needs: a run that does, and training one.

        Args:
            needs: keys of :attr:`Result.missing`.
        """
        region = [self.choices.region] if self.choices.region else None
        able = [
            result
            for result in self.workbench.results(self.choices.dataset)
            if result.id not in self.choices.runs
            and not set(needs) & set(result.missing)
            and result.covers(region)
            # A run of parcels that are in no data set has none to draw.
            and ("outlines" not in needs or self.workbench.dataset_of(result))
        ]
        ways: list[pn.viewable.Viewable] = []
        if able and len(self.choices.runs) < MAXIMUM_RUNS:
            run = able[0]
            show = pmu.Button(
                label=f"Show {run_name(run)}", css_classes=[f"cd-{self.slug}-show-run"], margin=(4, 0)
            )
            show.on_click(lambda _: self.choices.add_run(run.id))
            ways.append(show)
        return [*ways, self.launch_button()]

    @property
    def can_launch(self) -> bool:
        return "launch" in self.workbench.pages

    def launch_button(self, label: str = "Train a run", **params: Any) -> pmu.Button:
        """A button that leads to the Launch page."""
        params = {"variant": "outlined", "margin": (4, 0), **params}
        launch = pmu.Button(
            label=label, css_classes=[f"cd-{self.slug}-launch"], visible=self.can_launch, **params
        )
        launch.on_click(lambda _: setattr(self.choices, "page", "launch"))
        return launch

    def readable_dataset(self) -> DatasetEntry | None:
        """The chosen data set; None, after a designed state, where there is none or it cannot be read."""
        name = self.choices.dataset
        entry = self.workbench.datasets().get(name)
        if entry is not None and entry.info is not None:
            return entry
        if entry is not None:
            self.show_empty(f"The data set {entry.name} cannot be read: {entry.error}")
        else:
            folders = ", ".join(f"“{folder.name}”" for folder in self.workbench.settings.data)
            self.show_empty(
                f"There is no data set {f'called {name} ' if name else ''}in the folder {folders}. Import one with "
                "“cropdash import reference FOLDER OUT”, or start the dashboard with --data."
            )
        return None

    def show_failure(self, error: Exception) -> None:
        again = pmu.Button(label="Try again", variant="outlined", css_classes=["cd-try-again"], margin=(4, 0))
        again.on_click(lambda _: self.update())
        # KeyError puts its message in quotes.
        message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        sentence = f"This page could not be shown: {message or type(error).__name__}."
        self._show_state("failed", f"<p role='alert'>{html.escape(self._for_visitors(sentence))}</p>", again)

    def _for_visitors(self, sentence: str) -> str:
        """Without where the server's folders lie; the log has the whole of it."""
        return self.workbench.settings.without_folders(sentence)

    def _show_state(self, kind: str, content: str, *actions: pn.viewable.Viewable) -> None:
        self.say("")
        self.body.visible = False
        self._state.objects = [text_pane(f"<div class='{kind}'>{content}</div>", "cd-state-text"), *actions]
        self._state.visible = True

    def _explain(self, part: str) -> None:
        self.choices.param.update(page="explain", part=part)

    def _choice_changed(self, *_: Any) -> None:
        if self.shown:
            self.update()


class BrokenPage(Page):
    """Stands where a page could not be built."""

    def __init__(self, choices: Choices, workbench: Workbench, entry: PageEntry, error: Exception) -> None:
        self.slug, self.title, self.question = entry.slug, entry.title, ""  # type: ignore[misc]
        self._error = error
        super().__init__(choices, workbench)

    def refresh(self) -> None:
        raise self._error


def side_by_side(*panes: Any, least: int = 400, **params: Any) -> pn.Column:
    """Panes in as many equal columns as fit, each at least ``least`` pixels wide."""
    grid = {
        "display": "grid",
        "grid-template-columns": f"repeat(auto-fit, minmax(min(100%, {least}px), 1fr))",
        "column-gap": "24px",
        # Of itself a column is no higher than the window, and its rows would share that height and overlap.
        "max-height": "none",
        "grid-auto-rows": "max-content",
    }
    # Panel's hidden scroll button would take a cell, the first one once the panes are replaced.
    return pn.Column(
        *panes,
        sizing_mode="stretch_width",
        styles=grid,
        stylesheets=[".scroll-button { display: none; }"],
        **params,
    )


def text_pane(content: str, *css_classes: str, **params: Any) -> pn.pane.HTML:
    """HTML in the dashboard's typography. The caller escapes what is not its own."""
    params.setdefault("sizing_mode", "stretch_width")
    params.setdefault("margin", 0)
    return pn.pane.HTML(content, css_classes=list(css_classes), stylesheets=[PAGE_CSS], **params)
