"""data/reference/rules.csv and what computes each of its rows."""

from __future__ import annotations

import csv
from pathlib import Path

from statmech.theory import capacity_bounds, high_temperature, learning_curves, linear_student, state_evolution
from statmech.theory import version_space as vs

FILE = Path(__file__).parents[2] / "data" / "reference" / "rules.csv"
with FILE.open() as stream:
    ROWS = list(csv.DictReader(line for line in stream if not line.startswith("#")))


def compute(row: dict[str, str]) -> float:
    """The number of a row of the file."""
    alpha, p, x = (float(row[k]) if row[k] else 0.0 for k in ("alpha", "p", "x"))
    name, quantity = row["function"], row["quantity"]
    if name == "gibbs" or name == "bayes":
        return float(getattr(getattr(learning_curves, name)(alpha), quantity))
    if name in ("hebb", "least_squares", "max_stability"):
        return float(getattr(getattr(learning_curves, name)(alpha, p), quantity))
    if name == "least_squares_training_error":
        return float(learning_curves.least_squares_training_error(alpha, p))
    if name == "least_squares_optimum":
        return float(getattr(learning_curves.least_squares_optimum(), quantity))
    if name == "asymptotics":
        return learning_curves.asymptotics()[quantity]
    if name == "zero_error_load":
        return float(getattr(learning_curves.zero_error_load(p), quantity))
    if name in ("annealed_bound", "transition", "spinodal"):
        return getattr(getattr(high_temperature, name)(), quantity)
    if name in state_evolution.PRIORS:
        return float(getattr(state_evolution.fixed_point(alpha, p, prior=name, start=x), quantity))
    if name.endswith("_at_T"):
        prior = name.removesuffix("_at_T")
        return float(getattr(state_evolution.fixed_point(alpha, p, x, prior), quantity))
    if name == "cover":
        return capacity_bounds.cover(int(row["alpha"]), int(row["x"]))
    if name == "growth":
        return float(capacity_bounds.growth(alpha))
    if name == "vc_bounds":
        return float(getattr(capacity_bounds.vc_bounds(alpha), quantity))
    if name == "effective_vc_curve":
        return float(capacity_bounds.effective_vc_curve(alpha))
    if name == "worst_student":
        return float(vs.worst_student(alpha).eps_g)
    if name == "ridge":
        return float(linear_student.ridge(alpha, x, p).eps_g)
    if name == "linear_least_squares":
        return float(linear_student.least_squares(alpha, p).eps_g)
    if name == "gradient_flow":
        return float(linear_student.gradient_flow(alpha, x, p).eps_g)
    time, student = linear_student.stopping_time(alpha, p)
    return time if quantity == "t" else float(student.eps_g)
