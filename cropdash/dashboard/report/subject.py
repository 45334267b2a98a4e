"""What a report is about: the chosen runs, how each is drawn, and where their parcels lie; and its cover.

Nothing here writes; :mod:`cropdash.dashboard.report.document` makes the file.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cropdash.dashboard.colours import RunStyle, place_style
from cropdash.dashboard.compare.comparison import Compared
from cropdash.runs.results import Result

if TYPE_CHECKING:
    from cropdash.datasets.store import ParcelStore

#: A logo is a small picture; a larger file is a photograph that was taken for one.
_LARGEST_LOGO = 1_000_000


@dataclass(frozen=True, eq=False)
class Subject:
    """The runs of a report.

    Attributes:
        runs: at least one.
        styles: colour and marker by run id, as on the dashboard's pages.
        stores: by run id, the data set that holds the run's parcels; runs without one have no map.
        region: one test region; empty for all of them.
        remarks: sentences on what could not be had, such as a data set that cannot be read.
    """

    runs: tuple[Result, ...]
    styles: Mapping[str, RunStyle]
    stores: Mapping[str, ParcelStore] = field(default_factory=dict)
    region: str = ""
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, runs: Sequence[Result], stores: Mapping[str, ParcelStore] | None = None, region: str = ""
    ) -> Subject:
        """Runs that no page has coloured; each takes the colour of its place.

        Raises:
            ValueError: there is no run, or none that was tested in the region.
        """
        styles = {run.id: place_style(place) for place, run in enumerate(runs)}
        return cls(tuple(runs), styles, stores or {}, region)

    def __post_init__(self) -> None:
        if not self.runs:
            raise ValueError("a report needs at least one run")
        if self.region and not any(run.covers([self.region]) for run in self.runs):
            tested = sorted({name for run in self.runs for name in run.regions()})
            raise ValueError(
                f"no run of the report was tested in {self.region}; they were in {', '.join(tested) or 'none'}"
            )

    @property
    def regions(self) -> list[str] | None:
        """The region as results take it; None for all of them."""
        return [self.region] if self.region else None

    def regions_of(self, run: Result) -> list[str]:
        return self.regions or run.regions()

    @cached_property
    def compared(self) -> tuple[Compared, ...]:
        """The runs that have figures over the region."""
        known = [run for run in self.runs if run.classes and run.covers(self.regions)]
        return tuple(Compared(run, run.scores(self.regions)) for run in known)

    def number(self, run_id: str) -> int:
        """The number that stands for a run in the report, from 1."""
        return [run.id for run in self.runs].index(run_id) + 1


@dataclass(frozen=True)
class Cover:
    """What stands above a report.

    Attributes:
        title: empty for one made from the data set.
        logo: an image as a ``data:`` address, from :func:`logo_address`; empty for none.
    """

    day: date
    title: str = ""
    author: str = ""
    logo: str = ""


def logo_address(path: str | Path) -> str:
    """An image file as a ``data:`` address, so that the report carries it.

    Raises:
        FileNotFoundError: no such file.
        ValueError: neither PNG, JPEG, WebP nor SVG by its content, or too large.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file for the logo")
    content = path.read_bytes()
    if len(content) > _LARGEST_LOGO:
        raise ValueError(f"{path}: {len(content):,} bytes are too many for a logo; at most {_LARGEST_LOGO:,}")
    kind = _image_kind(content)
    if kind is None:
        raise ValueError(f"{path}: a logo must be a PNG, JPEG, WebP or SVG image")
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _image_kind(content: bytes) -> str | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "webp"
    # Shown as an image, an SVG can neither run a script nor fetch anything.
    head = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    return "svg+xml" if head.startswith((b"<svg", b"<?xml")) and b"<svg" in content else None
