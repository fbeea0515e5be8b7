"""Replica theory. Modules are loaded on demand: ``from statmech.theory import hopfield``."""
