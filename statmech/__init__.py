"""statmech: a statistical-mechanics simulation engine for models of memory and learning.

    import statmech
    from statmech import Hopfield
    result = statmech.simulate(Hopfield(n=500, alpha=0.05), T=[0.2, 0.6, 1.2], starts=("random", "pattern"))
    print(result)

Names are loaded when first used, so `import statmech` costs little more than NumPy.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Model": "statmech.spec",
    "Ising": "statmech.spaces.ising",
    "Sphere": "statmech.spaces.sphere",
    "Hopfield": "statmech.models.hopfield",
    "REM": "statmech.models.rem",
    "MinimallyFrustrated": "statmech.models.minimally_frustrated",
    "Enumeration": "statmech.tasks.enumeration",
    "ExtremeLevels": "statmech.tasks.extreme_levels",
    "Pairs": "statmech.models.pairs",
    "SK": "statmech.models.sk",
    "PSpin": "statmech.models.pspin",
    "Planted": "statmech.models.planted",
    "Perceptron": "statmech.models.perceptron",
    "Data": "statmech.models.examples",
    "Potential": "statmech.potentials",
    "RandomPatterns": "statmech.models.patterns",
    "StoredPatterns": "statmech.models.patterns",
    "Metropolis": "statmech.samplers.single",
    "HeatBath": "statmech.samplers.single",
    "GreatCircles": "statmech.samplers.great_circles",
    "Rotations": "statmech.samplers.rotations",
    "Billiards": "statmech.samplers.billiards",
    "HamiltonianMonteCarlo": "statmech.samplers.hamiltonian",
    "Langevin": "statmech.samplers.hamiltonian",
    "BrownianDynamics": "statmech.samplers.overdamped",
    "Tempering": "statmech.samplers.tempering",
    "Annealing": "statmech.samplers.annealing",
    "Quench": "statmech.samplers.annealing",
    "MonteCarlo": "statmech.tasks.montecarlo",
    "Ageing": "statmech.tasks.ageing",
    "PopulationAnnealing": "statmech.tasks.population",
    "AnnealedImportance": "statmech.tasks.importance",
    "Minima": "statmech.tasks.minima",
    "Results": "statmech.results",
    "simulate": "statmech.api",
    "log_z": "statmech.free_energy",
    "Sweep": "statmech.sweep",
    "Zip": "statmech.sweep",
    "load": "statmech.io.load",
    "read_patterns": "statmech.io.matrices",
    "read_pairs": "statmech.io.matrices",
    "read_network": "statmech.io.networks",
    "analyse": "statmech.layers",
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'statmech' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
