"""True places out as rows, and back."""

from __future__ import annotations

import torch

from cropdash.models.masked_rows import MaskedRows


def test_rows_are_the_true_places_and_return_to_them() -> None:
    mask = torch.tensor([[True, False, True], [False, False, True]])
    padded = torch.arange(12.0).view(2, 3, 2)
    rows = MaskedRows(mask)
    assert len(rows) == 3
    assert torch.equal(rows.gather(padded), padded[mask])
    back = rows.scatter(padded[mask], fill=-1)
    assert torch.equal(back[mask], padded[mask])
    assert (back[~mask] == -1).all()


def test_a_mask_without_padding_costs_no_copy() -> None:
    padded = torch.randn(2, 3, 4)
    rows = MaskedRows(torch.ones(2, 3, dtype=torch.bool))
    assert rows.everything
    assert rows.gather(padded).data_ptr() == padded.data_ptr()
    assert rows.scatter(rows.gather(padded)).data_ptr() == padded.data_ptr()
    assert len(rows) == 6


def test_a_mask_without_any_true_place_gives_no_rows() -> None:
    rows = MaskedRows(torch.zeros(2, 3, dtype=torch.bool))
    assert rows.gather(torch.randn(2, 3, 4)).shape == (0, 4)
    assert torch.equal(rows.scatter(torch.empty(0, 4)), torch.zeros(2, 3, 4))
