"""Blocks on several threads: order, settings of each thread, errors, and the same results."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from cropdash.models.block_threads import map_blocks
from cropdash.models.blocked_pooling import embed_and_pool
from cropdash.models.row_layers import mlp


@pytest.fixture
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_blocks(three_threads: None) -> None:
    assert map_blocks(lambda block: block * block, range(40)) == [i * i for i in range(40)]


def test_each_thread_computes_alone_and_the_caller_as_before(three_threads: None) -> None:
    met = threading.Barrier(3, timeout=20)  # passes only when three blocks are worked on at once
    seen = map_blocks(lambda _: (met.wait(), torch.get_num_threads(), threading.get_ident())[1:], range(3))
    assert [threads for threads, _ in seen] == [1, 1, 1]
    assert len({thread for _, thread in seen}) == 3
    assert torch.get_num_threads() == 3


def test_neither_gradient_nor_autocast_reaches_a_block(three_threads: None) -> None:
    weight = torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        products = map_blocks(lambda block: block @ weight, [torch.ones(1, 2)] * 4)
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in products)


def test_an_error_in_a_block_reaches_the_caller(three_threads: None) -> None:
    with pytest.raises(ZeroDivisionError):
        map_blocks(lambda block: 1 // block, [1, 0, 1])


def test_the_number_of_threads_changes_not_a_bit() -> None:
    sets = torch.randn(600, 64, 3, generator=torch.Generator().manual_seed(1))
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            torch.manual_seed(0)
            layers = mlp((3, 32, 64)).train()
            pooled = embed_and_pool(list(layers), sets)
            pooled.square().sum().backward()
            found.append([pooled.detach(), *(p.grad for p in layers.parameters()), *layers.buffers()])
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))
