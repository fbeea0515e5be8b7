"""Instances of the teacher-student perceptron for the tests of learning rules."""

from __future__ import annotations

import numpy as np


def teacher_student(n, alpha, p=0.0, seed=0, teacher="spherical", dtype=np.float64):
    """(xi (m, n) signed examples of Gaussian inputs, B (n,) with |B|^2 = n); labels flipped with probability p."""
    rng = np.random.default_rng([seed, n])
    B = rng.standard_normal(n)
    B = np.where(B > 0, 1.0, -1.0) if teacher == "ising" else B * np.sqrt(n) / np.linalg.norm(B)
    m = round(alpha * n)
    xi = np.empty((m, n), dtype)
    for start in range(0, m, 1024):  # labels block by block: no second copy of the examples
        block = rng.standard_normal((min(1024, m - start), n), dtype=np.float32).astype(dtype)
        labels = np.where(block @ B.astype(dtype) > 0, 1, -1) * np.where(rng.random(len(block)) < p, -1, 1)
        xi[start : start + len(block)] = block * labels[:, None].astype(dtype)
    return xi, B
