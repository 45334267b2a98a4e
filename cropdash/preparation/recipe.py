"""The recipe: which parcels, which images, and how pixels and dates are chosen.

One class says it all, for the command and for Python; every field has its default and its help here.
Nothing in this module opens an image.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from cropdash.datasets.calendar import parse_origin
from cropdash.nomenclature import SENSORS

#: Where a path of a recipe file starts from, in the validation context.
_FOLDER = "folder"


def _from_recipe_file(value: Any, info: ValidationInfo) -> Any:
    """A path relative to the recipe file, made absolute."""
    folder = (info.context or {}).get(_FOLDER)
    if folder is None or not isinstance(value, str | Path) or "://" in str(value):
        return value
    return type(value)(Path(folder) / value) if isinstance(value, str) else Path(folder) / value


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ParcelFile(_Part):
    """The outlines, and which of their fields say what."""

    file: Path = Field(description="Vector file: GeoPackage, GeoJSON, Shapefile, GeoParquet, ...")
    layer: str | None = Field(None, description="Layer of a file with several.")
    id_field: str = Field("ID_PARCEL", description="Field of the parcel id; no two parcels share one.")
    crop_field: str | None = Field(
        "CODE_GROUP",
        description="Field of the crop: a code or a name; null where nobody knows the crops, for parcels to be predicted.",
    )
    region_field: str | None = Field(None, description="Field of the region; one region for all if unset.")
    region: str = Field("all", min_length=1, description="Name of the one region, without region_field.")
    nomenclature: Path | None = Field(
        None, description="JSON file of the crop classes; the French register's groups if unset."
    )
    unknown_crops: Literal["drop", "refuse", "keep"] = Field(
        "drop",
        description="What becomes of parcels whose crop is empty or not in the nomenclature; kept ones have no label.",
    )
    invalid_outlines: Literal["drop", "repair", "refuse"] = Field(
        "drop", description="What becomes of outlines that cross themselves."
    )

    _absolute = field_validator("file", "nomenclature", mode="before")(_from_recipe_file)

    @property
    def label_field(self) -> str:
        """What the store calls the label, whether or not the file has it."""
        return self.crop_field or "CODE_GROUP"


class StacSource(_Part):
    """Images of a STAC API, or of a static catalogue."""

    kind: Literal["stac"]
    url: str = Field(description="Address of the API, or of the catalogue's JSON file.")
    collection: str = Field(min_length=1, description="Collection of the images.")
    profile: Literal["earth-search", "planetary-computer", "copernicus"] | None = Field(
        None, description="Whose asset names and access are meant; found from the address if unset."
    )
    assets: dict[str, str] = Field(
        {}, description="Asset by band (B2: blue), over those of the profile; SCL for the classes."
    )
    query: dict[str, Any] = Field({}, description="Further conditions on item properties, for an API.")
    values: Literal["power", "db", "amplitude"] | None = Field(
        None, description="What Sentinel-1 values are; those of the collection if unset."
    )
    scale: float | None = Field(None, gt=0, description="Physical value of one unit; the item's if unset.")
    offset: float | None = Field(
        None, description="Added to value * scale; from the item's metadata if unset."
    )
    timeout: float = Field(30, gt=0, description="Seconds to wait for an answer.")
    retries: int = Field(3, ge=0, le=20, description="Further attempts after a failed one.")

    _absolute = field_validator("url", mode="before")(_from_recipe_file)


class RasterFiles(_Part):
    """Files of one kind: where they are, and which bands they hold."""

    pattern: str = Field(
        description="Path with * and {date}, {band}, {tile}, {orbit}, {direction} where the name tells them."
    )
    bands: dict[str, str | int] = Field(
        min_length=1,
        description="By band: what {band} reads, a netCDF variable, a GeoTIFF band's number or description.",
    )

    _absolute = field_validator("pattern", mode="before")(_from_recipe_file)


class RasterSource(_Part):
    """Local GeoTIFF or netCDF files."""

    kind: Literal["rasters"]
    files: tuple[RasterFiles, ...] = Field(min_length=1, description="Groups of files.")
    time: str | None = Field(None, description="netCDF coordinate of the dates; the only one if unset.")
    crs: str | None = Field(
        None, description="Coordinate reference system of files that do not say theirs, as EPSG:32631."
    )
    scale: float | None = Field(
        None,
        gt=0,
        description="Physical value of one unit (0.0001 for reflectance x 10000); the files' own if unset, else 1.",
    )
    offset: float | None = Field(None, description="Added to value * scale; the files' own if unset, else 0.")
    nodata: float | None = Field(None, description="Value of no data; the files' own if unset.")
    values: Literal["power", "db", "amplitude"] = Field("db", description="What Sentinel-1 values are.")


class EarthEngineSource(_Part):
    """An image collection of Google Earth Engine, through xee."""

    kind: Literal["earth_engine"]
    collection: str | None = Field(None, description="Image collection; the sensor's usual one if unset.")
    project: str | None = Field(None, description="Cloud project that the requests are counted to.")


Source = Annotated[StacSource | RasterSource | EarthEngineSource, Field(discriminator="kind")]


class Scaling(_Part):
    """Scaling of each scene and band between two percentiles of its values, as the study did."""

    low: float = Field(2, ge=0, lt=100, description="Percentile that becomes 0.")
    high: float = Field(98, gt=0, le=100, description="Percentile that becomes 1.")
    table: Path | None = Field(
        None, description="CSV of the percentiles, as Earth Engine exports them; from the images if unset."
    )

    _absolute = field_validator("table", mode="before")(_from_recipe_file)

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        return self


class _SensorPart(_Part):
    source: Source
    tiles: tuple[str, ...] = Field((), description="Tiles to take (31UDS); all if empty.")
    orbits: tuple[int, ...] = Field((), description="Relative orbits to take; all if empty.")
    direction: Literal["ascending", "descending"] | None = Field(
        None, description="Orbit direction to take; both if unset."
    )
    min_cover: float = Field(
        1.0, gt=0, le=1, description="Least share of a parcel's pixels with data, or the date is dropped."
    )
    same_day: Literal["first", "fullest", "mosaic"] = Field(
        "first",
        description="Of several images of a day: the first that is usable, the one with most pixels seen, "
        "or the first completed by the later ones.",
    )
    per_month: int | None = Field(
        None, ge=1, description="Most dates a month: those with most pixels seen, then the earliest."
    )
    resampling: Literal["nearest", "bilinear"] = Field(
        "nearest", description="From coarser or other pixels to the grid; nearest repeats a 20 m pixel 2 x 2."
    )
    scaling: Scaling | None = Field(
        None, description="Per-scene percentile scaling; physical values if unset."
    )
    unreadable: Literal["refuse", "drop"] = Field(
        "refuse", description="What becomes of a scene that cannot be read, after all attempts."
    )


class Sentinel1(_SensorPart):
    """Radar: VV and VH in dB."""

    speckle: Literal["mean", "median", "multitemporal"] | None = Field(
        None, description="Speckle filter, on linear power; none if unset."
    )
    speckle_window: int = Field(7, ge=3, le=31, description="Side of the filter's window in pixels, odd.")

    @field_validator("speckle_window")
    @classmethod
    def _is_odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"must be odd, not {value}")
        return value


class Sentinel2(_SensorPart):
    """Optical: surface reflectance of ten bands."""

    max_cloud: float | None = Field(
        None, ge=0, le=100, description="Most cloud of a scene in percent, by its metadata."
    )
    keep_classes: tuple[int, ...] = Field(
        (4, 5, 6, 7),
        description="Classes of the scene classification (SCL) that count as seen; empty for no mask.",
    )
    min_clear: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Least share of a parcel's pixels seen and clear, or the date is dropped.",
    )
    ndvi: bool = Field(False, description="Add NDVI as a channel; not with scaling by scene.")

    @model_validator(mode="after")
    def _ndvi_is_not_scaled(self) -> Self:
        if self.ndvi and self.scaling is not None:
            raise ValueError(
                "ndvi and scaling cannot be had together: percentiles of reflectance are not NDVI's"
            )
        return self


class Grid(_Part):
    """The pixel grid that all sensors are put on."""

    crs: str | None = Field(
        None, description="Projected coordinate reference system; that of most images if unset."
    )
    resolution: float = Field(10.0, gt=0, description="Side of a pixel in the units of the grid (metres).")


class Pixels(_Part):
    """Which pixels are a parcel's."""

    choose: Literal["centre", "cover"] = Field(
        "centre", description="Pixels whose centre, or whose area to a share, lies in the outline."
    )
    min_share: float = Field(0.5, gt=0, le=1, description="That share, for choose: cover.")
    inner_buffer: float = Field(
        0.0, ge=0, description="Metres taken off the outline all round against mixed edge pixels."
    )
    min_pixels: int = Field(1, ge=1, description="Least pixels of a parcel.")


class Recipe(_Part):
    """All that `cropdash prepare` needs to know.

    Raises:
        ValidationError: a value is out of bounds, or two contradict each other.
    """

    name: str | None = Field(None, min_length=1, description="Name of the data set; the folder's if unset.")
    title: str = Field("", description="One line about it.")
    parcels: ParcelFile
    start: datetime.date = Field(description="First day of the images.")
    end: datetime.date = Field(description="Last day of the images.")
    season_origin: str = Field("10-01", description="Month and day (MM-DD) that days count from.")
    S1: Sentinel1 | None = Field(None, description="Sentinel-1; left out if unset.")
    S2: Sentinel2 | None = Field(None, description="Sentinel-2; left out if unset.")
    grid: Grid = Grid()
    pixels: Pixels = Pixels()
    block: int = Field(
        512, ge=16, le=8192, description="Side of a spatial block in pixels: what is read and held at once."
    )

    @field_validator("season_origin")
    @classmethod
    def _is_month_and_day(cls, value: str) -> str:
        parse_origin(value)
        return value

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.start > self.end:
            raise ValueError(f"start ({self.start}) must not be after end ({self.end})")
        if not self.sensors:
            raise ValueError("name the images of S1, of S2, or of both")
        return self

    @property
    def sensors(self) -> dict[str, Sentinel1 | Sentinel2]:
        """The sensors that the recipe names, S1 before S2."""
        given = {name: getattr(self, name) for name in SENSORS}
        return {name: part for name, part in given.items() if part is not None}

    @property
    def fingerprint(self) -> str:
        """16 hex digits over everything but the data set's name and title, and how long to wait for a server."""
        content = self.model_dump(mode="json", exclude={"name", "title"})
        for name in self.sensors:
            for patience in ("timeout", "retries"):
                content[name]["source"].pop(patience, None)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @classmethod
    def read(cls, path: str | Path) -> Recipe:
        """Read a recipe from YAML (or JSON); its paths start from the file's folder.

        Raises:
            FileNotFoundError: no such file.
            ValueError: not a recipe; the message names the file and every wrong field.
        """
        import yaml

        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such recipe")
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            return cls.model_validate(content, context={_FOLDER: path.resolve().parent})
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: neither YAML nor JSON ({error})") from None
        except ValidationError as error:
            raise ValueError(f"{path}: {_sentences(error)}") from None


def _sentences(error: ValidationError) -> str:
    parts = []
    for item in error.errors():
        field = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = "no such field"
        parts.append(f"{field}: {message}" if field else message)
    return "; ".join(parts)
