"""Outlines of any file, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

from cropdash.nomenclature import Nomenclature
from cropdash.preparation.parcel_outlines import Outlines, read_outlines
from cropdash.preparation.recipe import ParcelFile
from cropdash.preparation.report import PreparationReport
from tests.preparation.small_images import square, write_parcels

BOW_TIE = Polygon([(500_000, 5_600_000), (500_100, 5_600_100), (500_100, 5_600_000), (500_000, 5_600_100)])


def read(path: Path, **options: Any) -> tuple[Outlines, PreparationReport]:
    report = PreparationReport("test")
    limit = options.pop("limit", None)
    outlines = read_outlines(ParcelFile(file=path, **options), Nomenclature.rpg_groups(), report, limit)
    return outlines, report


def ids(outlines: Outlines) -> list[str]:
    return [parcel.id for parcel in outlines.parcels]


def reasons(report: PreparationReport) -> list[tuple[str, str]]:
    return [(parcel_id, str(reason)) for reason, parcel_id, _ in report.dropped]


@pytest.mark.parametrize("name", ["p.gpkg", "p.geojson", "p.shp", "p.parquet"])
def test_every_vector_format_is_read(tmp_path: Path, name: str) -> None:
    crs = "EPSG:4326" if name.endswith("geojson") else "EPSG:32631"
    shapes = {"2": square(0, 0), "1": MultiPolygon([square(10, 10), square(20, 20)])}
    if crs == "EPSG:4326":
        there = geopandas.GeoSeries(list(shapes.values()), crs="EPSG:32631").to_crs(crs)
        shapes = dict(zip(shapes, there, strict=True))
    outlines, _ = read(write_parcels(tmp_path / name, shapes, crs=crs))
    assert ids(outlines) == ["1", "2"]
    parcel = outlines.projected("EPSG:32631")[0]
    assert parcel.outline.area == pytest.approx(2 * 1600, rel=1e-4)


def test_features_are_perimeter_area_ratio_and_size(tmp_path: Path) -> None:
    outlines, _ = read(write_parcels(tmp_path / "p.gpkg", {"a": square(0, 0)}))
    assert outlines.parcels[0].features == pytest.approx((160, 1600, 0.1, 40))


def test_crops_are_codes_or_names_and_ids_may_be_numbers(tmp_path: Path) -> None:
    shapes = {1.0: square(0, 0), 2.0: square(10, 0), 3.0: square(20, 0), 4.0: square(30, 0)}
    names = Nomenclature.rpg_groups()
    wheat = names.by_code[1].name
    path = write_parcels(
        tmp_path / "p.parquet",
        shapes,  # type: ignore[arg-type]
        CODE_GROUP=["1", wheat.upper(), "25", "triffids"],
    )
    outlines, report = read(path)
    assert [(parcel.id, parcel.code) for parcel in outlines.parcels] == [("1", 1), ("2", 1), ("3", 25)]
    assert reasons(report) == [("4", "crop not in the nomenclature")]
    with pytest.raises(ValueError, match="parcel 4: CODE_GROUP 'triffids' is no crop of the nomenclature"):
        read(path, unknown_crops="refuse")


def test_regions_come_from_a_field(tmp_path: Path) -> None:
    shapes = {"a": square(0, 0), "b": square(10, 0), "c": square(20, 0)}
    path = write_parcels(tmp_path / "p.gpkg", shapes, part=["north", None, "south"])
    outlines, report = read(path, region_field="part")
    assert [(parcel.region, parcel.id) for parcel in outlines.parcels] == [("north", "a"), ("south", "c")]
    assert reasons(report) == [("b", "no region")]
    everything, _ = read(path, region="Flanders", limit=2)
    assert [parcel.region for parcel in everything.parcels] == ["Flanders"] * 2


def test_empty_outlines_and_those_that_are_no_polygon_are_reported(tmp_path: Path) -> None:
    shapes = {
        "good": square(0, 0),
        "none": None,
        "empty": Polygon(),
        "line": LineString([(500_000, 5_600_000), (500_010, 5_600_000)]),
        "point": Point(500_000, 5_600_000),
    }
    outlines, report = read(write_parcels(tmp_path / "p.parquet", shapes))
    assert ids(outlines) == ["good"]
    assert sorted(reasons(report)) == [
        ("empty", "empty outline"),
        ("line", "outline is no polygon"),
        ("none", "empty outline"),
        ("point", "outline is no polygon"),
    ]
    assert report.parcels == 5


def test_outlines_that_cross_themselves_are_dropped_repaired_or_refused(tmp_path: Path) -> None:
    path = write_parcels(tmp_path / "p.gpkg", {"good": square(0, 0), "tie": BOW_TIE})
    outlines, report = read(path)
    assert ids(outlines) == ["good"] and reasons(report) == [("tie", "invalid outline")]
    assert "Self-intersection" in report.dropped[0][2]
    mended, told = read(path, invalid_outlines="repair")
    assert ids(mended) == ["good", "tie"]
    assert mended.parcels[1].outline.is_valid and mended.parcels[1].outline.area == pytest.approx(5000)
    assert told.repaired == ["tie"] and "1  invalid outline repaired: tie" in told.text()
    with pytest.raises(ValueError, match="parcel tie: its outline is invalid"):
        read(path, invalid_outlines="refuse")


def test_a_file_without_coordinate_reference_system_is_refused(tmp_path: Path) -> None:
    path = write_parcels(tmp_path / "p.gpkg", {"a": square(0, 0)}, crs=None)
    with pytest.raises(ValueError, match=r"p\.gpkg: has no coordinate reference system"):
        read(path)


@pytest.mark.parametrize("wrong", ["EPSG:4326", "EPSG:2154", "EPSG:32633"])
def test_a_wrong_coordinate_reference_system_is_refused_where_it_can_be_seen(
    tmp_path: Path, wrong: str
) -> None:
    shapes = {"a": square(0, 0)}
    if wrong == "EPSG:32633":  # degrees in a system of metres
        shapes = {"a": Point(3.0, 50.5).buffer(0.01)}
    path = write_parcels(tmp_path / "p.gpkg", shapes, crs=wrong)
    with pytest.raises(ValueError, match="outside its area of use; the coordinate reference system is wrong"):
        read(path)


def test_ids_given_twice_are_refused(tmp_path: Path) -> None:
    shapes = {"a": square(0, 0), "b": square(10, 0), "c": square(20, 0)}
    path = write_parcels(tmp_path / "p.gpkg", shapes, number=[7, 8, 7])
    with pytest.raises(ValueError, match=r"1 of its ids \(number\) belong to more than one parcel: 7"):
        read(path, id_field="number")


def test_missing_files_fields_and_ids_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file of parcel outlines"):
        read(tmp_path / "nothing.gpkg")
    (tmp_path / "text.gpkg").write_text("not a GeoPackage")
    with pytest.raises(ValueError, match=r"text\.gpkg: not a readable vector file"):
        read(tmp_path / "text.gpkg")
    path = write_parcels(tmp_path / "p.gpkg", {"a": square(0, 0), "b": square(9, 9)}, name=["x", None])
    with pytest.raises(ValueError, match=r"has no field 'crop' \(crop_field\); it has ID_PARCEL, CODE_GROUP"):
        read(path, crop_field="crop")
    with pytest.raises(ValueError, match="row 2 has no name; every parcel needs an id"):
        read(path, id_field="name")


def test_a_file_without_any_usable_parcel_says_why(tmp_path: Path) -> None:
    path = write_parcels(tmp_path / "p.gpkg", {"tie": BOW_TIE})
    with pytest.raises(ValueError, match=r"none of its 1 parcels can be used.(.|\n)*1  invalid outline"):
        read(path)


def test_the_fingerprint_follows_codes_and_outlines(tmp_path: Path) -> None:
    one, _ = read(write_parcels(tmp_path / "1.gpkg", {"a": square(0, 0)}))
    same, _ = read(write_parcels(tmp_path / "2.gpkg", {"a": square(0, 0)}))
    moved, _ = read(write_parcels(tmp_path / "3.gpkg", {"a": square(0, 1)}))
    other, _ = read(write_parcels(tmp_path / "4.gpkg", {"a": square(0, 0)}, CODE_GROUP=[2]))
    assert one.fingerprint == same.fingerprint
    assert len({one.fingerprint, moved.fingerprint, other.fingerprint}) == 3


def test_parcels_whose_crop_nobody_knows_are_kept_without_a_label_where_asked(tmp_path: Path) -> None:
    path = write_parcels(
        tmp_path / "p.gpkg", {"a": square(2, 3), "b": square(20, 3)}, CODE_GROUP=["1", "triffids"]
    )
    kept, report = read(path, unknown_crops="keep")
    assert [parcel.code for parcel in kept.parcels] == [1, -1] and not reasons(report)
    geopandas.read_file(path).drop(columns="CODE_GROUP").to_file(path)
    unlabelled, report = read(path, crop_field=None)
    assert [parcel.code for parcel in unlabelled.parcels] == [-1, -1] and not reasons(report)
    with pytest.raises(ValueError, match="has no field 'CODE_GROUP'"):
        read(path)
