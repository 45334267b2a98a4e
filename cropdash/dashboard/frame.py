"""The frame around the pages: header, navigation, chosen runs, chips, page and parcel drawer.

One frame is one browser session. It keeps the address in line with the choices, builds a page on its
first visit, and lets all of them follow the run folder while somebody sees them.
"""

from __future__ import annotations

import html
import logging
from typing import Any

import panel as pn
import panel_material_ui as pmu
import param
from panel.util import edit_readonly
from panel_material_ui.base import MaterialComponent

from cropdash.dashboard.address_check import leave_out_unknown
from cropdash.dashboard.browser_link import BrowserLink
from cropdash.dashboard.header import Chips, DatasetAndRegion
from cropdash.dashboard.locked_events import lock_events
from cropdash.dashboard.lost_connection import LostConnection
from cropdash.dashboard.page import BrokenPage, Page, text_pane
from cropdash.dashboard.page_colours import root_css
from cropdash.dashboard.pages import PAGES
from cropdash.dashboard.parcel.drawer import ParcelDrawer
from cropdash.dashboard.presentation import PresentSwitch
from cropdash.dashboard.report.button import ReportButton
from cropdash.dashboard.run_troubles import RunTroubles
from cropdash.dashboard.share import ShareButton
from cropdash.dashboard.sidebar import ChosenRuns, Navigation
from cropdash.dashboard.skip_link import SkipLink
from cropdash.dashboard.state import Choices
from cropdash.dashboard.theme import PAGE_SX, THEME
from cropdash.dashboard.theme_switch import ThemeSwitch, begins_dark
from cropdash.dashboard.warning_box import warning_box
from cropdash.dashboard.workbench import Workbench

log = logging.getLogger(__name__)

SIDEBAR_WIDTH = 264
DRAWER_WIDTH = 440


class Frame(pn.viewable.Viewer):
    """The whole dashboard of one session."""

    busy = param.Boolean(default=False, doc="Whether a page is on its way, which the header shows.")

    def __init__(
        self,
        choices: Choices,
        workbench: Workbench,
        notices: list[str] | None = None,
        *,
        dark: bool = False,
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self.choices = choices
        self.workbench = workbench
        self._pages: dict[str, Page] = {}
        self._library_version = workbench.library.version
        self._selects = [
            DatasetAndRegion(choices, workbench),
            DatasetAndRegion(choices, workbench, stacked=True),
        ]
        self._runs = ChosenRuns(choices, workbench)
        self._troubles = RunTroubles(choices, workbench)
        self._drawer = ParcelDrawer(choices, workbench)
        self._notices = pn.Column(
            *(warning_box(notice, closeable=True) for notice in notices or []),
            sizing_mode="stretch_width",
        )
        self._place = pn.Column(sizing_mode="stretch_width", css_classes=["cd-place"], margin=0)
        self._link = BrowserLink()
        self._theme = ThemeSwitch(
            dark=dark,
            css_classes=["cd-theme"],
            styles={"margin": "0 6px 0 0", "align-self": "center", "flex": "none"},
        )
        self.page = pmu.Page(
            title="cropdash",
            theme_config=_material_theme(dark),
            theme_toggle=False,
            dark_theme=dark,
            raw_css=[root_css(dark)],
            sx=PAGE_SX,
            header=[
                SkipLink(),
                pn.Row(
                    pn.HSpacer(), self._selects[0], css_classes=["cd-only-wide"], sizing_mode="stretch_width"
                ),
                # Beside the row and not in it: the row is as wide as the selects, also where they are hidden.
                ShareButton(
                    css_classes=["cd-share"],
                    styles={"margin": "0 6px 0 auto", "align-self": "center", "flex": "none"},
                ),
                ReportButton(
                    choices,
                    workbench,
                    css_classes=["cd-report"],
                    styles={"margin": "0 6px 0 0", "align-self": "center", "flex": "none"},
                ),
                PresentSwitch(
                    choices,
                    workbench,
                    css_classes=["cd-present", "cd-only-wide"],
                    styles={"margin": "0 6px 0 0", "align-self": "center", "flex": "none"},
                ),
                self._theme,
            ],
            sidebar=[
                pn.Column(
                    self._selects[1], css_classes=["cd-only-narrow"], sizing_mode="stretch_width", margin=0
                ),
                Navigation(choices, workbench),
                pmu.Divider(sizing_mode="stretch_width", margin=(4, 0)),
                self._runs,
                self._link,
                LostConnection(),
            ],
            sidebar_width=SIDEBAR_WIDTH,
            sidebar_resizable=False,
            main=[
                pn.Column(
                    self._notices,
                    self._troubles,
                    Chips(choices, workbench),
                    self._place,
                    sizing_mode="stretch_width",
                    css_classes=["cd-main"],
                    styles={"padding": "18px clamp(12px, 3vw, 36px) 48px", "box-sizing": "border-box"},
                    margin=0,
                )
            ],
            main_width=1440,
            app_bar_width="100%",
            contextbar_width=DRAWER_WIDTH,
            contextbar_resizable=False,
        )
        # Of itself the page follows whatever the whole process does: every event of any session would walk
        # and redraw the frames of all, also of those that have ended.
        with edit_readonly(self.page):
            self.page.busy = self.param.busy
        self._link.jslink(self.page, wide="sidebar_open")
        self._theme.jslink(self.page, dark="dark_theme")
        self._theme.param.watch(self._turn_dark, "dark")
        self._link.param.watch(lambda _: self.follow_runs(), "seen")
        choices.param.watch(self._show_page, "page")
        choices.param.watch(self._show_parcel, "parcel")
        self.page.param.watch(self._drawer_moved, "contextbar_open")
        self._show_page()
        self._show_parcel()

    def __panel__(self) -> pn.viewable.Viewable:
        return self.page

    @property
    def shown(self) -> Page:
        """The page in view."""
        return self._pages[self.choices.page]

    def follow_runs(self) -> None:
        """Let the runs column and the page in view follow the run folder, once somebody sees them."""
        version = self.workbench.library.version
        if version != self._library_version and self._link.seen:
            self._library_version = version
            self._runs.refresh()
            self._troubles.refresh()
            for selects in self._selects:
                selects.refresh()
            self.shown.library_changed()

    def _show_page(self, *_: Any) -> None:
        slug = self.choices.page
        for page in self._pages.values():
            if page.shown:
                page.deactivate()
        self.busy = True
        try:
            if slug not in self._pages:
                self._pages[slug] = self._build(slug)
            self._pages[slug].activate()
            self._place.objects = [self._pages[slug]]
        finally:
            self.busy = False
        if not self._link.wide:
            # On a phone the navigation lies over the page that was just asked for.
            self.page.sidebar_open = False

    def _build(self, slug: str) -> Page:
        """A page; one that cannot be built says so in its place and leaves the others usable."""
        try:
            return PAGES[slug].load()(self.choices, self.workbench)
        except Exception as error:
            log.exception("page %s could not be built", slug)
            return BrokenPage(self.choices, self.workbench, PAGES[slug], error)

    def _turn_dark(self, event: Any) -> None:
        """Hand out the other colours; the browser turns what it shows, but not pages that are out of view."""
        # Of both themes handed out at once, widgets in view would keep some colours of the first.
        self.page.theme_config = _material_theme(event.new)
        for page in self._pages.values():
            if not page.shown:
                for widget in page.__panel__().select(MaterialComponent):
                    widget.dark_theme = event.new  # type: ignore[attr-defined]

    def _show_parcel(self, *_: Any) -> None:
        chosen = self.choices.parcel is not None
        # Material keeps room for a persistent drawer even when there is none.
        self.page.param.update(
            contextbar=[self._drawer] if chosen else [],
            contextbar_variant="auto" if chosen else "temporary",
            contextbar_open=chosen,
        )

    def _drawer_moved(self, event: Any) -> None:
        if not event.new:
            self.choices.parcel = None


def _material_theme(dark: bool) -> dict[str, Any]:
    return THEME["dark" if dark else "light"]


def dashboard(workbench: Workbench | None = None) -> pmu.Page:
    """The dashboard of the session that is being served, its choices read from the address.

    Settings, data or runs that cannot be read at all make a page that says so.
    """
    pn.extension()
    lock_events()
    try:
        return _session(workbench or Workbench.shared())
    except Exception as error:
        log.exception("the dashboard could not be built")
        sentence = (
            f"<div class='failed'><p role='alert'>cropdash cannot start: {html.escape(str(error))}</p></div>"
        )
        return pmu.Page(
            title="cropdash",
            theme_config=_material_theme(begins_dark(pn.state.cookies)),
            theme_toggle=False,
            raw_css=[root_css(begins_dark(pn.state.cookies))],
            sx=PAGE_SX,
            main=[text_pane(sentence, margin=36)],
        )


def _session(workbench: Workbench) -> pmu.Page:
    choices = Choices()
    location = pn.state.location
    notices = choices.read_query(location.search or "", list(workbench.pages)) if location else []
    if not choices.dataset:
        choices.dataset = next(iter(workbench.datasets()), "")
    if not choices.runs:
        choices.runs = workbench.default_runs(choices.dataset)
    notices += leave_out_unknown(choices, workbench)
    dark = begins_dark(pn.state.cookies)
    # What is built from here on is dark from the start.
    pn.config.theme = "dark" if dark else "default"  # type: ignore[misc]
    frame = Frame(choices, workbench, notices, dark=dark)
    if location:

        def write_address(*_: Any) -> None:
            location.search = choices.query()

        choices.param.watch(write_address, list(Choices.ADDRESS))
        pn.state.onload(write_address)
    if pn.state.curdoc and pn.state.curdoc.session_context:
        workbench.watch.tell(pn.state.curdoc, frame.follow_runs)
    return frame.page
