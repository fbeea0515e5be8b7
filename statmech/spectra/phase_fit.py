r"""Fits the coefficients of the spectral phase to statistics of matrices whose phase is known.

Maximum penalised likelihood, convex and therefore without a choice of start:

.. math:: \min_{b, w} \; -\frac1n \sum_i \ln P(c_i) + \epsilon \sum_{ck} w_{ck}^2

then one temperature tau on matrices left out (Guo et al., ICML 2017): the slope of all logits, which makes the
probabilities neither too sure nor too modest and cannot change a label.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from statmech.spectra.phase import PHASES, probabilities, terms

FITTED = PHASES[:-1]  # Rank-collapse is decided by the zeros


def fit_phases(
    values: NDArray[np.float64],
    names: list[str],
    phase: NDArray[np.int64],
    penalty: float = 3e-5,
    left_out: float = 0.25,
) -> dict[str, Any]:
    """Coefficients as in phase.json.

    values: (count, k) statistics in the order `names`.  phase: (count,) true ones, index into PHASES, none of them
    Rank-collapse.  penalty: epsilon.  left_out: share at the end from which the temperature is taken.

    Raises ValueError unless every phase but Rank-collapse occurs.

    Example: ``fit_phases(values, names, phase)["temperature"]``
    """
    found = sorted(set(phase.tolist()))
    if found != list(range(len(FITTED))):
        raise ValueError(f"phases {found} occur: expected each of 0 to {len(FITTED) - 1}, {', '.join(FITTED)}")
    split = len(values) - int(left_out * len(values))
    spread = values[:split].std(0)
    used = [k for k in range(len(names)) if names[k] != "zeros" and spread[k] > 0]
    fitted: dict[str, Any] = {
        "phases": list(FITTED),
        "statistics": [names[k] for k in used],
        "centre": values[:split, used].mean(0).tolist(),
        "spread": spread[used].tolist(),
        "temperature": 1.0,
    }
    z = terms(values[:split, used], fitted)
    b, w = _maximum(np.hstack([np.ones((split, 1)), z]), phase[:split], penalty)
    fitted |= {"intercept": b.tolist(), "weights": w.tolist()}
    if split < len(values):
        rest = np.arange(split, len(values))

        def loss(log_tau: float) -> float:
            p = probabilities(values[rest], names, fitted | {"temperature": float(np.exp(log_tau))})
            return -float(np.log(np.maximum(p[np.arange(len(rest)), phase[rest]], 1e-300)).mean())

        fitted["temperature"] = float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))
    return fitted


def _maximum(design: NDArray[np.float64], phase: NDArray[np.int64], penalty: float) -> tuple[Any, Any]:
    """Intercepts (5,) and weights (5, k) of greatest penalised likelihood."""
    count, k = design.shape
    truth = np.eye(len(FITTED))[phase]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(len(FITTED), k)
        a = design @ w.T
        a -= a.max(1, keepdims=True)
        log_p = a - np.log(np.exp(a).sum(1, keepdims=True))
        held = np.hstack([np.zeros((len(w), 1)), w[:, 1:]])
        gradient = (np.exp(log_p) - truth).T @ design / count + 2 * penalty * held
        return float(penalty * (held**2).sum() - (truth * log_p).sum() / count), gradient.ravel()

    w = minimize(loss, np.zeros(len(FITTED) * k), jac=True, method="L-BFGS-B", options={"maxiter": 5000}).x
    w = w.reshape(len(FITTED), k)
    return w[:, 0], w[:, 1:]
