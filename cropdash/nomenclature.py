"""Crops, sensors and fusions: the words that every floor shares.

What a crop code means is data: a nomenclature is a JSON file that users can replace. What a
sensor's channels are called, and which ways of fusing exist, is fixed by the model family.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cropdash.json_file import read_json
from cropdash.packaged import packaged_file


class Sensor(BaseModel):
    """A satellite sensor: its bands in the order of the channel axis, and their unit."""

    model_config = ConfigDict(frozen=True)

    name: str
    label: str
    bands: tuple[str, ...]
    unit: str


#: Sentinel-1 comes first here and in every concatenation.
SENSORS: dict[str, Sensor] = {
    "S1": Sensor(name="S1", label="Sentinel-1 (radar)", bands=("VV", "VH"), unit="dB"),
    "S2": Sensor(
        name="S2",
        label="Sentinel-2 (optical)",
        bands=("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12"),
        unit="reflectance",
    ),
}


class Fusion(StrEnum):
    """Where Sentinel-1 and Sentinel-2 meet in the network."""

    NONE = "none"
    EARLY = "early"
    PSE = "pse"
    TSA = "tsa"
    SOFTMAX_AVG = "softmax_avg"
    SOFTMAX_NORM = "softmax_norm"

    @property
    def label(self) -> str:
        return {
            Fusion.NONE: "one sensor",
            Fusion.EARLY: "both, fused early",
            Fusion.PSE: "both, fused at pixel-set level",
            Fusion.TSA: "both, fused at time level",
            Fusion.SOFTMAX_AVG: "both, fused at decision level (mean)",
            Fusion.SOFTMAX_NORM: "both, fused at decision level (product)",
        }[self]

    @property
    def needs_common_dates(self) -> bool:
        """Whether Sentinel-1 must first be interpolated at the Sentinel-2 dates."""
        return self in (Fusion.EARLY, Fusion.PSE)

    @property
    def is_decision(self) -> bool:
        return self in (Fusion.SOFTMAX_AVG, Fusion.SOFTMAX_NORM)


#: What learns the classes; the last two are the baselines.
CLASSIFIERS = {
    "network": "network",
    "random_forest": "random forest",
    "gradient_boosting": "gradient boosting",
}


def experiment_name(
    sensors: Sequence[str], fusion: Fusion, interpolation: str | None = None, classifier: str = "network"
) -> str:
    """Sensor or fusion in short: ``S1``, ``early (nn)``, ``tsa``; of a baseline ``random forest S1+S2``."""
    if classifier != "network":
        how = f" {fusion}" if fusion.is_decision else ""
        return f"{CLASSIFIERS.get(classifier, classifier)} {'+'.join(sensors)}{how}"
    if fusion is Fusion.NONE:
        return "+".join(sensors)
    return f"{fusion} ({interpolation})" if fusion.needs_common_dates and interpolation else str(fusion)


class CropClass(BaseModel):
    """One class: its code in the labels, its name, its colour, and whether it mixes crops."""

    model_config = ConfigDict(frozen=True)

    code: int
    name: str
    colour: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")
    mixed: bool = False


class Nomenclature(BaseModel):
    """A list of crop classes in label order, as read from a JSON file.

    ``merge`` names codes that count as another one unless an experiment says otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    source: str
    classes: tuple[CropClass, ...]
    merge: dict[int, int] = {}

    @model_validator(mode="after")
    def _codes_are_distinct(self) -> Self:
        codes = [c.code for c in self.classes]
        repeated = sorted({c for c in codes if codes.count(c) > 1})
        if repeated:
            raise ValueError(f"class codes must be distinct; {repeated} appear more than once")
        unknown = sorted((set(self.merge) | set(self.merge.values())) - set(codes))
        if unknown:
            raise ValueError(f"merge names the codes {unknown}, which are no class of the list")
        return self

    @property
    def by_code(self) -> dict[int, CropClass]:
        return {c.code: c for c in self.classes}

    @classmethod
    def read(cls, path: str | Path) -> Nomenclature:
        """Read a nomenclature file.

        Raises:
            ValueError: the file is no JSON or breaks the schema; the message names file and field.
        """
        path = Path(path)
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "file"
            raise ValueError(f"{path}: {field}: {first['msg']}") from None

    @classmethod
    def rpg_groups(cls) -> Nomenclature:
        """The crop groups of the French land parcel register (RPG)."""
        return cls.read(packaged_file("nomenclatures/rpg_groups.json"))
