"""Learning rules: deterministic algorithms that turn examples into weights, in pieces and bit for bit.

    from statmech.rules import AMP, Adatron, Hebb
    rule = Adatron()
    state = rule.start(xi)                        # xi (m, N): example times its label, t_mu x_mu
    while not rule.finished(state):
        state = rule.advance(xi, state, 10)
    w = rule.weights(state)                       # |w|^2 = N

Their theory is in `statmech.theory.learning_curves` and `statmech.theory.state_evolution`.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "Rule": "statmech.rules.rule",
    "State": "statmech.rules.rule",
    "training_error": "statmech.rules.rule",
    "Hebb": "statmech.rules.hebb",
    "LinearProgram": "statmech.rules.linear_program",
    "Enumeration": "statmech.rules.enumeration",
    "Rosenblatt": "statmech.rules.rosenblatt",
    "PseudoInverse": "statmech.rules.pseudo_inverse",
    "Adaline": "statmech.rules.adaline",
    "Adatron": "statmech.rules.adatron",
    "GradientDescent": "statmech.rules.gradient_descent",
    "AMP": "statmech.rules.amp",
    "average": "statmech.rules.averaging",
    "overlaps": "statmech.rules.averaging",
}

__all__ = [*_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'statmech.rules' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
