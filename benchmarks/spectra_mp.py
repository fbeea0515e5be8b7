"""Marchenko-Pastur fits, spikes and metrics against known matrices and against WeightWatcher, in one run.

    pip install weightwatcher
    python benchmarks/spectra_mp.py [--quick] [--layers lenet.npz --reference ww_reference.csv]

Printed: sigma (1 is right) and the number of spikes found, the time of the fit alone in ms (median, processor time) and
as a share of the singular value decomposition of the same matrix, and the same of WeightWatcher's fit of the same
eigenvalues (once, as it is slow); how often a Gaussian matrix shows a false spike, and how often five weak spikes are
all found.

--layers     .npz of weights in torch layout: our metrics, which must equal WeightWatcher's columns in
--reference  a CSV file with these layers in rows of fit = PL
--quick      fewer Gaussian matrices (100 and 30 in place of 1000 and 300), fewer spiked ones

About one minute on one core, ten seconds with --quick.
"""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from _report import Report, parser
from scipy.linalg import eigvalsh_tridiagonal
from scipy.stats import binomtest

from statmech.spectra import tracy_widom
from statmech.spectra.marchenko_pastur import MarchenkoPastur, fit_marchenko_pastur
from statmech.spectra.metrics import metrics
from statmech.spectra.spectrum import Spectrum, spectrum

RATE = 0.05
COLUMNS = {"detX": "detX_num", "stable_rank": "stable_rank", "hard_rank": "matrix_rank", "entropy": "entropy",
           "log_norm": "log_norm", "log_spectral_norm": "log_spectral_norm"}  # fmt: skip


def known(rng: np.random.Generator, smoke: bool) -> Iterator[tuple[str, int, int, int, np.ndarray]]:
    """Name, n, m, number of spikes and matrix: entries of variance 1/n, spikes on random orthonormal vectors."""
    for n, m in ((60, 30),) if smoke else ((1000, 500), (4096, 384), (1000, 1000), (500, 500)):
        yield "Gaussian", n, m, 0, rng.normal(size=(n, m)) / np.sqrt(n)
    n, m = (60, 30) if smoke else (1000, 500)
    for k, S in ((5, 2.0), (5, 1.2), (20, 3.0)):
        u, v = (np.linalg.qr(rng.normal(size=(side, k)))[0] for side in (n, m))
        yield f"{k} spikes of strength {S:g}", n, m, k, rng.normal(size=(n, m)) / np.sqrt(n) + S * u @ v.T


def wishart(n: int, m: int, rng: np.random.Generator) -> Spectrum:
    """An exact spectrum of a Gaussian matrix from its bidiagonal form (Dumitriu & Edelman 2002)."""
    d, e = np.sqrt(rng.chisquare(n - np.arange(m))), np.sqrt(rng.chisquare(np.arange(m - 1, 0, -1)))
    x = eigvalsh_tridiagonal(d**2 + np.append(0, e**2), d[:-1] * e)
    return Spectrum(np.sort(np.maximum(x, 0)), n, m)


def timed(run, repeats: int = 21) -> float:
    """Median processor time in ms."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return 1e3 * float(np.median(times))


def peer() -> Callable[[Spectrum], tuple[float, int]]:
    """WeightWatcher's fit without its pictures and messages: sigma in units of the matrix, number of spikes."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    with quiet():
        import weightwatcher

        watcher = weightwatcher.WeightWatcher(log_level=logging.ERROR)

    def fit(s: Spectrum) -> tuple[float, int]:
        with quiet():
            spikes, sigma, _, _, _, scale = watcher.mp_fit(
                s.eigenvalues, s.n, s.m, 1, "x", 0, 0, False, False, "", "b", 0.5, True, s.eigenvalues
            )
        return sigma / scale, int(spikes)

    return fit


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what a library prints and warns of."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(action="ignore"),
        np.errstate(all="ignore"),
    ):
        yield


def synthetic(report: Report, smoke: bool) -> None:
    """Fits of matrices whose sigma and spikes are known."""
    theirs, good, cases = peer() if report.has("weightwatcher") else None, 0, 0
    table = report.table(
        "matrices of sigma = 1",
        {"matrix": "", "N": "d", "M": "d", "sigma": ".4f", "spikes": "d", "ms": ".2f", "of the SVD": ".4f",
         "WW sigma": ".4f", "WW spikes": "d", "WW ms": ".0f", "WW / ours": ".0f"},
    )  # fmt: skip
    for name, n, m, k, W in known(np.random.default_rng(12345), smoke):
        svd = timed(lambda W=W: spectrum(W), 3)
        s = spectrum(W)
        fit, ms = fit_marchenko_pastur(s, RATE), timed(lambda s=s: fit_marchenko_pastur(s, RATE))
        other, slow = (np.nan, np.nan), np.nan
        if theirs is not None:
            begin = time.process_time()
            other = theirs(s)
            slow = 1e3 * (time.process_time() - begin)
        table(name, n, m, fit.sigma, len(fit.spikes), ms, ms / svd, *other, slow, slow / ms)
        good += abs(fit.sigma - 1) < 0.01 and len(fit.spikes) == k and fit.status == "ok" and ms <= 5
        cases += 1
    report.note(f"aims: sigma within 1 %, every spike and no other, 5 ms: met on {good} of {cases}")


def rates(report: Report, quick: bool, smoke: bool) -> None:
    """False spikes of Gaussian matrices, and how often weak ones are found."""
    table = report.table(
        f"spikes of random matrices at a rate of false ones of {RATE}, interval 95 %",
        {"what": "", "matrices": "d", "hits": "d", "share": ".3f", "from": ".3f", "to": ".3f"},
    )
    sizes = ((20, 4),) if smoke else ((200, 100), (500, 30)) if quick else ((200, 1000), (500, 300))
    for m, count in sizes:
        rng = np.random.default_rng(m)
        hits = sum(fit_marchenko_pastur(wishart(m, m, rng), RATE).spikes.size > 0 for _ in range(count))
        table(f"a false one, Gaussian {m} x {m}", count, hits, *proportion(hits, count))
    n, m = (60, 30) if smoke else (1000, 500)
    found, count = 0, 2 if smoke else 5 if quick else 20
    for seed in range(count):
        rng = np.random.default_rng(seed)
        u, v = (np.linalg.qr(rng.normal(size=(side, 5)))[0] for side in (n, m))
        fit = fit_marchenko_pastur(spectrum(rng.normal(size=(n, m)) / n**0.5 + 1.2 * u @ v.T), RATE)
        found += len(fit.spikes) >= 5
    table(f"all five of strength 1.2, {n} x {m}", count, found, *proportion(found, count))


def proportion(hits: int, count: int) -> tuple[float, float, float]:
    """Share of hits and its exact interval."""
    return hits / count, *binomtest(hits, count).proportion_ci(0.95, "exact")


def layers(report: Report, path: str, reference: str | None) -> None:
    """Layers of a network, and the differences of their metrics from WeightWatcher's."""
    theirs: dict[str, dict[str, Any]] = {}
    if reference:
        with open(reference) as stream:
            theirs = {r["name"]: r for r in csv.DictReader(stream) if r["fit"] == "PL"}
    with np.load(path, allow_pickle=False) as file:
        weights = {k.removesuffix(".weight"): file[k] for k in file.files if file[k].ndim in (2, 4)}
    table = report.table(
        f"layers of {path}",
        {"layer": "", "detX": ".0f", "stable rank": ".2f", "spikes": "d", "sigma": ".4f", "lambda_+": ".4f", "D": ".4f",
         "Gaussian D": ".4f", "ms": ".2f", "of the SVD": ".4f", "metrics off by": ".1e", "WW spikes": "d",
         "WW sigma": ".4f", "WW D": ".4f", "status": ""},
    )  # fmt: skip
    for name, W in weights.items():
        s = spectrum(W, name=name)
        svd, ms = timed(lambda W=W: spectrum(W), 3), timed(lambda s=s: fit_marchenko_pastur(s, RATE))
        fit = fit_marchenko_pastur(s, RATE)
        ours = metrics(s, fit)
        off, spikes, sigma, D = np.nan, np.nan, np.nan, np.nan
        if other := theirs.get(name):
            half = np.log10(2) if W.ndim == 4 else 0.0  # WeightWatcher halves the eigenvalues of slices
            shift = {k: half * k.startswith("log_") for k in COLUMNS}
            off = max(abs(ours[k] - shift[k] - float(other[c])) for k, c in COLUMNS.items())
            spikes = int(float(other["num_spikes"]))
            if W.ndim == 2 and fit.law:
                sigma = float(other["sigma_mp"]) / float(other["W_scale"])
                bulk = s.eigenvalues[: s.m - spikes]
                F, steps = MarchenkoPastur(sigma, s.Q).cdf(bulk), np.arange(len(bulk) + 1) / len(bulk)
                D = max((F - steps[:-1]).max(), (steps[1:] - F).max())
        table(name, ours["detX"], ours["stable_rank"], len(fit.spikes), fit.sigma, fit.lambda_plus, fit.D, fit.D_bound,
              ms, ms / svd, off, spikes, sigma, D, fit.status)  # fmt: skip


def main() -> None:
    """Print and store the tables."""
    options = parser(__doc__)
    options.add_argument("--layers")
    options.add_argument("--reference")
    options.add_argument("--quick", action="store_true")
    options = options.parse_args()
    with Report(__file__, __doc__, options) as report:
        begin = time.process_time()
        tracy_widom.cdf(0.0)
        report.note(f"Tracy-Widom table, once per process: {1e3 * (time.process_time() - begin):.0f} ms")
        synthetic(report, options.smoke)
        rates(report, options.quick, options.smoke)
        if options.layers:
            layers(report, options.layers, options.reference)


if __name__ == "__main__":
    main()
