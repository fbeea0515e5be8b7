"""Integrated autocorrelation time and the error of a mean (Wolff's automatic windowing)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

TAU_CONVENTION = "tau_int = 1/2 + sum_t rho(t), in sweeps; bounded below by half a time bin"
WINDOW_FACTOR = 1.5  # Wolff's S: the ratio tau_exp / tau_int that the window assumes
BLOCK = 2**18  # values worked on at once: larger blocks leave the cache


class Tau(NamedTuple):
    """An integrated autocorrelation time, in the unit of the series (bins).

    tau: 1/2 + sum_{t>=1} rho(t), float64 (...); multiply by the bin length to have sweeps.
    error: its standard error. window: the summation window W, int64; 0 flags a series without variance
    (there tau = 1/2 and error = 0). A window that reached half of the series is not to be trusted.
    """

    tau: NDArray[np.float64]
    error: NDArray[np.float64]
    window: NDArray[np.int64]


class Noise(NamedTuple):
    """What the autocovariance of pooled chains says: var(x), 2 tau var(x), tau and the window W."""

    variance: NDArray[np.float64]
    spectral: NDArray[np.float64]
    tau: NDArray[np.float64]
    window: NDArray[np.int64]


def as_chains(x: ArrayLike, name: str = "x") -> NDArray[np.float64]:
    """The series as float64 of shape (..., K, n); a vector is one chain. Raises ValueError or TypeError."""
    series = np.asarray(x)
    if series.dtype.kind not in "fiub":
        raise TypeError(f"{name}: got dtype {series.dtype}, expected real numbers; take abs or real first")
    if series.ndim == 1:
        series = series[None]
    if series.ndim < 2 or series.shape[-2] < 1 or series.shape[-1] < 4:
        raise ValueError(
            f"{name}: got shape {series.shape}, expected (..., chains, bins) with at least 1 chain and "
            "4 bins; run longer or use shorter bins"
        )
    return series.astype(np.float64, copy=False)


def resolution(x: ArrayLike) -> float:
    """The relative size below which differences in `x` are rounding (1e-10; 2e-6 for single precision)."""
    dtype = np.asarray(x).dtype
    return max(1e-10, 16.0 * float(np.finfo(dtype).eps)) if dtype.kind == "f" else 1e-10


def blocks(series: NDArray[np.float64]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Slices over the flattened leading axes, small enough for the cache."""
    flat = series.reshape(-1, *series.shape[-2:])
    step = max(1, BLOCK // (flat.shape[-1] * flat.shape[-2]))
    for first in range(0, len(flat), step):
        rows = slice(first, first + step)
        yield rows, flat[rows]


def autocovariance(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gamma(t) = mean of x_i x_{i+t} over chains and i, t = 0 .. n/2 - 1, of a centred (..., K, n) array."""
    n = centred.shape[-1]
    lags = max(2, n // 2)
    size = fft.next_fast_len(n + lags, real=True)
    spectrum = fft.rfft(centred, size)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=-2)
    gamma: NDArray[np.float64] = fft.irfft(power, size)[..., :lags] / (n - np.arange(lags))
    return gamma


def window_noise(gamma: NDArray[np.float64], samples: int, per_mean: int) -> Noise:
    """Wolff's window, tau and 2 tau var from autocovariances Gamma(t) (..., lags) of `samples` values in all.

    `per_mean` is the number of values behind each mean that was subtracted: a mean taken from the data
    lowers Gamma(t) by 2 tau var / per_mean, which is put back here (Wolff, eq. 49).
    """
    lags = gamma.shape[-1]
    variance = gamma[..., 0]
    safe = np.where(variance > 0.0, variance, 1.0)
    tau_w = 0.5 + np.cumsum(gamma[..., 1:], axis=-1) / safe[..., None]
    w = np.arange(1, lags)
    with np.errstate(divide="ignore", over="ignore"):
        ratio = np.where(tau_w > 0.5, (2.0 * tau_w + 1.0) / np.maximum(2.0 * tau_w - 1.0, 1e-300), np.inf)
        decay = np.maximum(WINDOW_FACTOR / np.log(ratio), 1e-10)
    stop = np.exp(-w / decay) < decay / np.sqrt(w * float(samples))
    stop[..., -1] = True
    window = np.argmax(stop, axis=-1) + 1
    tau = np.take_along_axis(tau_w, window[..., None] - 1, axis=-1)[..., 0]
    # Anticorrelated noise can push the sum below zero; the floor is that of the ESS in Vehtari et al. (2021).
    tau = np.maximum(tau, 0.5 / np.log10(max(samples, 10)))
    spectral = 2.0 * tau * safe
    bias = spectral / per_mean
    spectral = spectral + (2 * window + 1) * bias
    tau = spectral / (2.0 * (safe + bias))
    still = variance <= 0.0
    return Noise(
        np.where(still, 0.0, variance + bias),
        np.where(still, 0.0, spectral),
        np.where(still, 0.5, tau),
        np.where(still, 0, window),
    )


def pooled_noise(x: ArrayLike, mean: str = "common") -> tuple[Noise, NDArray[np.float64], int]:
    """Noise of the pooled chains, their mean, the number K n of values; arguments as `integrated_time`."""
    if mean not in ("common", "chain"):
        raise ValueError(f"mean: got {mean!r}, expected 'common' or 'chain'")
    series, tolerance = as_chains(x), resolution(x)
    chains, n = series.shape[-2:]
    lead = series.shape[:-2]
    parts = []
    for _, block in blocks(series):
        average = block.mean(axis=(-2, -1) if mean == "common" else -1, keepdims=True)
        centred = block - average
        # Rounding of a constant series is not a fluctuation.
        centred[np.abs(centred).max(axis=(-2, -1)) <= tolerance * np.abs(block).max(axis=(-2, -1))] = 0.0
        parts.append(window_noise(autocovariance(centred), chains * n, chains * n if mean == "common" else n))
    if not parts:
        empty = np.zeros(lead)
        return Noise(empty, empty, empty, empty.astype(np.int64)), empty, chains * n
    noise = Noise(*(np.concatenate(field).reshape(lead)[()] for field in zip(*parts, strict=True)))
    return noise, series.mean(axis=(-2, -1)), chains * n


def tau_of(noise: Noise, samples: int) -> Tau:
    """tau with its error, 4 (W + 1/2 - tau) tau^2 / N (Wolff, eq. 42)."""
    spread = np.maximum(noise.window + 0.5 - noise.tau, 0.0)
    error = np.where(noise.window > 0, 2.0 * noise.tau * np.sqrt(spread / samples), 0.0)
    return Tau(noise.tau, error, noise.window)


def integrated_time(x: ArrayLike, mean: Literal["common", "chain"] = "common") -> Tau:
    """Integrated autocorrelation time tau = 1/2 + sum_{t>=1} rho(t), in bins.

    x: (..., K, n), K chains of one class pooled in one autocovariance; a vector is one chain.
    mean="common" measures fluctuations about the mean of all chains, so that chains that disagree give a
    large tau; mean="chain" about the mean of each chain (the time within a chain). The window is the smallest
    W with exp(-W/t_W) < t_W / sqrt(W N), t_W = S / ln[(2 tau_W + 1)/(2 tau_W - 1)], S = 1.5, N = K n;
    error^2 = 4 (W + 1/2 - tau) tau^2 / N. White noise has tau = 1/2 and var(mean) = 2 tau var / N. When a bin
    is longer than the true time, tau in sweeps is only bounded from above, by half a bin.
    Raises ValueError (fewer than 4 bins) and TypeError (complex input).
    Source: U. Wolff, Comput. Phys. Commun. 156, 143 (2004), eqs. 42, 49-52.

    >>> round(float(integrated_time(np.random.default_rng(1).standard_normal((4, 256))).tau), 1)
    0.5
    """
    noise, _, samples = pooled_noise(x, mean)
    return tau_of(noise, samples)


def mean_error(x: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean over chains and time and its standard error, error^2 = 2 tau var / (K n), each of shape (...).

    x: (..., K, n). tau is `integrated_time(x)`, about the common mean: chains that disagree widen the error.
    A constant series has error 0. Raises as `integrated_time`. Source: Wolff (2004), eq. 49.

    >>> value, error = mean_error(np.random.default_rng(1).standard_normal((4, 256)))
    """
    noise, average, samples = pooled_noise(x)
    return average, np.sqrt(noise.spectral / samples)
