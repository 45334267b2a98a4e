"""Outlines of any vector file join parcels by id, and what does not join is told."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pytest
from shapely.geometry import Point, Polygon, box

from cropdash.datasets.import_report import Reason
from tests.readers.reference_tree import only_problem


@pytest.fixture
def parcels(tmp_path):
    """Write outlines for all six parcels, changed by a function, in a format of choice."""

    def write(change=lambda table: table, name: str = "p.gpkg", crs: str | None = "EPSG:2154") -> Path:
        known = ["11", "12", "13", "21", "22", "23"]
        shapes = [box(i, 0, i + 1, 1) for i in range(6)]
        table = change(geopandas.GeoDataFrame({"ID_PARCEL": known}, geometry=shapes, crs=crs))
        path = tmp_path / name
        table.to_parquet(path) if path.suffix == ".parquet" else table.to_file(path)
        return path

    return write


@pytest.mark.parametrize("name", ["p.gpkg", "p.geojson", "p.shp", "p.parquet"])
def test_any_vector_file_joins_by_id(run_import, parcels, name):
    report, store = run_import(parcels=parcels(name=name))
    assert not report.counts
    assert store.info.crs == "EPSG:2154"
    assert store.geometry().iloc[3].equals(box(3, 0, 4, 1))


def test_number_ids_join_to_file_names(run_import, parcels):
    path = parcels(lambda table: table.assign(ID_PARCEL=table["ID_PARCEL"].astype(float)))
    report, _ = run_import(parcels=path)
    assert not report.counts


def test_another_id_column(run_import, parcels):
    path = parcels(lambda table: table.rename(columns={"ID_PARCEL": "pid"}))
    with pytest.raises(ValueError, match=r"no column 'ID_PARCEL'.*pid"):
        run_import(parcels=path)
    report, _ = run_import(parcels=path, id_field="pid")
    assert not report.counts


def test_parcel_without_outline(run_import, parcels):
    report, store = run_import(parcels=parcels(lambda table: table.iloc[1:]))
    assert only_problem(report, Reason.PARCEL_WITHOUT_OUTLINE).parcel_id == "11"
    assert store.geometry().isna().tolist() == [True, *[False] * 5]


def test_outline_without_parcel(run_import, parcels):
    report, _ = run_import(parcels=parcels(lambda table: table.replace({"ID_PARCEL": {"23": "99"}})))
    assert dict(report.counts) == {Reason.PARCEL_WITHOUT_OUTLINE: 1, Reason.OUTLINE_WITHOUT_PARCEL: 1}
    assert report.problems[-1].parcel_id == "99"


def test_several_outlines_of_one_id(run_import, parcels):
    report, _ = run_import(parcels=parcels(lambda table: table.replace({"ID_PARCEL": {"12": "11"}})))
    assert dict(report.counts) == {Reason.REPEATED_OUTLINE: 2, Reason.PARCEL_WITHOUT_OUTLINE: 2}


@pytest.mark.parametrize(
    "shape", [Point(0, 0), Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), Polygon(), None], ids=str
)
def test_invalid_outline(run_import, parcels, shape):
    def spoil(table):
        table.loc[0, "geometry"] = shape
        return table

    report, store = run_import(parcels=parcels(spoil, name="p.parquet"))
    assert dict(report.counts) == {Reason.INVALID_OUTLINE: 1, Reason.PARCEL_WITHOUT_OUTLINE: 1}
    assert store.geometry().isna().sum() == 1


@pytest.mark.filterwarnings("ignore:.crs. was not provided")
def test_outlines_without_reference_system_are_refused(run_import, parcels):
    with pytest.raises(ValueError, match="no coordinate reference system"):
        run_import(parcels=parcels(crs=None))


def test_a_file_that_is_no_vector_file(run_import, tmp_path):
    (tmp_path / "p.gpkg").write_text("nothing")
    with pytest.raises(ValueError, match=r"p\.gpkg: not a readable vector file"):
        run_import(parcels=tmp_path / "p.gpkg")
    with pytest.raises(FileNotFoundError, match="no such file"):
        run_import(parcels=tmp_path / "q.gpkg")
