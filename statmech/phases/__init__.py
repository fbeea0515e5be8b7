"""Phases of a simulation: labels with their probabilities, and boundaries between them."""

from statmech.phases.boundary import Boundary, grid_boundary, trace
from statmech.phases.first_order import POOR, poor_energy, teacher_transition
from statmech.phases.glass import glass_phases
from statmech.phases.hopfield import free_energy_gain, hopfield_phases
from statmech.phases.indicators import ScaledMoment, Survival
from statmech.phases.labels import PhaseMap
from statmech.phases.perceptron import LearnerPhases, learner_map, learner_phases
from statmech.phases.refine import Refined, refine

__all__ = ["POOR", "Boundary", "LearnerPhases", "PhaseMap", "Refined", "ScaledMoment", "Survival", "free_energy_gain",
           "glass_phases", "grid_boundary", "hopfield_phases", "learner_map", "learner_phases", "poor_energy", "refine",
           "teacher_transition", "trace"]  # fmt: skip
