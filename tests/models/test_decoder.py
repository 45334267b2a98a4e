"""The decoder by itself."""

from __future__ import annotations

import torch

from cropdash.models.decoder import Decoder


def test_parcels_never_seen_have_nan_and_enter_no_statistic() -> None:
    torch.manual_seed(0)
    decoder, without = Decoder(8, (6,), 3).train(), Decoder(8, (6,), 3).train()
    without.load_state_dict(decoder.state_dict())
    embedding = torch.randn(5, 8)
    present = torch.tensor([True, True, False, True, True])
    logits = decoder(embedding, present)
    assert logits[2].isnan().all()
    torch.testing.assert_close(logits[present], without(embedding[present], torch.ones(4, dtype=torch.bool)))
    for a, b in zip(decoder.buffers(), without.buffers(), strict=True):
        assert torch.equal(a, b)


def test_a_decoder_without_hidden_layers_is_one_linear_map() -> None:
    decoder = Decoder(8, (), 3)
    embedding = torch.randn(4, 8)
    torch.testing.assert_close(
        decoder(embedding, torch.ones(4, dtype=torch.bool)), decoder.classes(embedding)
    )
