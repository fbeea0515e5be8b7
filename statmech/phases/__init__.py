"""Phases of a simulation: labels with their uncertainty, and boundaries between them."""

from statmech.phases.perceptron import LearnerPhases, learner_phases

__all__ = ["LearnerPhases", "learner_phases"]
