"""What a user has chosen: runs, data set, region, class, cell of the confusion matrix, parcel, date, area and
page.

The one object that all pages watch. It holds no widget and no data, and turns into the query of an
address and back, so that a copied or reloaded address shows the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from urllib.parse import quote, unquote_plus

import param

from cropdash.dashboard.explain.parts import PARTS

#: More runs than this in one picture can be told apart by nobody.
MAXIMUM_RUNS = 12
#: Corners of a polygon picked on the map, so that it fits into an address.
MAXIMUM_CORNERS = 60


#: What the address calls the parcel's drawer, which remembers controls as a page does.
DRAWER = "drawer"
_CONTROL = re.compile(r"[a-z]+\.[a-z0-9-]{1,40}")
#: Long enough for the ids of twelve runs.
_LONGEST_CONTROL = 1200
_WHOLE = re.compile(r"-?[0-9]{1,9}")


class Choices(param.Parameterized):
    """The choices that pages share.

    A chosen run keeps its *place* until it is removed, and its colour comes from its place: removing
    one run never recolours another.
    """

    runs = param.List(default=[], item_type=str, doc="Ids of the chosen runs, in the order of their places.")
    dataset = param.String(default="", doc="Name of the data set; empty where there is none.")
    region = param.String(default="", doc="One test region; empty for all of them.")
    crop = param.Integer(default=None, allow_None=True, doc="Code of the chosen class.")
    cell: tuple[int, int] | None = param.NumericTuple(  # type: ignore[assignment]
        default=None,
        length=2,
        allow_None=True,
        doc="Codes of the true and of the mapped class of a cell of the confusion matrix; the former is ``crop``.",
    )
    parcel = param.String(default=None, allow_None=True, doc="Id of the chosen parcel.")
    date = param.String(default=None, allow_None=True, doc="The chosen day, as 2019-05-31.")
    area: tuple[float, ...] | None = param.ClassSelector(  # type: ignore[assignment]
        class_=tuple,
        default=None,
        allow_None=True,
        doc="An area picked on the map, in metres of the data set's map: of a rectangle the lowest x and y and the "
        "highest x and y; of a polygon the x and y of each corner, three at least.",
    )
    page = param.String(default="compare", doc="Slug of the page that is shown.")
    present = param.Boolean(default=False, doc="Whether a presentation is under way.")
    handed_run = param.String(
        default="", doc="The run that a page hands over to the one that it leads to; not in the address."
    )
    controls: dict[str, str] = param.Dict(  # type: ignore[assignment]
        default={}, doc="What pages remember of their own controls: text by ``page.control``."
    )
    part = param.String(default="", doc="The part of the Explain page that is in view; empty for its top.")

    #: What the frame shows as removable chips, with the word for each.
    CHIPS = {"crop": "class", "cell": "cell", "date": "date", "parcel": "parcel", "area": "area"}

    #: What the address says.
    ADDRESS = (
        "page",
        "dataset",
        "region",
        "runs",
        "crop",
        "cell",
        "parcel",
        "date",
        "area",
        "part",
        "present",
        "controls",
    )

    def __init__(self, **values: object) -> None:
        self._places: list[str] = []
        super().__init__(**values)
        self._settle_places()

    def place_of(self, run_id: str) -> int:
        """The place of a chosen run, counted from 0.

        Raises:
            KeyError: the run is not chosen.
        """
        if run_id not in self._places:
            raise KeyError(f"run {run_id!r} is not chosen")
        return self._places.index(run_id)

    def add_run(self, run_id: str) -> None:
        """Choose a run as well; it takes the first free place."""
        if run_id in self.runs or len(self.runs) >= MAXIMUM_RUNS:
            return
        self._places = _seat(self._places, run_id)
        self.runs = [run for run in self._places if run]

    def remove_run(self, run_id: str) -> None:
        self.runs = [run for run in self.runs if run != run_id]

    def choose_cell(self, true: int, mapped: int) -> None:
        """Choose the parcels of one class that are mapped as another, or as what they are, by class codes."""
        self.param.update(crop=true, cell=(true, mapped))

    def clear(self, *names: str) -> None:
        """Take back choices by name: ``crop``, ``cell``, ``date``, ``parcel``, ``area``, ``region``."""
        self.param.update({name: self.param[name].default for name in names})

    @param.depends("runs", watch=True)
    def _settle_places(self) -> None:
        """Free the places of runs that left, then seat those that came."""
        places = [run if run in self.runs else "" for run in self._places]
        for run in self.runs:
            if run not in places:
                places = _seat(places, run)
        while places and not places[-1]:
            places.pop()
        self._places = places

    @param.depends("crop", "cell", watch=True)
    def _settle_cell(self) -> None:
        """A cell goes with its true class."""
        if self.cell is not None and self.cell[0] != self.crop:
            self.cell = None

    # --- the address -----------------------------------------------------------------------------

    def query(self) -> str:
        """The choices as the query of an address, ``?page=compare&runs=a,,b``; free places stay as gaps."""
        values = {
            "page": self.page,
            "data": self.dataset,
            "region": self.region,
            "runs": ",".join(quote(run, safe="/") for run in self._places),
            "class": "" if self.crop is None else str(self.crop),
            "cell": "" if self.cell is None else "-".join(map(str, self.cell)),
            "parcel": self.parcel or "",
            "date": self.date or "",
            # Whole metres are exact enough for what is drawn by hand.
            "area": "" if self.area is None else "_".join(f"{edge:.0f}" for edge in self.area),
            "part": self.part,
            "present": "1" if self.present else "",
            **dict(sorted(self.controls.items())),
        }
        parts = [
            f"{name}={value if name == 'runs' else quote(value, safe='/')}"
            for name, value in values.items()
            if value
        ]
        return "?" + "&".join(parts)

    def read_query(self, query: str, pages: Sequence[str]) -> list[str]:
        """Take the choices over from an address.

        Returns:
            A sentence for everything that the address names and that cannot be; it is left out.
        """
        raw = dict(part.partition("=")[::2] for part in query.removeprefix("?").split("&"))
        given = {name: unquote_plus(value) for name, value in raw.items() if value}
        refused: list[str] = []
        readers: dict[str, tuple[str, Callable[[str], object]]] = {
            "page": ("page", lambda text: _one_of(text, pages)),
            "present": ("present", lambda text: _one_of(text, ["1"]) == "1"),
            "data": ("dataset", str),
            "region": ("region", str),
            "class": ("crop", _code),
            "cell": ("cell", _cell),
            "parcel": ("parcel", str),
            "date": ("date", _day),
            "area": ("area", _area),
            "part": ("part", lambda text: _one_of(text, list(PARTS))),
        }
        values: dict[str, object] = {}
        for name, (choice, read) in readers.items():
            if name not in given:
                continue
            try:
                values[choice] = read(given[name])
            except ValueError as error:
                refused.append(
                    f"The address names the {name} “{given[name][:60]}”, {error}; it was left out."
                )
        cell = values.get("cell")
        if isinstance(cell, tuple) and values.setdefault("crop", cell[0]) != cell[0]:
            refused.append(
                f"The address names the class “{values['crop']}” and a cell of another; it was left out."
            )
            values["cell"] = None
        controls = {name: text for name, text in given.items() if "." in name}
        known = {
            name: text
            for name, text in controls.items()
            if _CONTROL.fullmatch(name)
            and name.partition(".")[0] in (*pages, DRAWER)
            and len(text) <= _LONGEST_CONTROL
        }
        values["controls"] = known
        refused += [
            f"The address sets the control “{name[:60]}”, which no page has; it was left out."
            for name in controls.keys() - known.keys()
        ]
        # Split before decoding: a run's id may hold a comma of its own.
        places = _distinct([unquote_plus(part) for part in raw.get("runs", "").split(",")])
        if sum(map(bool, places)) > MAXIMUM_RUNS:
            refused.append(
                f"The address names more than {MAXIMUM_RUNS} runs; the first {MAXIMUM_RUNS} are shown."
            )
            places = places[:MAXIMUM_RUNS]
        self._places = places
        values["runs"] = [run for run in places if run]
        self.param.update(values)
        return refused


def _seat(places: list[str], run: str) -> list[str]:
    """The run on the first free place."""
    if "" not in places:
        return [*places, run]
    free = places.index("")
    return [*places[:free], run, *places[free + 1 :]]


def _distinct(places: list[str]) -> list[str]:
    """Each run once; a repeated one leaves a free place."""
    return [run if run not in places[:index] else "" for index, run in enumerate(places)]


def _one_of(text: str, allowed: Sequence[str]) -> str:
    if text not in allowed:
        raise ValueError(f"which is none of {', '.join(allowed)}")
    return text


def _code(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError("which is no class code (a whole number)")
    return int(text)


def _cell(text: str) -> tuple[int, int]:
    true, _, mapped = text.partition("-")
    try:
        return _code(true), _code(mapped)
    except ValueError:
        raise ValueError("which is no cell (two class codes such as 1-4)") from None


def _area(text: str) -> tuple[float, ...]:
    parts = text.split("_")
    numbers = tuple(map(float, parts)) if all(_WHOLE.fullmatch(part) for part in parts) else ()
    if len(numbers) == 4 and numbers[0] < numbers[2] and numbers[1] < numbers[3]:
        return numbers
    corners = set(zip(numbers[::2], numbers[1::2], strict=False))
    if len(numbers) % 2 or len(corners) < 3 or len(numbers) > 2 * MAXIMUM_CORNERS:
        raise ValueError(
            "which is no rectangle (lowest x and y, highest x and y, such as 0_0_500_300) and no polygon (x and y "
            f"of 3 to {MAXIMUM_CORNERS} corners)"
        )
    return numbers


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("which is no day such as 2019-05-31") from None
