"""A STAC API or static catalogue as a source of images: pystac-client finds the items, odc-stac reads them."""

from __future__ import annotations

import importlib
import logging
import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cropdash.preparation.pixel_grid import PixelGrid, Window
from cropdash.preparation.recipe import StacSource
from cropdash.preparation.resampling import is_nodata
from cropdash.preparation.scenes import Scene
from cropdash.preparation.sources import CLASSES, Image, UnreadableSceneError
from cropdash.preparation.stac_profiles import profile_of, radar_values, scaling

if TYPE_CHECKING:
    import pystac
    import pystac_client

_LONGEST_PAUSE = 30.0


class StacImages:
    """The images of one sensor in a STAC catalogue.

    Raises:
        ImportError: the Planetary Computer's signing package is needed and not installed.
    """

    def __init__(self, sensor: str, options: StacSource) -> None:
        self.sensor = sensor
        self.values = options.values or radar_values(options.collection)
        self.threads = 8 if "://" in options.url else 2
        self._options = options
        self._profile = profile_of(options.url, options.profile)
        self._assets = {**self._profile.assets[sensor], **options.assets}
        _quieten()
        if "planetarycomputer.microsoft.com" in options.url:
            _planetary_computer_signing()

    def scenes(
        self,
        box: tuple[float, float, float, float],
        start: np.datetime64,
        end: np.datetime64,
        bands: Sequence[str],
    ) -> list[Scene]:
        """See :class:`~cropdash.preparation.sources.ImageSource`."""
        found = {}
        for item in self._items(box, start, end):
            if item.datetime is None:
                raise ValueError(f"{self._where}: item {item.id} tells no datetime")
            day = np.datetime64(item.datetime.replace(tzinfo=None), "s")
            if not start <= day.astype("datetime64[D]") <= end or not _meets(item, box):
                continue
            found[item.id] = self._scene(item, day, bands)
        return list(found.values())

    def offset(self, scene: Scene, band: str) -> float:
        """See :class:`~cropdash.preparation.sources.ImageSource`."""
        return self._scaling(scene, band)[1]

    def read(
        self, scene: Scene, bands: Sequence[str], grid: PixelGrid, window: Window, resampling: str
    ) -> dict[str, Image]:
        """See :class:`~cropdash.preparation.sources.ImageSource`."""
        from rasterio.errors import RasterioError

        try:
            return self._load(scene, bands, grid, window, resampling)
        except (RasterioError, OSError):
            # One by one: what can be read is kept, and what cannot has a name.
            return {band: self._load_band(scene, band, grid, window, resampling) for band in bands}

    def _load_band(self, scene: Scene, band: str, grid: PixelGrid, window: Window, resampling: str) -> Image:
        from rasterio.errors import RasterioError

        attempt = 0
        while True:
            try:
                return self._load(scene, [band], grid, window, resampling)[band]
            except (RasterioError, OSError) as error:
                attempt += 1
                if attempt > self._options.retries:
                    href = scene.content["item"]["assets"][self._assets[band]]["href"]
                    times = "once" if attempt == 1 else f"{attempt} times"
                    raise UnreadableSceneError(
                        f"scene {scene.id} of {self._where}: {band} cannot be read from {href} "
                        f"(tried {times}, {self._options.timeout:g} s each at most): {error}"
                    ) from None
            time.sleep(min(0.5 * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1))

    def _load(
        self, scene: Scene, bands: Sequence[str], grid: PixelGrid, window: Window, resampling: str
    ) -> dict[str, Image]:
        import odc.stac
        import pystac
        import rasterio
        from odc.geo.geobox import GeoBox

        item = pystac.Item.from_dict(scene.content["item"], preserve_dict=False)
        names = {band: self._assets[band] for band in bands}
        timeout = str(int(max(1, self._options.timeout)))
        settings = {
            "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
            "GDAL_HTTP_TIMEOUT": timeout,
            "GDAL_HTTP_CONNECTTIMEOUT": timeout,
            # A window is read once, so what GDAL would remember of a file helps nobody; of a file that
            # failed it would remember the failure.
            "CPL_VSIL_CURL_NON_CACHED": "/vsicurl/:/vsis3/",
            **self._profile.gdal,
        }
        with rasterio.Env(**settings):
            loaded = odc.stac.load(
                [item],
                bands=list(names.values()),
                geobox=GeoBox(window.shape, grid.transform(window), grid.crs),
                resampling={
                    name: "nearest" if band == CLASSES else resampling for band, name in names.items()
                },
                patch_url=self._signed(),
                fail_on_error=True,
                stac_cfg=self._untold(scene),
            )
        images = {}
        for band, name in names.items():
            values = loaded[name].values[0]
            hidden = is_nodata(values, loaded[name].attrs.get("nodata"))
            if self.sensor == "S2" or values.dtype.kind in "ui":
                hidden |= values == 0  # no data by the product's definition, said or not
            images[band] = Image(values, ~hidden, *self._scaling(scene, band))
        return images

    def _untold(self, scene: Scene) -> dict[str, Any]:
        """Data types of Sentinel-2 for items that do not tell them: odc-stac would take them for floats."""
        if self.sensor == "S1":
            return {}
        types = {
            name: {"data_type": "uint8" if name == self._assets.get(CLASSES) else "uint16", "nodata": 0}
            for name, asset in scene.content["item"]["assets"].items()
            if "raster:bands" not in asset
        }
        return {self._options.collection: {"assets": types}} if types else {}

    def _scaling(self, scene: Scene, band: str) -> tuple[float, float]:
        item = scene.content["item"]
        scale, offset = scaling(self.sensor, item["properties"], item["assets"][self._assets[band]])
        return (
            scale if self._options.scale is None else self._options.scale,
            offset if self._options.offset is None else self._options.offset,
        )

    @property
    def _where(self) -> str:
        return f"{self._options.url} ({self._options.collection})"

    def _items(
        self, box: tuple[float, float, float, float], start: np.datetime64, end: np.datetime64
    ) -> Iterator[pystac.Item]:
        import requests
        from pystac import STACError
        from pystac_client.errors import ClientTypeError
        from pystac_client.exceptions import APIError

        try:
            client = self._client()
            if client.conforms_to("ITEM_SEARCH"):
                search = client.search(
                    collections=[self._options.collection],
                    bbox=list(box),
                    datetime=f"{start}T00:00:00Z/{end}T23:59:59Z",
                    query=self._options.query or None,
                )
                yield from search.items()
                return
            if self._options.query:
                raise ValueError(
                    f"{self._where}: a static catalogue cannot be asked for a query; leave it out"
                )
            yield from self._collection(client).get_items(recursive=True)
        except (APIError, STACError, ClientTypeError, requests.RequestException) as error:
            if "timed out" in str(error):  # in words only, where an attempt too many was wrapped
                raise TimeoutError(
                    f"{self._where}: no answer within {self._options.timeout:g} s; "
                    "try again later, or allow more time (source.timeout)"
                ) from None
            raise ConnectionError(f"{self._where}: the catalogue cannot be read: {error}") from None
        except FileNotFoundError:
            raise FileNotFoundError(f"{self._where}: no such catalogue") from None
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, ValueError) and str(error).startswith(self._where):
                raise
            raise ValueError(f"{self._where}: not a STAC catalogue ({error!r})") from None

    def _client(self) -> pystac_client.Client:
        import pystac_client
        from pystac_client.stac_api_io import StacApiIO
        from urllib3.util.retry import Retry

        retry = Retry(
            total=self._options.retries,
            backoff_factor=0.5,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=None,
        )
        io = StacApiIO(timeout=self._options.timeout, max_retries=retry)
        return pystac_client.Client.open(self._options.url, stac_io=io, timeout=self._options.timeout)

    def _collection(self, client: pystac_client.Client) -> pystac.Catalog:
        found = [child.id for child in client.get_children()]
        for child in client.get_children():
            if child.id == self._options.collection:
                return child
        if client.id == self._options.collection:
            return client
        raise ValueError(
            f"{self._where}: has no collection {self._options.collection!r}; it has {', '.join(found)}"
        )

    def _scene(self, item: pystac.Item, moment: np.datetime64, bands: Sequence[str]) -> Scene:
        properties = item.properties
        names = {band: self._assets.get(band, band) for band in bands}
        missing = [(band, name) for band, name in names.items() if name not in item.assets]
        problem = None
        if missing:
            wanted = ", ".join(f"{name!r} ({band})" for band, name in missing)
            problem = (
                f"scene {item.id} of {self._where}: the item has no asset {wanted}; "
                f"it has {', '.join(item.assets)}"
            )
        content = _stripped(item, set(names.values()))
        first = content["assets"].get(names[bands[0]], {})
        epsg = first.get("proj:epsg") or properties.get("proj:epsg")
        code = first.get("proj:code") or properties.get("proj:code") or (f"EPSG:{epsg}" if epsg else None)
        transform = first.get("proj:transform") or properties.get("proj:transform")
        if problem is None and code is None and transform is None and self.sensor == "S1":
            problem = (
                f"scene {item.id} of {self._where}: lies in radar geometry, without a map grid; take a "
                "terrain-corrected collection, such as sentinel-1-rtc of the Planetary Computer"
            )
        orbit = properties.get("sat:relative_orbit")
        return Scene(
            id=item.id,
            time=moment,
            crs=code,
            corner=None if transform is None else (float(transform[2]), float(transform[5])),
            footprint=None if item.bbox is None else _flat_box(item.bbox),
            tile=_tile(properties),
            orbit=None if orbit is None else int(orbit),
            direction=properties.get("sat:orbit_state"),
            cloud=properties.get("eo:cloud_cover"),
            problem=problem,
            content={"item": content},
        )

    def _signed(self) -> Callable[[str], str] | None:
        """How addresses of files are signed, which expires: so it is done when they are read."""
        if "planetarycomputer.microsoft.com" in self._options.url:
            return _planetary_computer_signing()
        return None


def _quieten() -> None:
    """Silence what others say of things that are dealt with here.

    For good, not around the calls: filters of warnings belong to the process, and images are read in
    threads.
    """
    from pystac_client.warnings import PystacClientWarning
    from rasterio.errors import NotGeoreferencedWarning

    # odc-stac logs as an error what it also raises, and what may go well at the next attempt.
    logging.getLogger("odc.loader._rio").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", category=NotGeoreferencedWarning, module=r"rasterio\.warp")
    # A static catalogue is no API: that is known here.
    warnings.filterwarnings("ignore", category=PystacClientWarning)


def _planetary_computer_signing() -> Callable[[str], str]:
    try:
        planetary_computer = importlib.import_module("planetary_computer")
    except ImportError:
        raise ImportError(
            "the Planetary Computer gives its images to signed requests only: pip install planetary-computer"
        ) from None
    sign: Callable[[str], str] = planetary_computer.sign
    return sign


def _stripped(item: pystac.Item, assets: set[str]) -> dict[str, Any]:
    """The item as plain JSON with absolute addresses, without what reading does not need."""
    kept = {
        name: {**asset.to_dict(), "href": asset.get_absolute_href() or asset.href}
        for name, asset in item.assets.items()
        if name in assets
    }
    content = item.to_dict(include_self_link=False, transform_hrefs=False)
    return {**content, "links": [], "assets": kept}


def _tile(properties: dict[str, Any]) -> str | None:
    code = properties.get("grid:code") or properties.get("s2:mgrs_tile")
    if code is None and "mgrs:utm_zone" in properties:
        code = "{mgrs:utm_zone}{mgrs:latitude_band}{mgrs:grid_square}".format_map(properties)
    return None if code is None else str(code)


def _flat_box(box: Sequence[float]) -> tuple[float, float, float, float]:
    if len(box) == 6:  # with heights
        return box[0], box[1], box[3], box[4]
    return box[0], box[1], box[2], box[3]


def _meets(item: pystac.Item, box: tuple[float, float, float, float]) -> bool:
    if item.bbox is None:
        return True
    west, south, east, north = _flat_box(item.bbox)
    return west <= box[2] and box[0] <= east and south <= box[3] and box[1] <= north
