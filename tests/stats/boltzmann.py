"""Independent Boltzmann samples of tiny models, by enumeration."""

from __future__ import annotations

from functools import cache

import numpy as np
from exact.tiny import Tiny

from statmech import SK, Hopfield, Ising, PSpin
from statmech.stats.blocks import sort_levels

LADDER = np.array([0.4, 0.55, 0.8, 1.2, 2.0, 4.0, np.inf])
MODELS = {
    "hopfield": Hopfield(n=12, alpha=0.25),
    "sk": SK(16),
    "binary": SK(16, couplings="binary"),
    "p3": PSpin(9, p=3),
    "tiny p3": Tiny(3),
}


class Instance:
    """Levels (L,) of one sample of a model with ln of their multiplicities (L,)."""

    def __init__(self, E: np.ndarray, ln_g: np.ndarray):
        self.E, self.ln_g = E, ln_g

    def _log_weights(self, T) -> np.ndarray:
        return self.ln_g - np.multiply.outer(1 / np.asarray(T, float), self.E)

    def ln_z(self, T) -> np.ndarray:
        x = self._log_weights(T)
        top = x.max(-1)
        return top + np.log(np.exp(x - top[..., None]).sum(-1))

    def mean(self, values, T) -> np.ndarray:
        """<values(E)> at T."""
        return np.exp(self._log_weights(T) - self.ln_z(T)[..., None]) @ values

    def draw(self, rng: np.random.Generator, T, *shape: int) -> np.ndarray:
        """Energies (T, *shape), independent."""
        rows = []
        for t in T:
            law = np.cumsum(np.exp(self._log_weights(t) - self.ln_z(t)))
            rows.append(self.E[np.searchsorted(law / law[-1], rng.random(shape))])
        return np.stack(rows)


@cache
def instance(name: str, sample: int = 0) -> Instance:
    """A disorder sample of one of MODELS."""
    model = MODELS[name]
    disorder = model.disorder(model.disorder_keys((sample,), 0))
    E = model.energy(disorder, Ising().enumerate(model.n)[None, None])[0, 0]
    levels, index = sort_levels(E)
    return Instance(levels, np.log(np.bincount(index)))
