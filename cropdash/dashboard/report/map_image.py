"""The map of a run as a picture: which crop each parcel was mapped as, and where that is right; with legend and scale."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cropdash.dashboard.map.answers import answer
from cropdash.dashboard.map.areas import PickedArea
from cropdash.dashboard.map.colours import ColourBy, LegendEntry
from cropdash.dashboard.map.mapped_run import MappedRun
from cropdash.dashboard.map.raster import codes_image
from cropdash.dashboard.map.shared_outlines import raster_of
from cropdash.dashboard.report.subject import ReportArea, Subject
from cropdash.dashboard.run_words import count, listed
from cropdash.runs.results import Result

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Twice as many pixels as it is wide on the page, for paper and fine screens.
_WIDTH = 1360
#: The two maps of a run, with what each shows.
_SHOWN = {ColourBy.PREDICTION: "crops as mapped", ColourBy.RIGHT: "right and wrong"}
#: Height over width stays between these, however the parcels lie.
_FLATTEST, _TALLEST = 0.45, 1.0


@dataclass(frozen=True)
class MapImage:
    """A picture and what stands beside it.

    Attributes:
        address: the PNG as a ``data:`` address.
        width, height: in pixels.
        what: what the colours show, in short.
        legend: what the colours mean, with the parcels of each.
        sentence: how many are right; empty beside the crops.
        place: the corners of an area with their reference system; empty for all parcels.
        scale: ``5 km``, the length of the scale bar.
        scale_share: the bar's length as a share of the picture's width.
        remarks: what the map does not show.
    """

    run: Result
    name: str
    what: str
    address: str
    width: int
    height: int
    legend: tuple[LegendEntry, ...]
    sentence: str
    place: str
    scale: str
    scale_share: float
    remarks: tuple[str, ...]


def map_images(subject: Subject) -> list[MapImage]:
    """Of every run that has parcels and outlines two maps of all parcels, and two of each area: crops, right and wrong."""
    return [
        _image(run, subject.mapped[run.id], subject, place, by)
        for run in subject.shown
        if run.id in subject.mapped
        for place in (None, *subject.areas)
        for by in _SHOWN
    ]


def _image(
    run: Result, mapped: MappedRun, subject: Subject, area: ReportArea | None, by: ColourBy
) -> MapImage:
    outlines = mapped.outlines
    colouring = mapped.colouring(by, None)
    # Said once, below the second of the two.
    of_all = area is None and by is ColourBy.RIGHT
    remarks = mapped.remarks() if of_all else []
    where = f"in {listed(subject.regions_of(run))}"
    answers, entries, codes = mapped.answers, colouring.entries, colouring.codes
    if area is None:
        # Regions far apart would shrink to dots in one picture: the largest group of parcels is drawn.
        place, *elsewhere = outlines.places
        view = place.view
        if elsewhere and of_all:
            apart = sum(one.parcels for one in elsewhere)
            remarks.append(
                f"{count(apart, 'parcel lies', 'parcels lie')} far from these and outside the picture."
            )
    else:
        view = area.view
        picked = PickedArea.of(mapped, area.shape)
        answers, where = picked.answers, f"{area.name} ({where})"
        codes = np.where(picked.outlines, codes, np.uint8(0))
        inside = np.bincount(codes, minlength=256)
        entries = tuple(replace(entry, parcels=int(inside[i])) for i, entry in enumerate(entries, start=1))
    share = min(max(view.height / view.width, _FLATTEST), _TALLEST)
    width, height = _WIDTH, round(_WIDTH * share)
    view = view.shaped(width, height)
    picture = codes_image(raster_of(outlines).positions(view, width, height), codes)
    metres = view.width * outlines.metres_per_unit
    bar = _round_length(metres / 4)
    return MapImage(
        run=run,
        name=subject.name_of(run) if area is None else f"{subject.name_of(run)}, {area.name}",
        what=_SHOWN[by],
        address=_png(picture, colouring.palette()),
        width=width,
        height=height,
        legend=tuple(entry for entry in entries if entry.parcels),
        sentence=answer(answers, where, None) if by is ColourBy.RIGHT else "",
        place="" if area is None else area.in_words(outlines.crs),
        scale=f"{bar / 1000:g} km" if bar >= 1000 else f"{bar:g} m",
        scale_share=bar / metres,
        remarks=tuple(remarks),
    )


def _png(codes: NDArray[np.uint8], palette: list[str]) -> str:
    """The picture as a ``data:`` address; row 0 of ``codes`` is the lowest."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(codes[::-1]))
    colours = [int(colour[i : i + 2], 16) for colour in palette for i in (1, 3, 5)]
    image = image.convert("P") if image.mode != "P" else image
    image.putpalette(colours)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True, transparency=0)
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode('ascii')}"


def _round_length(most: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is at most this."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most)
