"""What stands behind a parcel's series: how its true class usually looks, and the class that a run maps it as."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

from cropdash.analysis.class_profiles import ClassProfiles
from cropdash.dashboard.colours import MUTED
from cropdash.dashboard.parcel.facts import RunAnswer
from cropdash.dashboard.parcel.shared_profiles import profiles_of_class
from cropdash.dashboard.run_words import count
from cropdash.datasets.store import ParcelStore
from cropdash.nomenclature import CropClass
from cropdash.runs.results import Result

Role = Literal["true", "mapped"]
#: Colour and dash of each, and the words for both.
LOOKS = {"true": (MUTED, "dashed", "Dashed grey"), "mapped": ("#D55E00", "dotted", "Dotted orange")}


@dataclass(frozen=True)
class ClassBehind:
    """One of the two classes."""

    role: Role
    crop: CropClass
    profiles: ClassProfiles

    @property
    def words(self) -> str:
        """What its line is, as a sentence without its full stop."""
        whose = "its true class" if self.role == "true" else "the class that it is mapped as"
        return f"{LOOKS[self.role][2]}: mean of {count(self.profiles.sampled, 'parcel')} of {self.crop.name}, {whose}"


def classes_of(
    store: ParcelStore, row: int, run: Result | None, answer: RunAnswer | None
) -> list[tuple[Role, CropClass]]:
    """The parcel's true class, and the one that the run maps it as where that is another."""
    if answer is not None:
        true = answer.classes[answer.truth] if answer.truth >= 0 else None
        mapped = answer.classes[answer.predicted] if answer.predicted >= 0 else None
    else:
        mapped = None
        nomenclature = store.info.nomenclature
        code = int(store.parcels[store.info.label_field].iloc[row])
        true = nomenclature.by_code.get(nomenclature.merge.get(code, code))
    found: list[tuple[Role, CropClass]] = [("true", true)] if true is not None else []
    if mapped is not None and (true is None or mapped.code != true.code):
        found.append(("mapped", mapped))
    return found


def reading(
    store: ParcelStore, row: int, run: Result | None, answer: RunAnswer | None
) -> list[tuple[Role, CropClass, Future[ClassProfiles]]]:
    """These classes with their profiles, which may still be on their way; of the run's regions, else the parcel's."""
    own = (str(store.parcels["region"].iloc[row]),)
    regions = tuple(run.regions()) if run is not None else own
    return [
        (role, crop, profiles_of_class(run, crop, store, regions))
        for role, crop in classes_of(store, row, run, answer)
    ]
