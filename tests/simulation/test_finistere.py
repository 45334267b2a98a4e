import errno
import shutil
from collections import Counter, namedtuple
from pathlib import Path

import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from cropdash.cli import main
from cropdash.datasets.store import ParcelStore
from cropdash.datasets.store_writer import StoreWriter
from cropdash.simulation.finistere import bytes_needed, simulate_finistere
from cropdash.simulation.parcels import simulate_parcels

PARCELS = 2_100


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ParcelStore:
    path = tmp_path_factory.mktemp("simulated") / "finistere"
    arguments = ["simulate", str(path), "--parcels", str(PARCELS), "--seed", "3", "--pixels", "6"]
    result = CliRunner().invoke(main, [*arguments, "--imbalance", "softened"])
    assert result.exit_code == 0, result.output
    assert result.output == f"{PARCELS} simulated parcels in {path}\n"
    return ParcelStore.open(path)


def test_the_store_says_that_it_is_simulated_and_how(store: ParcelStore) -> None:
    assert store.info.simulated
    assert store.info.title == (
        "Simulated Finistère, 2,100 parcels, class imbalance softened to at least 40 parcels of each in Brest"
    )
    assert store.info.source.startswith("Simulated by cropdash; no evidence about the real world. Seed 3.")
    assert "raised to the power" in store.info.source and "At most 6 pixels" in store.info.source
    assert store.info.crs == "EPSG:2154"


def test_the_store_has_four_regions_and_every_class_in_the_test_region(store: ParcelStore) -> None:
    assert store.regions == ("Brest", "Chateaulin", "Morlaix", "Quimper")
    assert len(store) == PARCELS
    brest = store.parcels[store.parcels["region"] == "Brest"]
    merge = store.info.nomenclature.merge
    counts = Counter(merge.get(code, code) for code in brest["CODE_GROUP"].tolist())
    assert len(counts) == 12 and min(counts.values()) >= 40
    assert {18, 19} <= set(brest["CODE_GROUP"])


def test_the_true_crop_is_kept_beside_the_declared_one(store: ParcelStore) -> None:
    assert store.info.label_field == "CODE_GROUP"
    wrong = store.parcels["CODE_GROUP"] != store.parcels["TRUE_GROUP"]
    assert 0.01 < wrong.mean() < 0.035


def test_what_is_stored_is_what_streams(store: ParcelStore) -> None:
    block = next(simulate_parcels(PARCELS, 3, imbalance="softened", pixels=6))
    outlines = store.geometry()
    for parcel in block.parcels[:20]:
        row = store.row_of(parcel.parcel_id)
        s1, s2 = store.series(row, "S1"), store.series(row, "S2")
        np.testing.assert_allclose(s1.values, parcel.s1 / 100, rtol=1e-5)
        np.testing.assert_allclose(s2.values, parcel.s2 / 10_000, rtol=1e-5)
        np.testing.assert_array_equal(s2.dates, parcel.s2_days)
        assert shapely.equals_exact(outlines[row], parcel.outline)
        assert store.parcels.loc[row, "area"] == pytest.approx(parcel.outline.area)


def test_the_same_seed_writes_the_same_store(tmp_path: Path) -> None:
    for name in ("one", "other"):
        simulate_finistere(tmp_path / name, parcels=300, seed=9, pixels=4)
    simulate_finistere(tmp_path / "another", parcels=300, seed=10, pixels=4)
    one, other, another = (ParcelStore.open(tmp_path / name) for name in ("one", "other", "another"))
    assert one.info.fingerprint == other.info.fingerprint != another.info.fingerprint
    for sensor in ("S1", "S2"):
        files = [tmp_path / name / sensor / "pixels.npy" for name in ("one", "other")]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_the_room_needed_is_estimated_well(store: ParcelStore, tmp_path: Path) -> None:
    simulate_finistere(tmp_path / "whole", parcels=300, seed=9)
    for path, parcels, pixels in ((store.path, PARCELS, 6), (tmp_path / "whole", 300, None)):
        written = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        assert 0.8 < bytes_needed(parcels, pixels) / written < 1.4


def test_progress_reaches_the_number_of_parcels(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    simulate_finistere(
        tmp_path / "out", parcels=300, seed=1, pixels=2, progress=lambda *call: calls.append(call)
    )
    assert calls[-1] == (300, 300) and calls == sorted(calls) and len(calls) > 3


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["simulate", *arguments])
    assert result.exit_code == 1, result.output
    assert result.output.startswith("Error: ")
    return result.output


def test_too_few_parcels_are_one_sentence(tmp_path: Path) -> None:
    assert "20 parcels are too few for four regions" in refused(str(tmp_path / "out"), "--parcels", "20")
    softened = refused(str(tmp_path / "out"), "--parcels", "1000", "--imbalance", "softened")
    assert "ask for at least 2044" in softened
    assert not list(tmp_path.iterdir())


def test_a_store_is_replaced_only_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    simulate_finistere(out, parcels=60, seed=1, pixels=2)
    before = ParcelStore.open(out).info.fingerprint
    assert "already holds a store" in refused(str(out), "--parcels", "60", "--seed", "2", "--pixels", "2")
    assert ParcelStore.open(out).info.fingerprint == before
    simulate_finistere(out, parcels=60, seed=2, pixels=2, overwrite=True)
    assert ParcelStore.open(out).info.fingerprint != before


def test_what_is_no_store_is_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "letter.txt").write_text("mine")
    assert "exists and is no cropdash store" in refused(str(out), "--parcels", "60", "--overwrite")
    assert (out / "letter.txt").read_text() == "mine"


def test_a_disk_without_room_is_told_before_hours_of_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 10**6, 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    sentence = refused(str(tmp_path / "out"), "--parcels", "100000")
    assert "the store needs about 26.7 GB, but the disk has 1 MB left" in sentence
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = StoreWriter.add

    def fills_up(self: StoreWriter, **parcel: object) -> None:
        if len(self) == 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        add(self, **parcel)  # type: ignore[arg-type]

    monkeypatch.setattr(StoreWriter, "add", fills_up)
    sentence = refused(str(tmp_path / "out"), "--parcels", "60", "--pixels", "2")
    assert "the disk is full after 40 of 60 parcels; nothing was kept" in sentence
    assert not list(tmp_path.iterdir())
