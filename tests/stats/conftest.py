"""The null model of the statistics: stationary AR(1) chains of known integrated time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter


def ar1_chains(rng: np.random.Generator, shape: tuple[int, ...], tau: float) -> np.ndarray:
    """x_t = phi x_{t-1} + noise of variance 1, tau = (1 + phi) / (2 (1 - phi)), stationary from the start."""
    phi = (2.0 * tau - 1.0) / (2.0 * tau + 1.0)
    x = rng.standard_normal(shape)
    x[..., 1:] *= np.sqrt(1.0 - phi * phi)
    return lfilter([1.0], [1.0, -phi], x, axis=-1)


@pytest.fixture(scope="session")
def ar1():
    return ar1_chains
