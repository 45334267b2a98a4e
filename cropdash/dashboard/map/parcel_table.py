"""The table behind the map: the parcels that the choices leave, its heading and its CSV."""

from __future__ import annotations

import asyncio
import html
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import panel as pn
import panel_material_ui as pmu

from cropdash.dashboard.map.answers import ParcelAnswers
from cropdash.dashboard.map.parcel_files import ParcelFormat, parcels_file
from cropdash.dashboard.map.parcel_rows import ParcelRows
from cropdash.dashboard.page import text_pane
from cropdash.dashboard.run_words import count
from cropdash.dashboard.tables import DataTable, TableClick, csv_button, number

if TYPE_CHECKING:
    import geopandas
    from numpy.typing import NDArray

_TITLES = {
    "parcel": "Parcel",
    "region": "Region",
    "truth": "Truth",
    "prediction": "Prediction",
    "result": "Right or wrong",
    "confidence": "Confidence",
}


class ParcelTable(pn.viewable.Viewer):
    """Parcels one by one, wrong ones first and the surest on top: the errors most worth a look.

    Args:
        on_choose: called with the id of the parcel whose row was clicked.
        located: makes the table with outlines of some rows of the answers, for the files.
        also: columns, by name, of what else the map shows of some rows of the answers, for the CSV.
    """

    def __init__(
        self,
        on_choose: Callable[[str], None],
        located: Callable[[NDArray[np.int32]], geopandas.GeoDataFrame],
        also: Callable[[NDArray[np.int32]], Mapping[str, NDArray[Any]]],
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._on_choose, self._located, self._also = on_choose, located, also
        self._rows: ParcelRows | None = None
        self.title = text_pane("", "cd-map-table-title")
        self._table = DataTable(
            pd.DataFrame(columns=list(_TITLES)),
            "cd-map-table",
            formats={"confidence": number(3)},
            titles=_TITLES,
            page_size=10,
        )
        self._table.on_click(self._row_clicked)
        self._section = pn.Column(
            pn.FlexBox(
                self.title,
                csv_button("parcels.csv", lambda: self.frame, "cd-map-csv"),
                self._file_button("GeoPackage", ParcelFormat.GEOPACKAGE),
                self._file_button("GeoParquet", ParcelFormat.GEOPARQUET),
                margin=(16, 0, 0, 0),
                sizing_mode="stretch_width",
            ),
            self._table,
            sizing_mode="stretch_width",
            margin=0,
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return self._section

    @property
    def frame(self) -> pd.DataFrame:
        """The parcels that are listed, written out with what the map shows of them."""
        if self._rows is None:
            return pd.DataFrame(columns=list(_TITLES))
        return self._rows.frame().assign(**self._also(self.rows))

    @property
    def rows(self) -> NDArray[np.int32]:
        """``(listed,)`` row in the run's answers of each parcel that is listed."""
        return np.zeros(0, np.int32) if self._rows is None else self._rows.rows

    def fill(
        self,
        answers: ParcelAnswers,
        crop: int | None,
        cell: tuple[int, int] | None,
        *,
        wrong_only: bool,
        area: NDArray[np.bool_] | None,
    ) -> None:
        """List parcels; the page in view stays while the rows are the same.

        Args:
            crop: code of the chosen class.
            cell: codes of the true and the mapped class of the chosen cell.
            wrong_only: leave out what is not wrong.
            area: ``(parcels,)`` which parcels lie in the picked area; None where none is picked.
        """
        shown = answers.in_view(crop, wrong_only, cell)
        rows = ParcelRows(answers, shown if area is None else shown & area)
        parcels = count(len(rows), "wrong parcel" if wrong_only else "parcel")
        names = {known.code: known.name for known in answers.classes}
        words = f"{parcels} in the picked area" if area is not None else parcels
        if cell is not None and set(cell) <= set(names):
            words = f"{parcels} of {names[cell[0]]} mapped as {names[cell[1]]}"
        elif crop in names:
            words = f"{parcels} that {'is' if len(rows) == 1 else 'are'} {names[crop]} or taken for it"
        self.title.object = (
            f"<h2>{html.escape(words)}</h2><span class='note'>The surest errors first. Click a row, or a parcel "
            "on the map, to see its series.</span>"
        )
        if rows != self._rows:
            self._rows = rows
            self._table.fill(rows, page=1)

    def _file_button(self, label: str, form: ParcelFormat) -> pmu.FileDownload:
        """Writes the listed parcels with their outlines, beside the server's event loop: many take seconds."""

        async def content() -> io.BytesIO:
            return await asyncio.to_thread(lambda: parcels_file(self._located(self.rows), form))

        return pmu.FileDownload(
            callback=content,
            filename=f"parcels.{form}",
            label=label,
            icon="download",
            variant="text",
            size="small",
            description=f"Download these parcels with their outlines as {label}",
            css_classes=[f"cd-map-{form}"],
            margin=0,
        )

    def _row_clicked(self, click: TableClick) -> None:
        if self._rows is not None:
            self._on_choose(str(self._rows.answers.parcel_id[self._rows.rows[click.row]]))
