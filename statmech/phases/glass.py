"""The phases of SK, p-spin and planted models, each defined by what a simulation can measure.

    paramagnet      <q^2> of random starts falls with N faster than the power law at the transition
    glass           it falls more slowly: random starts, at equilibrium, freeze in few states
    dynamical_glass a start in the planted state stays in it, and random starts do not find it: the state exists and
                    holds the chain.  On the Nishimori line T = 1/(2 J0) above T_K the planted state is an equilibrium
                    state of the model without signal (quiet planting, Krzakala & Zdeborova, PRL 102, 238701 (2009)), so
                    that this is the dynamical glass T_K < T < T_d of the p-spin model, which random starts alone
                    cannot show: at equilibrium it looks like the paramagnet
    recovered       planted and random starts agree on an overlap with the signal above 1/2
    partly_recovered  the overlaps do not fall, the signal is not kept by most samples, and random starts know of it:
                    their |m| is above twice that of random spins, sqrt(2/(pi N)).  The rounded first-order transition
                    of a small system, not a glass
    unequilibrated  the class of starts that decides is not stationary

At T_c of SK <q^2> ~ N^(-2/3); at T_K of p >= 3 the weight of two replicas in one state is of the order N^(-1/2), as in
the random energy model.  Only e, |m| and q^2 enter, which no symmetry changes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from statmech.phases.labels import UNEQUILIBRATED, Array, Cells, Means, PhaseMap, bootstrap, growth
from statmech.results import Results

NAMES = ("paramagnet", "glass", "dynamical_glass", "partly_recovered", "recovered", UNEQUILIBRATED)
PARAMAGNET, GLASS, DYNAMICAL, PARTLY, RECOVERED, UNKNOWN = range(len(NAMES))
HELD = 0.5  # least overlap with the planted state
KNOWN = 2.0  # overlap with it of random starts, over that of random spins, from which they know of it


def glass_phases(
    results: Results, cells: tuple[str, ...] = ("T",), p: int = 2, resamples: int = 200, seed: int = 0
) -> PhaseMap:
    """Phases of SK (p = 2), PSpin or Planted from results over `cells`, disorder, start and at least two sizes n.

    cells: dimensions of the map, ("T",) or with one more, such as ("signal", "T").  p: spins of a term, which sets
    the exponent at the transition.  Starts: "random"; "planted" if it was run.

    Returns a PhaseMap over the cells.  Raises ValueError for p < 2, a missing variable or axis, or only one size.

    Example: ``glass_phases(statmech.load("results/sk_parisi")).where("glass", least=0.9)``
    """
    if isinstance(p, bool) or not isinstance(p, int) or p < 2:
        raise ValueError(f"p = {p!r}: expected an integer number of spins >= 2")
    found = Cells(results, cells)
    if len(found.n) < 2:
        raise ValueError("the results have one size: expected a Zip or a list of at least two model.n")
    samples: dict[str, Array] = {"q2": found.values("q2", "random"), "rest": found.resting("random")}
    errors: dict[str, Array] = {"q2": found.values("q2_stderr", "random")}
    if "planted" in found.starts:
        m, own = (found.values("m_abs", s)[-1:] for s in ("planted", "random"))
        samples |= {
            "held": np.where(np.isnan(m), np.nan, m > HELD),
            "recovered": np.where(np.isnan(own), np.nan, own > HELD),
            "own": found.values("m_abs", "random"),
            "planted_rest": found.resting("planted")[-1:],
        }
    critical = -2 / 3 if p == 2 else -1 / 2

    def decide(x: Means) -> NDArray[np.intp]:
        exponent = growth(x["q2"], found.n)
        rest = (x["rest"] > 0.5).all(0)
        out = np.where(rest & np.isfinite(exponent), np.where(exponent > critical, GLASS, PARAMAGNET), UNKNOWN)
        if "held" in x:
            held = (x["held"][0] > 0.5) & (x["planted_rest"][0] > 0.5)
            at_rest = x["rest"][-1] > 0.5
            both = held & at_rest & (x["recovered"][0] > 0.5)
            known = x["own"][-1] > KNOWN * np.sqrt(2 / (np.pi * found.n[-1]))
            out = np.where((out == GLASS) & known, PARTLY, out)
            out = np.where(held, np.where(at_rest, DYNAMICAL, UNKNOWN), out)
            out = np.where(both, RECOVERED, out)
        return out.astype(np.intp)

    probability = bootstrap(decide, samples, errors, len(NAMES), resamples, seed)
    return PhaseMap(NAMES, probability, found.coordinates)
