r"""Which of two laws is the likelier one for a tail: likelihood-ratio tests.

.. math:: \mathcal{R} = \sum_i \ell_i, \quad \ell_i = \ln \frac{p_1(x_i)}{p_2(x_i)}, \quad
          R = \frac{\mathcal{R}}{\sqrt{n}\, \sigma_\ell}, \quad p = \mathrm{erfc}(|R|/\sqrt 2)

Sources: Vuong, Econometrica 57, 307 (1989); Clauset, Shalizi & Newman, SIAM Rev. 51, 661 (2009), sec. 5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfc
from scipy.stats import chi2

from statmech.spectra.exponential import Exponential
from statmech.spectra.law import Law, tail
from statmech.spectra.lognormal import Lognormal
from statmech.spectra.power_law import PowerLaw
from statmech.spectra.stretched_exponential import StretchedExponential
from statmech.spectra.truncated_power_law import TruncatedPowerLaw


class LikelihoodRatio(NamedTuple):
    """R > 0: the first law is the likelier one.  p: how likely an |R| as large is if both are equally good.

    R: normalised, standard normal under that hypothesis.  log_ratio: sum of ln p_1/p_2.
    second: the fitted rival.
    """

    R: float
    p: float
    log_ratio: float
    second: Law


def likelihood_ratio(x: ArrayLike, first: Law, second: Law, nested: bool = False) -> LikelihoodRatio:
    """Vuong's test of two laws fitted to the values x >= xmin; xmin of both is the same.

    nested: the first law is a special case of the second, with one parameter less.  Then p is Wilks': the probability
    that chi^2 with one degree of freedom exceeds 2 |log_ratio|.  R is as without.

    Two laws that are the same give R = 0, p = 1.  Raises ValueError if their xmin differ, and as `law.tail` does.

    Example: ``likelihood_ratio(x, PowerLaw.fit(x, 1.0), Exponential.fit(x, 1.0)).p``
    """
    if first.xmin != second.xmin:
        raise ValueError(f"xmin = {first.xmin:g} and {second.xmin:g}: both laws must be fitted to the same tail")
    values = tail(x, first.xmin)
    ratio = first.logpdf(values) - second.logpdf(values)
    log_ratio, spread = float(ratio.sum()), float(ratio.std() * np.sqrt(values.size))
    if spread <= 1e-12 * values.size:
        return LikelihoodRatio(0.0, 1.0, log_ratio, second)
    R = log_ratio / spread
    p = chi2.sf(2 * abs(log_ratio), 1) if nested else erfc(abs(R) / np.sqrt(2))
    return LikelihoodRatio(R, float(p), log_ratio, second)


def compare_tail(x: ArrayLike, xmin: float) -> dict[str, LikelihoodRatio]:
    """The power law of the values x >= xmin against four rivals, each at its likeliest.

    Keys: truncated_power_law (nested; alpha >= 1), lognormal, exponential, stretched_exponential.  R < 0: the rival is
    likelier.  Lognormal and stretched exponential have the power law as a limit, and where they are likeliest there R
    is 0.  Lambda = 0 lies on the border of the truncated laws, so their p is below t in t/2 to t of pure power laws.

    R and p are those of the package powerlaw 1.5, but for what its simplex search leaves of the rivals' likelihood.

    Example: ``compare_tail(x, fit_power_law(x).xmin)["exponential"].R``
    """
    first = PowerLaw.fit(x, xmin)
    rivals = {
        "truncated_power_law": TruncatedPowerLaw.fit(x, xmin),
        "lognormal": Lognormal.fit(x, xmin),
        "exponential": Exponential.fit(x, xmin),
        "stretched_exponential": StretchedExponential.fit(x, xmin),
    }
    return {name: likelihood_ratio(x, first, law, nested=name == "truncated_power_law") for name, law in rivals.items()}
