"""Speckle filters on linear backscatter, at the pixels that are wanted only.

Every filter takes the neighbours that are seen; the window is a square in pixels of the grid.
"""

from __future__ import annotations

import numpy as np

#: Pixels whose windows are gathered at once: bounds memory.
_AT_ONCE = 20_000


def local_mean(power: np.ndarray, seen: np.ndarray, places: np.ndarray, window: int) -> np.ndarray:
    """Mean of each wanted pixel's window.

    Args:
        power: ``(bands, rows, columns)``, with a margin of ``window // 2`` around the pixels wanted.
        seen: ``(rows, columns)`` bool.
        places: ``(pixels, 2)`` row and column.

    Returns:
        ``(bands, pixels)`` float32; NaN where nothing in the window is seen.
    """
    return _filtered(np.nanmean, power, seen, places, window)


def local_median(power: np.ndarray, seen: np.ndarray, places: np.ndarray, window: int) -> np.ndarray:
    """Median of each wanted pixel's window; arguments and result as of :func:`local_mean`."""
    return _filtered(np.nanmedian, power, seen, places, window)


def multitemporal(values: np.ndarray, means: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The multi-temporal filter of Quegan and Yu, for uncorrelated images of one channel.

    ``J_k = E[I_k] / N * sum_i(I_i / E[I_i])`` with the local mean ``E``: the texture that all dates share
    stays, and speckle falls with their number. S. Quegan and J. J. Yu, Filtering of multichannel SAR
    images, IEEE Transactions on Geoscience and Remote Sensing 39 (2001).

    Args:
        values: ``(dates, bands, pixels)`` linear backscatter ``I``.
        means: the same of local means ``E``.
        seen: ``(dates, pixels)`` bool; dates on which a pixel is not seen count for nothing.

    Returns:
        ``(dates, bands, pixels)`` float32.
    """
    use = seen[:, None, :] & (means > 0)
    ratio = np.where(use, values / np.where(use, means, 1), 0).sum(axis=0)
    count = np.maximum(use.sum(axis=0), 1)
    return (means * (ratio / count)).astype(np.float32)


def _filtered(
    reduce: object, power: np.ndarray, seen: np.ndarray, places: np.ndarray, window: int
) -> np.ndarray:
    shown = np.where(seen, power, np.nan).astype(np.float32)
    views = np.lib.stride_tricks.sliding_window_view(shown, (window, window), axis=(1, 2))
    half = window // 2
    result = np.full((len(power), len(places)), np.nan, dtype=np.float32)
    for start in range(0, len(places), _AT_ONCE):
        rows, columns = places[start : start + _AT_ONCE].T - half
        patches = views[:, rows, columns].reshape(len(power), len(rows), window * window)
        some = ~np.isnan(patches).all(axis=2)
        result[:, start : start + _AT_ONCE][some] = reduce(patches[some], axis=1)  # type: ignore[operator]
    return result
