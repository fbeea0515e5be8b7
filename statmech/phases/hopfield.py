"""The phases of a Hopfield network, each defined by what a simulation can measure.

    paramagnet            <q^2> of random starts falls with N faster than N^(-2/3)
    spin_glass            it falls more slowly: at T_g N^(2/3) <q^2> is the same for all sizes
    retrieval             a start on a pattern stays there (m > 1/2 on more than half of the samples), and random starts
                          agree with it, or its free energy is the lower one: stable
    retrieval_metastable  it stays, but random starts end elsewhere and have the lower free energy, or none is known
    mixture               a start on a mixture of patterns stays: its three largest overlaps are equal, above 0.3
    unequilibrated        the class of starts that decides is not stationary

The largest size decides but for the trend.  A label of the equilibrium state (paramagnet, spin glass, stable retrieval)
needs stationary random starts; metastable states need that of their own class too.  Only e, |m| and q^2 enter, which no
symmetry of the model changes.  Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from statmech.phases.labels import UNEQUILIBRATED, Array, Cells, Means, PhaseMap, bootstrap, growth
from statmech.results import Results

NAMES = ("paramagnet", "spin_glass", "retrieval", "retrieval_metastable", "mixture", UNEQUILIBRATED)
PARAMAGNET, GLASS, RETRIEVAL, METASTABLE, MIXTURE, UNKNOWN = range(len(NAMES))
CRITICAL = -2 / 3  # <q^2> ~ N^(-2/3) at a continuous transition of a mean-field glass
HELD, MIXED, EQUAL = 0.5, 0.3, 0.8  # least overlap with a pattern, with each of three, least ratio of third to first
HOT, COLD = 3.0, 0.1  # ladders that reach both allow free energies from beta = 0 and from T = 0


def hopfield_phases(results: Results, resamples: int = 200, seed: int = 0) -> PhaseMap:
    """Phases of a Hopfield network from results over (alpha, T, disorder, start) and at least two sizes n.

    Starts: "random"; "pattern" and "mixture" as far as they were run.  See the module for the decision, and
    `free_energy_gain` for what tells stable from metastable retrieval.

    Returns a PhaseMap over (alpha, T).  Raises ValueError for a missing variable or axis, or only one size: from one
    size a glass cannot be told from a paramagnet.

    Example: ``hopfield_phases(statmech.load("results/map.h5")).added_to(results).to_hdf5("labelled.h5")``
    """
    cells = Cells(results, ("alpha", "T"))
    if len(cells.n) < 2:
        raise ValueError("the results have one size: expected a Zip or a list of at least two model.n")
    samples: dict[str, Array] = {"q2": cells.values("q2", "random"), "rest": cells.resting("random")}
    errors: dict[str, Array] = {"q2": cells.values("q2_stderr", "random")}
    last = slice(-1, None)
    if "pattern" in cells.starts:
        m = cells.values("m_abs", "pattern")[last]
        samples |= {
            "held": np.where(np.isnan(m), np.nan, m > HELD),
            "pattern_rest": cells.resting("pattern")[last],
            "m_random": cells.values("m_max", "random")[last],
            "m_pattern": cells.values("m_max", "pattern")[last],
            "gain": free_energy_gain(results)[None],
        }
        errors |= {x: cells.values("m_max_stderr", x.removeprefix("m_"))[last] for x in ("m_random", "m_pattern")}
    if "mixture" in cells.starts:
        third, first = (cells.values(x, "mixture")[last] for x in ("m_3", "m_max"))
        mixed = (third > MIXED) & (third > EQUAL * first)
        samples |= {"mixed": np.where(np.isnan(third), np.nan, mixed), "mixture_rest": cells.resting("mixture")[last]}

    def decide(x: Means) -> NDArray[np.intp]:
        return _decide(x, cells.n)

    probability = bootstrap(decide, samples, errors, len(NAMES), resamples, seed)
    return PhaseMap(NAMES, probability, cells.coordinates)


def _decide(x: Means, n: Array) -> NDArray[np.intp]:
    exponent = growth(x["q2"], n)
    rest = (x["rest"] > 0.5).all(0)  # the trend needs all sizes
    out = np.where(rest & np.isfinite(exponent), np.where(exponent > CRITICAL, GLASS, PARAMAGNET), UNKNOWN)
    if "held" in x:
        held = (x["held"][0] > 0.5) & (x["pattern_rest"][0] > 0.5)
        found = x["m_random"][0] > 0.9 * x["m_pattern"][0]  # random starts end on some pattern, not on this one
        stable = (held & found & (x["rest"][-1] > 0.5)) | (held & (x["gain"][0] > 0))
        out = np.where(stable, RETRIEVAL, np.where(held & (x["rest"][-1] > 0.5), METASTABLE, out))
        out = np.where(held & ~stable & (x["rest"][-1] <= 0.5), UNKNOWN, out)
    if "mixed" in x:
        out = np.where((x["mixed"][0] > 0.5) & (x["mixture_rest"][0] > 0.5), MIXTURE, out)
    return out.astype(np.intp)


def free_energy_gain(results: Results) -> Array:
    """f_random - f_pattern per spin of every sample (alpha, T, sample), largest size: > 0 where retrieval is stable.

    f_random by integrating e from beta = 0, f_pattern from the coldest T, where the entropy of the retrieval state is
    exponentially small: f = e there.  NaN where the ladder does not reach T >= 3 and T <= 0.1, or has fewer than four
    temperatures, and above the first T at which the chain has left its pattern or random starts are not stationary.

    Example: ``free_energy_gain(results).mean(-1) > 0``
    """
    from scipy.interpolate import PchipInterpolator

    from statmech.stats.thermodynamics import integrate

    cells = Cells(results, ("alpha", "T"))
    T = np.asarray(results["T"], float)
    random, pattern = (cells.values("e", s)[-1] for s in ("random", "pattern"))
    if T.size < 4 or T[0] > COLD or T[-1] < HOT or T[0] <= 0 or not np.isfinite(random + pattern).all():
        return np.full(random.shape, np.nan)
    alpha = np.asarray(results["alpha"], float)
    e = np.moveaxis(random, 1, -1)  # (alpha, sample, T)
    f_random = np.empty_like(e)
    for k, load in enumerate(alpha):  # -de/dbeta at beta = 0 is Var(H)/N of random configurations, alpha/2
        f_random[k] = integrate(T, e[k], slope_inf=-load / 2)[0]
    beta = 1 / T[::-1]
    own = np.moveaxis(pattern, 1, -1)[..., ::-1]
    # local and monotone: e jumps where the chain leaves its pattern, and must not ring below that temperature
    area = PchipInterpolator(beta, own, axis=-1).antiderivative()(beta)
    f_pattern = ((beta[-1] * own[..., -1:] - (area[..., -1:] - area)) / beta)[..., ::-1]
    left = np.cumsum(cells.values("m_abs", "pattern")[-1] <= HELD, axis=1) > 0
    settled = np.flip(np.cumprod(np.flip(cells.resting("random")[-1] == 1, 1), axis=1), 1) > 0
    gain = np.moveaxis(f_random - f_pattern, -1, 1)
    return np.where(left | ~settled, np.nan, gain)
