"""A date taken away after it was embedded is as if it had never been acquired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from small_batches import EXPERIMENTS, NAMES, batch, network

from cropdash.batches import Batch
from cropdash.models.date_series import DateSeries
from cropdash.models.fusion import JOINT
from cropdash.nomenclature import Fusion

every_experiment = pytest.mark.parametrize(("fusion", "sensors"), EXPERIMENTS, ids=NAMES)


def never_acquired(parcels: Batch, removed: dict[str, torch.Tensor]) -> Batch:
    """The batch as the data floor would serve it without these dates; a pair of dates goes as a pair."""
    series = {}
    for name, s in parcels.sensors.items():
        gone = removed.get(name, removed.get(JOINT))
        assert gone is not None
        mask = s.date_mask & ~gone
        values = s.values * mask[:, :, None, None]
        seen = None if s.seen is None else s.seen & mask[:, :, None]
        series[name] = replace(s, values=values, days=s.days * mask, date_mask=mask, seen=seen)
    return replace(parcels, sensors=series)


@every_experiment
@pytest.mark.parametrize("hidden", [False, True], ids=["all seen", "some hidden"])
def test_removing_embedded_dates_is_never_having_acquired_them(
    fusion: Fusion, sensors: Sequence[str], hidden: bool
) -> None:
    net, parcels = (
        network(fusion, sensors, features=4).eval(),
        batch(fusion, sensors, features=4, hidden=hidden),
    )
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        dates = net.embed_dates(parcels)
        removed = {
            name: torch.rand(series.date_mask.shape, generator=generator) < 0.4
            for name, series in dates.items()
        }
        for gone in removed.values():
            gone[:, 1] = False  # one date stays
        after = net.classify({name: series.without(removed[name]) for name, series in dates.items()})
        before = net(never_acquired(parcels, removed))
        whole = net(parcels)
    torch.testing.assert_close(after.logits, before.logits)
    assert after.attention.keys() == before.attention.keys()
    for name, attention in after.attention.items():
        torch.testing.assert_close(attention, before.attention[name])
        assert attention.masked_select(removed[name][:, None].expand_as(attention)).eq(0).all()
    assert not torch.allclose(after.logits, whole.logits, equal_nan=True)


@every_experiment
def test_repeated_parcels_get_the_same_answers_again(fusion: Fusion, sensors: Sequence[str]) -> None:
    net, parcels = network(fusion, sensors).eval(), batch(fusion, sensors)
    with torch.no_grad():
        dates = net.embed_dates(parcels)
        again = net.classify({name: series.repeated(3) for name, series in dates.items()})
        torch.testing.assert_close(again.logits, net(parcels).logits.repeat(3, 1))


def test_removed_dates_of_another_shape_are_refused() -> None:
    series = DateSeries(torch.zeros(2, 3, 4), torch.zeros(2, 3), torch.ones(2, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"removed must be \(2, 3\)"):
        series.without(torch.zeros(3, 2, dtype=torch.bool))
