"""The vocabulary of observables: one name, symbol and meaning for store, plots and theory.

Simulation and theory use the same names, so an overlay needs no mapping.  All energies are per spin, k_B = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Observable:
    """What a name means: LaTeX symbol, words, unit, valid range (which fixes a colour scale where it is bounded)."""

    name: str
    latex: str
    long_name: str
    unit: str = "1"
    low: float = float("-inf")
    high: float = float("inf")


def _table(*rows: Observable) -> dict[str, Observable]:
    return {row.name: row for row in rows}


OBSERVABLES = _table(
    Observable("e", r"$e$", "energy per spin", "k_B"),
    Observable("e2", r"$e^2$", "square of the energy per spin", "k_B^2", 0.0),
    Observable("e_min", r"$e_{\min}$", "lowest energy per spin measured by any replica, from the start", "k_B"),
    Observable("m", r"$m$", "overlap with the condensed pattern or the planted state", "1", -1.0, 1.0),
    Observable("m_abs", r"$|m|$", "modulus of the overlap with that pattern or state", "1", 0.0, 1.0),
    Observable("m_max", r"$\max_\mu|m_\mu|$", "largest overlap with any pattern", "1", 0.0, 1.0),
    Observable("m_3", r"$|m|_{(3)}$", "third largest overlap (mixture states)", "1", 0.0, 1.0),
    Observable("r", r"$r$", "sum of squared overlaps with the other patterns, over alpha", "1", 0.0),
    Observable("M", r"$M$", "magnetisation per spin", "1", -1.0, 1.0),
    Observable("q", r"$q$", "overlap of two real replicas", "1", -1.0, 1.0),
    Observable("q_abs", r"$|q|$", "modulus of the replica overlap", "1", 0.0, 1.0),
    Observable("q2", r"$q^2$", "square of the replica overlap", "1", 0.0, 1.0),
    Observable("q3", r"$q^3$", "third power of the replica overlap", "1", -1.0, 1.0),
    Observable("q4", r"$q^4$", "fourth power of the replica overlap", "1", 0.0, 1.0),
    Observable("eps_t", r"$\epsilon_t$", "training error, on the noisy labels", "1", 0.0, 1.0),
    Observable("eps_g", r"$\epsilon_g$", "generalisation error, on clean labels", "1", 0.0, 1.0),
    Observable("loss_t", r"$L_t$", "training loss, mean cross-entropy on the noisy labels", "nat", 0.0),
    Observable("loss_g", r"$L_g$", "test loss, mean cross-entropy on clean labels", "nat", 0.0),
    Observable("eps_clean", r"$\epsilon_c$", "training error against the labels before any was redrawn", "1", 0.0, 1.0),
    Observable("distance", r"$|w-w_0|$", "distance of all parameters from their start", "1", 0.0),
    Observable("layer_distance", r"$|W-W_0|$", "distance of the weights of a layer from their start", "1", 0.0),
    Observable("layer_norm", r"$|W|_F$", "Frobenius norm of the weights of a layer", "1", 0.0),
    Observable("norm", r"$|W|_F$", "Frobenius norm of all weight matrices together", "1", 0.0),
    Observable("entropy", r"$S$", "matrix entropy of a layer over its largest value", "1", 0.0, 1.0),
    Observable("update", r"$t$", "updates of gradient descent", "updates", 0.0),
    Observable("epoch", r"$t$", "passes over the training set", "epochs", 0.0),
    Observable("mislabelled", r"$c$", "share of training examples with a wrong label", "1", 0.0, 1.0),
    Observable("examples", r"$m$", "training examples", "1", 0.0),
    Observable("reached", r"$P$", "share of the runs that came to a reading", "1", 0.0, 1.0),
    Observable("gap", r"$\Delta\epsilon$", "error on new noisy examples minus training error", "1", -1.0, 1.0),
    Observable("R", r"$R$", "overlap with the teacher", "1", -1.0, 1.0),
    Observable("eps_avg", r"$\bar\epsilon_g$", "generalisation error of the averaged student", "1", 0.0, 1.0),
    Observable("c", r"$c$", "specific heat N (<e^2> - <e>^2) / T^2", "k_B", 0.0),
    Observable("chi_SG", r"$\chi_{SG}$", "spin-glass susceptibility N <q^2>", "1", 0.0),
    Observable("binder", r"$g$", "Binder cumulant (3 - <q^4>/<q^2>^2)/2", "1"),
    Observable("f", r"$f$", "free energy per spin", "k_B"),
    Observable("s", r"$s$", "entropy per spin", "k_B"),
    Observable("Y", r"$Y$", "probability that two replicas are in the same configuration", "1", 0.0, 1.0),
    Observable("e_0", r"$e_0$", "ground-state energy per spin", "k_B"),
    Observable("degeneracy", r"$g_0$", "number of ground states", "1", 1.0),
    Observable("lnZ", r"$\ln Z$", "logarithm of the partition function"),
    Observable("lnZ_low", r"$\ln Z_-$", "lower bound of ln Z, from the mean work of coolings"),
    Observable("lnZ_high", r"$\ln Z_+$", "upper bound of ln Z, from the mean work of heatings"),
    Observable("lnZ_reverse", r"$\ln Z$", "logarithm of the partition function, from heatings"),
    Observable("effective", r"$R_{\rm eff}$", "effective number of runs, (sum w)^2 / sum w^2", "1", 0.0),
    Observable("rho_t", r"$\rho_t$", "mean square family size of a population", "1", 1.0),
    Observable("S_f", r"$S_f$", "entropy of the families of a population", "1", 0.0),
    Observable("families", r"$F$", "number of families that are left", "1", 1.0),
    Observable("steps", r"$K$", "temperature steps taken so far", "1", 0.0),
    Observable("C", r"$C(t,t_w)$", "correlation of the configurations at two times", "1", -1.0, 1.0),
    Observable("chi", r"$\chi(t,t_w)$", "response to a field switched on at t_w", "1/k_B"),
    Observable("acceptance", r"$A$", "accepted share of the proposed flips", "1", 0.0, 1.0),
    Observable("P_q", r"$P(q)$", "distribution of the replica overlap", "1", 0.0),
    Observable("lambda_max", r"$\lambda_{\max}$", "largest eigenvalue of X = W^T W", "1", 0.0),
    Observable("lambda_2", r"$\lambda_2$", "second largest eigenvalue of X = W^T W", "1", 0.0),
    Observable("n_tail", r"$n_{\rm tail}$", "eigenvalues in the tail of a power law", "1", 0.0),
    Observable("alpha_rest", r"$\alpha$", "exponent of a power law without the largest eigenvalue", "1", 1.0),
    Observable("P_stability", r"$P(\Delta)$", "distribution of the stabilities", "1", 0.0),
)


def describe(name: str) -> Observable:
    """The entry of a name; a user's own observable gets an entry that says just its name.

    Example: ``describe("q2").latex == r"$q^2$"``
    """
    return OBSERVABLES.get(name) or Observable(name, name.replace("_", " "), name)


STATUS = {
    "not requested": -1,
    "pending": 0,
    "running": 1,
    "done": 2,
    "failed": 3,
    "unequilibrated": 4,
    "restricted": 5,
}


def status_flags() -> dict[str, object]:
    """Attributes of a variable of status codes: flag_values int8, and flag_meanings, their words."""
    codes = np.array(list(STATUS.values()), np.int8)
    return {"flag_values": codes, "flag_meanings": " ".join(name.replace(" ", "_") for name in STATUS)}


COORDINATES = {  # name: (unit, long name)
    "T": ("k_B = 1", "temperature"),
    "alpha": ("1", "load, patterns or examples per degree of freedom"),
    "disorder": ("1", "index of the disorder sample"),
    "start": ("", "class of starting configurations"),
    "n": ("1", "number of degrees of freedom"),
    "q_bin": ("1", "replica overlap, bin centre"),
    "r": ("1", "fraction of labels redrawn"),
    "kappa": ("1", "margin"),
    "stability_bin": ("1", "stability, bin centre"),
    "t_w": ("sweeps", "waiting time between the quench and the first of two times"),
    "time": ("sweeps", "end of the time bin"),
    "reading": ("", "when a network was read"),
    "layer": ("", "layer of a network"),
    "step": ("updates", "updates done"),
    "batch": ("1", "examples per update"),
    "learning_rate": ("1", "learning rate"),
    "m": ("1", "training examples"),
    "mu": ("1", "exponent of the tail of a matrix's entries, P(|W| > w) ~ w^-mu"),
    "Q": ("1", "rows per column of a matrix, n/m >= 1"),
    "measurement": ("1", "number of the measurement in the measuring window"),
}
