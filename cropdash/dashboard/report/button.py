"""The header's report button: the chosen runs as one HTML file, made beside the server's event loop."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import panel as pn
from panel.custom import JSComponent

from cropdash.dashboard import header_button
from cropdash.dashboard.colours import run_style
from cropdash.dashboard.state import Choices
from cropdash.dashboard.workbench import Workbench

log = logging.getLogger(__name__)

#: Reports are made one after another, so that several at once do not slow the pages of all sessions.
_MAKER = ThreadPoolExecutor(1, thread_name_prefix="report")


class ReportButton(JSComponent):
    """Makes a report on the chosen runs over the chosen region, and hands it to the browser as a file."""

    _stylesheets = [header_button.CSS]

    _esm = (
        header_button.JS
        + """
    export function render({ model, el }) {
      let busy = false
      const { button, show, showBriefly } = headerButton(
        { model, el }, "Report", "Download a report on the chosen runs", () => busy
      )
      const wait = (waiting) => {
        busy = waiting
        // Not disabled, which would take the focus away from who pressed it by key.
        button.setAttribute("aria-disabled", waiting)
      }
      button.addEventListener("click", () => {
        if (busy) return
        wait(true)
        show("busy", "making the report")
        model.send_msg({ report: true })
      })
      model.on("msg:custom", (message) => {
        wait(false)
        if (message.error) {
          show("failed", message.error)
          return
        }
        const link = document.createElement("a")
        link.href = URL.createObjectURL(new Blob([message.report], { type: "text/html" }))
        link.download = message.name
        link.click()
        // The browser reads the file after the click.
        setTimeout(() => URL.revokeObjectURL(link.href), 60000)
        showBriefly("done", "report downloaded")
      })
    }
    """
    )

    def __init__(self, choices: Choices, workbench: Workbench, **params: Any) -> None:
        super().__init__(**params)
        self.choices = choices
        self.workbench = workbench
        self._busy = False

    def _handle_msg(self, message: dict[str, Any]) -> None:
        if message.get("report") and not self._busy:
            self._busy = True
            pn.state.execute(self._make, schedule=True)

    async def _make(self) -> None:
        try:
            # What is chosen when the button is pressed, whatever is chosen meanwhile.
            runs, region = list(self.choices.runs), self.choices.region
            styles = {run: run_style(self.choices, run) for run in runs}
            loop = asyncio.get_running_loop()
            text = await loop.run_in_executor(_MAKER, chosen_report, self.workbench, styles, region)
            self._send_msg({"report": text, "name": f"cropdash-report-{date.today().isoformat()}.html"})
        except Exception as error:
            log.exception("the report could not be made")
            self._send_msg({"error": f"The report could not be made: {error}."})
        finally:
            self._busy = False


def chosen_report(workbench: Workbench, styles: dict[str, Any], region: str) -> str:
    """The report on some runs of a workbench.

    Args:
        styles: :class:`RunStyle` by run id, in the order of the runs.

    Raises:
        ValueError: none of the runs exists, none was tested in the region, or a file is malformed.
        OSError: a file cannot be read.
    """
    from cropdash.dashboard.report.cover import Cover
    from cropdash.dashboard.report.document import report_html
    from cropdash.dashboard.report.subject import Subject

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
            remarks.append(f"The data set {name} cannot be read: {error}")
    subject = Subject(tuple(found), styles, stores, region, tuple(dict.fromkeys(remarks)))
    return report_html(subject, Cover(date.today()))
