"""Tempering with the faults that are known from other codes; the tests of this folder must reject each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from statmech import Tempering


@dataclass(frozen=True)
class SignFlipped(Tempering):
    @staticmethod
    def accept(xi, beta_a, beta_b, E_a, E_b):
        return Tempering.accept(xi, beta_b, beta_a, E_a, E_b)


@dataclass(frozen=True)
class Rescaled(Tempering):
    """dE * 0.9."""

    @staticmethod
    def accept(xi, beta_a, beta_b, E_a, E_b):
        return Tempering.accept(xi, beta_a, beta_b, 0.9 * E_a, 0.9 * E_b)


@dataclass(frozen=True)
class PerSpin(Tempering):
    """The acceptance with the energy per spin."""

    spins: int = 4

    def exchange(self, state, energy, ladder, keys, turn):
        super().exchange(state, energy / self.spins, ladder, keys, turn)


@dataclass(frozen=True)
class WrongWalker(Tempering):
    """Energies of other walkers than those that change places."""

    def exchange(self, state, energy, ladder, keys, turn):
        super().exchange(state, np.roll(energy, 1, axis=1), ladder, keys, turn)


@dataclass(frozen=True)
class ByPlace(Tempering):
    """Energies read by place instead of by rung: right until the first exchange is accepted."""

    def exchange(self, state, energy, ladder, keys, turn):
        super().exchange(state, self.arrange(state, energy), ladder, keys, turn)
