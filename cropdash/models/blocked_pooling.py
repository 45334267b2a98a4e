"""The pixel-set encoder's widest part on the CPU, near the speed of matrix products.

The embedded pixels of a batch are a hundred times larger than its input: written to memory and read
back a dozen times, they cost far more than the arithmetic. Here the sets pass through the shared MLP
a few at a time, small enough for the processor's cache; only pooled values are kept, and the backward
pass computes the blocks again. In training, whatever a batch norm needs of all pixels follows from sums
over the rows that enter its layer:

- its statistics from their mean and covariance, since the map before it is linear;
- the gradients from ``sum(dy)`` and ``sum(dy h)``, where ``h`` are those rows and ``dy`` the gradient
  at the norm's output (Ioffe and Szegedy 2015, arXiv 1502.03167, section 3).

So each layer costs one more pass over the blocks in either direction, and no pass leaves the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from cropdash.models.masked_rows import MaskedRows
from cropdash.models.row_layers import Affine, LinearNorm, RowBatchNorm
from cropdash.models.set_statistics import SetStatistics

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

#: Pixels in a block; 64 values of each fill 2 MB.
BLOCK = 8192


def embed_and_pool(layers: Sequence[LinearNorm], sets: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean and deviation over each set of its pixels' embeddings, by the statistics of this batch.

    Equal to pooling ``layers(pixels)`` in training mode but for rounding, running statistics included.
    It offers no gradient of the pixels and no second derivative.

    Args:
        layers: the shared MLP in training mode, each layer with a ReLU.
        sets: ``(sets, pixels, channels)``, two true pixels in all at least.
        mask: ``(sets, pixels)`` bool, at least one true pixel a set; all are true if None.

    Returns:
        ``(sets, 2 * width)``: means, then standard deviations.
    """
    weights = [w for layer in layers for w in (layer.linear.weight, layer.norm.weight, layer.norm.bias)]
    norms = [layer.norm for layer in layers]
    pooled: Tensor = _EmbedAndPool.apply(_blocks(sets, mask), norms, *weights)
    return pooled


def embed_and_pool_as_learned(
    layers: Sequence[LinearNorm], sets: Tensor, mask: Tensor | None = None
) -> Tensor:
    """The same by the running statistics, as in evaluation; any pixels will do, and no gradient is recorded."""
    with torch.no_grad():
        statistics = _pool([layer.folded() for layer in layers], _blocks(sets, mask))
        return torch.cat([torch.cat((s.mean, s.deviation), dim=1) for s in statistics])


@dataclass(frozen=True, slots=True)
class _Block:
    """A few sets, their true pixels taken out as rows."""

    part: slice
    rows: Tensor
    places: MaskedRows
    mask: Tensor | None


def _blocks(sets: Tensor, mask: Tensor | None) -> list[_Block]:
    """The sets of a batch, as many at a time as :data:`BLOCK` allows."""
    size = max(1, BLOCK // sets.shape[1])
    if mask is None:
        mask = sets.new_ones(1, dtype=torch.bool).expand(sets.shape[:2])
    blocks = []
    for start in range(0, max(1, len(sets)), size):  # one block, if an empty one
        part = slice(start, start + size)
        places = MaskedRows(mask[part])
        rows = places.gather(sets[part])
        blocks.append(_Block(part, rows, places, None if places.everything else mask[part]))
    return blocks


class _EmbedAndPool(torch.autograd.Function):
    # Full precision even under autocast: in bfloat16 the products gain what the CPU's slower element-wise
    # kernels lose again.

    @staticmethod
    def forward(ctx: Any, blocks: list[_Block], norms: list[RowBatchNorm], *weights: Tensor) -> Tensor:
        folded: list[_FoldedLayer] = []
        for norm, linear, scale, shift in zip(norms, weights[::3], weights[1::3], weights[2::3], strict=True):
            inputs = _Moments.of(blocks, [layer.affine for layer in folded])
            folded.append(_FoldedLayer.of(norm, linear, scale, shift, inputs))
        statistics = _pool([layer.affine for layer in folded], blocks)
        mean = torch.cat([s.mean for s in statistics])
        deviation = torch.cat([s.deviation for s in statistics])
        ctx.blocks, ctx.folded, ctx.sizes = blocks, folded, [s.size for s in statistics]
        ctx.save_for_backward(mean, deviation)
        return torch.cat((mean, deviation), dim=1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        mean, deviation = ctx.saved_tensors
        of_mean, of_deviation = gradient.chunk(2, dim=1)
        affine = [layer.affine for layer in ctx.folded]

        def sums(above: Sequence[_Backward], of_block: tuple[_Block, Tensor]) -> tuple[Tensor, Tensor]:
            """Of the gradient at the output of the norm below ``above``, and of its products with the input."""
            block, size = of_block
            statistics = SetStatistics(mean[block.part], deviation[block.part], size)
            slope, offset = statistics.slope_and_offset(of_mean[block.part], of_deviation[block.part])
            embedded = _embed(affine, block.rows)
            sets = block.places.scatter(embedded[-1])
            rows = block.places.gather(torch.addcmul(offset.unsqueeze(1), sets, slope.unsqueeze(1)))
            rows = _through_relu(rows, embedded[-1])
            for step, inputs in zip(above, embedded[-2::-1], strict=False):
                rows = _through_relu(step(rows, inputs), inputs)
            # The narrow side first: the other order is several times slower.
            return rows.sum(0).double(), (embedded[-2 - len(above)].mT @ rows).mT.double()

        gradients: list[Tensor] = []
        above: list[_Backward] = []
        for layer in reversed(ctx.folded):
            parts = _each(partial(sums, above), zip(ctx.blocks, ctx.sizes, strict=True))
            of_output, of_product = _total(parts)
            step, *of_weights = layer.backward(of_output, of_product)
            above.append(step)
            gradients[:0] = of_weights
        return None, None, *gradients


def _pool(layers: Sequence[Affine], blocks: Sequence[_Block]) -> list[SetStatistics]:
    def of_block(block: _Block) -> SetStatistics:
        sets = block.places.scatter(_embed(layers, block.rows)[-1])
        return SetStatistics.of(sets, block.mask, overwrite=True)

    return _each(of_block, blocks)


def _embed(layers: Sequence[Affine], rows: Tensor) -> list[Tensor]:
    """The rows, and after them the output of each layer."""
    embedded = [rows]
    for layer in layers:
        embedded.append(torch.addmm(layer.shift, embedded[-1], layer.map).relu_())
    return embedded


def _each(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    # One after the other: threads of Python, a block each, wait for one another at every operation.
    with torch.autocast("cpu", enabled=False):
        return [function(item) for item in items]


def _total(parts: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Sums of the first and of the second of each pair, always in the same order."""
    first, second = zip(*parts, strict=True)
    return torch.stack(first).sum(0), torch.stack(second).sum(0)


def _through_relu(gradient: Tensor, output: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward.grad_input(gradient, output, 0, grad_input=gradient)


@dataclass(frozen=True, slots=True)
class _Moments:
    """Number, mean ``(channels,)`` and covariance ``(channels, channels)`` of rows, in float64."""

    count: int
    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, blocks: Sequence[_Block], layers: Sequence[Affine]) -> _Moments:
        """Of the rows of all blocks as the layers so far embed them."""
        # Sums about a point amid the rows keep a small spread around a large mean.
        (origin,) = _each(lambda block: _embed(layers, block.rows)[-1].mean(0), blocks[:1])

        def sums(block: _Block) -> tuple[Tensor, Tensor]:
            centred = _embed(layers, block.rows)[-1] - origin
            return centred.sum(0).double(), (centred.mT @ centred).double()

        count = sum(len(block.rows) for block in blocks)
        total, product = _total(_each(sums, blocks))
        mean = total / count
        return cls(count, origin + mean, product / count - torch.outer(mean, mean))


@dataclass(frozen=True, slots=True)
class _FoldedLayer:
    """Linear map and batch norm as one affine map.

    The rest is kept in float64 for the backward pass: the linear ``weight`` (outputs, inputs), the
    mean and inverse deviation of its outputs, the norm's scale, and the moments of its inputs.
    """

    affine: Affine
    weight: Tensor
    mean: Tensor
    inverse: Tensor
    scale: Tensor
    inputs: _Moments

    @classmethod
    def of(
        cls, norm: RowBatchNorm, weight: Tensor, scale: Tensor, shift: Tensor, inputs: _Moments
    ) -> _FoldedLayer:
        """The layer in training; updates the running statistics of ``norm``."""
        dtype = weight.dtype
        weight, scale, shift = weight.double(), scale.double(), shift.double()
        mean = weight @ inputs.mean
        variance = ((weight @ inputs.covariance) * weight).sum(1).clamp_min(0)
        norm.update_running_statistics(mean, variance, inputs.count)
        inverse = torch.rsqrt(variance + norm.eps)
        slope = scale * inverse
        return cls(
            Affine((weight * slope[:, None]).mT.contiguous().to(dtype), (shift - mean * slope).to(dtype)),
            weight,
            mean,
            inverse,
            scale,
            inputs,
        )

    def backward(self, of_output: Tensor, of_product: Tensor) -> tuple[_Backward, Tensor, Tensor, Tensor]:
        """How to go on below this layer, and the gradients of its weight, scale and shift.

        Args:
            of_output: ``(outputs,)`` sum over rows of the gradient ``dy`` of the norm's output.
            of_product: ``(outputs, inputs)`` sum of ``dy`` times the input.
        """
        dtype, count = self.affine.map.dtype, self.inputs.count
        of_scale = self.inverse * ((of_product * self.weight).sum(1) - self.mean * of_output)
        # The gradient of the linear map's output z is slope * (dy - mean dy - z' mean(dy z')), where
        # z' is z normalised. The sums of z' over rows are 0; those of z' times h are W cov(h) / std.
        slope = self.scale * self.inverse
        of_spread = slope * self.inverse * of_scale / count
        of_weight = slope[:, None] * (of_product - torch.outer(of_output, self.inputs.mean))
        of_weight -= (of_spread * count)[:, None] * (self.weight @ self.inputs.covariance)
        step = _Backward(
            self.affine.map.mT,
            -(self.weight.mT @ (of_spread[:, None] * self.weight)).to(dtype),
            ((of_spread * self.mean - slope * of_output / count) @ self.weight).to(dtype),
        )
        return step, of_weight.to(dtype), of_scale.to(dtype), of_output.to(dtype)


@dataclass(frozen=True, slots=True)
class _Backward:
    """From the gradient of a layer's output to that of its input: affine in both ``dy`` and input."""

    of_output: Tensor
    of_input: Tensor
    constant: Tensor

    def __call__(self, gradient: Tensor, inputs: Tensor) -> Tensor:
        return torch.addmm(self.constant, gradient, self.of_output).addmm_(inputs, self.of_input)
