"""The header's report button: its dialog, and the report and its data made beside the server's event loop."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

import panel as pn
import param
from panel.custom import JSComponent

from cropdash.dashboard import header_button
from cropdash.dashboard.colours import run_style
from cropdash.dashboard.compare.over_seeds import EACH_RUN, OVER_SEEDS
from cropdash.dashboard.page_colours import ACCENT, FAILURE, INK, PAPER, RULE
from cropdash.dashboard.report.contents import SECTIONS, chosen_sections
from cropdash.dashboard.report.cover import LARGEST_LOGO, Cover, logo_address
from cropdash.dashboard.run_words import CLASS_METRICS, METRICS
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench

log = logging.getLogger(__name__)

#: Reports are made one after another, so that several at once do not slow the pages of all sessions.
_MAKER = ThreadPoolExecutor(1, thread_name_prefix="report")
#: Bytes. What is larger is no download for a page; the command writes it to a folder.
LARGEST_DOWNLOAD = 200_000_000
_LONGEST_LINE = 200


def _resource(name: str) -> str:
    return files("cropdash.dashboard.report").joinpath(name).read_text(encoding="utf-8")


#: The dialog follows the page's theme.
_COLOURS = (
    f"dialog {{ background: {PAPER}; color: {INK}; border: 1px solid {RULE}; }}\n"
    f".first {{ background: {ACCENT}; border-color: {ACCENT}; color: {PAPER}; }}\n"
    f".problem {{ color: {FAILURE}; }}\n"
)


class UnusableRequestError(ValueError):
    """What was filled in cannot be used; the message says what is allowed."""


@dataclass(frozen=True)
class ReportRequest:
    """What the dialog asks for."""

    sections: frozenset[str]
    cover: Cover
    area: bool

    @classmethod
    def read(cls, message: Mapping[str, Any]) -> ReportRequest:
        """The request in a message of the browser, of which nothing is taken for granted.

        Raises:
            UnusableRequestError: an unknown section, a text that is none or too long, or a logo that is no image.
        """
        names = message.get("sections")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            names = []
        lines = {name: message.get(name, "") for name in ("title", "author")}
        for name, line in lines.items():
            if not isinstance(line, str) or len(line) > _LONGEST_LINE:
                raise UnusableRequestError(
                    f"The {name} must be a text of at most {_LONGEST_LINE} characters."
                )
        try:
            return cls(
                chosen_sections(names),
                Cover(
                    date.today(), lines["title"].strip(), lines["author"].strip(), _logo(message.get("logo"))
                ),
                message.get("area") is True,
            )
        except ValueError as error:
            raise UnusableRequestError(f"The report cannot be made like this: {error}.") from None


def _logo(sent: Any) -> str:
    """A sent file as an address; empty for none."""
    if sent is None:
        return ""
    name, content = (sent.get(part) if isinstance(sent, dict) else None for part in ("name", "content"))
    # Base64 is a third longer than what it says.
    if not isinstance(name, str) or not isinstance(content, str) or len(content) > 1.4 * LARGEST_LOGO:
        raise ValueError(f"the logo must be an image of at most {LARGEST_LOGO / 1e6:g} MB")
    try:
        return logo_address(base64.b64decode(content, validate=True), name[:_LONGEST_LINE])
    except binascii.Error:
        raise ValueError("the logo did not arrive whole; choose it again") from None


class ReportButton(JSComponent):
    """Makes a report on the chosen runs over the chosen region, or gathers its data, and hands it over as a file."""

    sections = param.Dict(default=SECTIONS, constant=True, doc="Heading by section.")
    largest_logo = param.Integer(default=LARGEST_LOGO, constant=True, doc="Bytes.")
    area_picked = param.Boolean(default=False, doc="Whether an area of the map is picked.")

    _stylesheets = [header_button.CSS, _COLOURS + _resource("report_dialog.css")]
    _esm = header_button.JS + _resource("report_dialog.js")

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(**params)
        self.choices = choices
        self.workbench = workbench
        self._busy = False
        choices.param.watch(self._follow_area, "area")
        self._follow_area()

    def _follow_area(self, *_: Any) -> None:
        self.area_picked = self.choices.area is not None

    def _handle_msg(self, message: dict[str, Any]) -> None:
        if self._busy or not (message.get("report") or message.get("tables")):
            return
        self._busy = True

        async def answer() -> None:
            await self._answer(message)

        pn.state.execute(answer, schedule=True)

    async def _answer(self, message: Mapping[str, Any]) -> None:
        try:
            request = ReportRequest.read(message)
            made = await self._made(request, tables=bool(message.get("tables")))
            self._send_msg(made)
        except UnusableRequestError as error:
            self._send_msg({"problem": str(error)})
        except Exception as error:
            log.exception("the report could not be made")
            told = self.workbench.settings.without_folders(str(error))
            self._send_msg({"error": f"The report could not be made: {told}."})
        finally:
            self._busy = False

    async def _made(self, request: ReportRequest, *, tables: bool) -> dict[str, Any]:
        """What was asked for, as the browser takes it."""
        # What is chosen when the button is pressed, whatever is chosen meanwhile.
        runs = list(self.choices.runs)
        styles = {run: run_style(self.choices, run) for run in runs}
        view = ReportView.of(self.choices, area=request.area)
        make: Callable[..., Any] = chosen_tables if tables else chosen_report
        loop = asyncio.get_running_loop()
        content = await loop.run_in_executor(_MAKER, make, self.workbench, styles, view, request)
        day = date.today().isoformat()
        if not tables:
            kind = {"name": f"cropdash-report-{day}.html", "type": "text/html", "said": "report downloaded"}
        elif len(content) > LARGEST_DOWNLOAD:
            raise ValueError(
                f"its data take {len(content) / 1e6:,.0f} MB, too many for a page; cropdash report --tables writes "
                "them to a folder"
            )
        else:
            kind = {"name": f"cropdash-data-{day}.zip", "type": "application/zip", "said": "data downloaded"}
        return {"content": content, **kind}


@dataclass(frozen=True)
class ReportView:
    """What of the page's view a report takes over.

    Attributes:
        region: one test region; empty for all of them.
        dataset: name of the data set, whose runs are at hand.
        area: what is picked on the map, as :class:`Choices` has it; None for nothing.
        crop: code of the chosen class.
        over_seeds: whether the Compare page shows experiments over their seeds; None where nobody has said so.
        metric, class_metric: by which figure that page ranks, and which it shows of classes; empty for its own first.
    """

    region: str = ""
    dataset: str = ""
    area: tuple[float, ...] | None = None
    crop: int | None = None
    over_seeds: bool | None = None
    metric: str = ""
    class_metric: str = ""

    @classmethod
    def of(cls, choices: Choices, *, area: bool) -> ReportView:
        """What the address says; a control that it does not name stands where it stood at first.

        Args:
            area: whether a picked area is wanted.
        """
        said = {name: unquote(text) for name, text in choices.controls.items()}
        metric, class_metric = said.get("compare.best-by", ""), said.get("compare.per-class", "")
        return cls(
            choices.region,
            choices.dataset,
            choices.area if area else None,
            choices.crop,
            {OVER_SEEDS: True, EACH_RUN: False}.get(said.get("compare.show", "")),
            metric if metric in METRICS else "",
            class_metric if class_metric in CLASS_METRICS else "",
        )


def chosen_report(
    workbench: Workbench, styles: dict[str, Any], view: ReportView, request: ReportRequest
) -> str:
    """The report on some runs of a workbench.

    Args:
        styles: :class:`RunStyle` by run id, in the order of the runs.

    Raises:
        ValueError: none of the runs exists, none was tested in the region, or a file is malformed.
        OSError: a file cannot be read.
    """
    from cropdash.dashboard.report.document import report_html

    return report_html(_subject(workbench, styles, view, request), request.cover)


def chosen_tables(
    workbench: Workbench, styles: dict[str, Any], view: ReportView, request: ReportRequest
) -> bytes:
    """The data behind the same report, as a zip archive.

    Raises:
        ValueError, OSError: as :func:`chosen_report` does.
    """
    from cropdash.dashboard.report.tables import zipped_tables

    return zipped_tables(_subject(workbench, styles, view, request))


def _subject(workbench: Workbench, styles: dict[str, Any], view: ReportView, request: ReportRequest) -> Any:
    from cropdash.dashboard.report.subject import ReportArea, Subject

    found = [run for run in map(workbench.result, styles) if run is not None]
    if not found:
        raise ValueError("no run is chosen")
    stores, remarks = {}, []
    for run in found:
        name = workbench.dataset_of(run)
        if not name:
            continue
        try:
            stores[run.id] = workbench.store(name)
        except (KeyError, ValueError, OSError) as error:
            told = workbench.settings.without_folders(str(error))
            remarks.append(f"The data set {name} cannot be read: {told}")
    return Subject(
        tuple(found),
        styles,
        stores,
        view.region,
        tuple(dict.fromkeys(remarks)),
        request.sections,
        () if view.area is None else (ReportArea.picked(view.area),),
        at_hand=tuple(workbench.results(view.dataset)),
        over_seeds=view.over_seeds,
        metric=view.metric or "macro_f1",
        crop=view.crop,
        crop_name="" if view.crop is None else workbench.class_name(view.crop, view.dataset),
        class_metric=view.class_metric,
    )
