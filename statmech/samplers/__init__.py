"""Samplers: Markov kernels and wrappers of them, one per file."""
