"""What a store says about itself: the content of ``dataset.json``.

Sensors, bands, units and scaling, label fields and their nomenclature, and where the data came from.
Nothing here touches pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cropdash.datasets.calendar import parse_origin
from cropdash.json_file import read_json
from cropdash.nomenclature import SENSORS, Nomenclature

#: The newest ``schema_version`` that this cropdash reads, and the one it writes.
SCHEMA_VERSION = 1
FILE_NAME = "dataset.json"


class SensorInfo(BaseModel):
    """How one sensor's values are stored; physical value = stored value * ``scale`` + ``offset``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["S1", "S2"]
    bands: tuple[str, ...] = Field(min_length=1, description="Bands in the order of the channel axis.")
    unit: str = Field(description="Unit of the physical values.")
    dtype: Literal["uint8", "int16", "uint16", "int32", "float32"] = Field(description="Data type on disk.")
    scale: float = Field(1.0, gt=0, allow_inf_nan=False)
    offset: float = Field(0.0, allow_inf_nan=False)
    nodata: float | None = Field(
        None,
        allow_inf_nan=False,
        description="Stored value, in every channel, of a pixel that was not seen on a date; none is hidden if unset.",
    )

    @model_validator(mode="after")
    def _nodata_can_be_stored(self) -> Self:
        if self.nodata is not None:
            kind = np.dtype(self.dtype)
            limits = np.iinfo(kind) if kind.kind in "iu" else np.finfo(kind)
            if not limits.min <= self.nodata <= limits.max or kind.type(self.nodata) != self.nodata:
                raise ValueError(f"nodata {self.nodata:g} cannot be stored as {self.dtype}")
        return self

    def hidden(self, stored: np.ndarray) -> np.ndarray:
        """Which pixels of stored values ``(..., channels)`` were not seen: bool ``(...)``."""
        if self.nodata is None:
            return np.zeros(stored.shape[:-1], dtype=bool)
        return stored[..., 0] == np.dtype(self.dtype).type(self.nodata)

    @classmethod
    def standard(cls, name: str, dtype: str, scale: float = 1.0, offset: float = 0.0) -> Self:
        """The sensor with the bands and unit that cropdash knows it by."""
        sensor = SENSORS[name]
        return cls.model_validate(
            {
                "name": name,
                "bands": sensor.bands,
                "unit": sensor.unit,
                "dtype": dtype,
                "scale": scale,
                "offset": offset,
            }
        )


class DatasetInfo(BaseModel):
    """The description of a data set on disk."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1)
    title: str = ""
    source: str = Field("", description="Where the data came from.")
    simulated: bool = Field(
        False, description="Whether the pixels were simulated, which every page then says."
    )
    sensors: dict[str, SensorInfo] = Field(min_length=1, description="By name, Sentinel-1 before Sentinel-2.")
    season_origin: str = Field("10-01", description="Month and day (MM-DD) that days count from.")
    label_fields: tuple[str, ...] = Field(min_length=1, description="Label columns of the parcel table.")
    label_field: str = Field(description="The label that an experiment learns unless it names another.")
    nomenclature: Nomenclature
    crs: str | None = Field(None, description="Coordinate reference system of the outlines.")
    fingerprint: str = Field(description="16 hex digits over every parcel's id, labels, dates and values.")
    regions: tuple[str, ...] = Field(min_length=1)

    @field_validator("season_origin")
    @classmethod
    def _is_month_and_day(cls, value: str) -> str:
        parse_origin(value)
        return value

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if list(self.sensors) != [name for name in SENSORS if name in self.sensors]:
            raise ValueError(
                f"sensors must be some of {', '.join(SENSORS)}, in this order, not {', '.join(self.sensors)}"
            )
        for name, sensor in self.sensors.items():
            if sensor.name != name:
                raise ValueError(f"sensors.{name} calls itself {sensor.name}")
        if self.label_field not in self.label_fields:
            raise ValueError(
                f"label_field {self.label_field!r} is none of label_fields ({', '.join(self.label_fields)})"
            )
        return self

    @classmethod
    def read(cls, folder: str | Path) -> DatasetInfo:
        """Read ``dataset.json`` of a store.

        Raises:
            FileNotFoundError: the folder is no store.
            ValueError: the file is no JSON or breaks the schema; the message names file and field.
        """
        path = Path(folder) / FILE_NAME
        if not path.is_file():
            raise FileNotFoundError(f"{folder} is not a cropdash store: it holds no {FILE_NAME}")
        try:
            content = read_json(path)
            version = content.get("schema_version") if isinstance(content, dict) else None
            if isinstance(version, int) and version > SCHEMA_VERSION:
                raise ValueError(
                    f"{path}: schema_version is {version}; this cropdash reads up to {SCHEMA_VERSION}, a newer one is needed"
                )
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "file"
            raise ValueError(f"{path}: {field}: {first['msg'].removeprefix('Value error, ')}") from None
