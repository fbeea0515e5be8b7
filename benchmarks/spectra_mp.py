"""Marchenko-Pastur fits, spikes and metrics against known matrices and against WeightWatcher's figures, in one run.

    python benchmarks/spectra_mp.py [--quick] [--synthetic ww_synthetic_reference.csv]
                                    [--layers lenet.npz --reference ww_reference.csv]

Prints one row per figure: what was found, the target, and where it is a fit its time in ms (median, processor time, of
the fit alone) and as a share of the singular value decomposition of the same matrix in the same run.

--synthetic  WeightWatcher's figures on matrices made in the same way, printed beside ours
--layers     .npz of weights in torch layout
--reference  WeightWatcher's columns for these layers, which our metrics must equal
--quick      fewer Gaussian matrices (100 and 30 in place of 1000 and 300)

About one minute on one core, ten seconds with --quick.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal
from scipy.stats import binomtest

from statmech.spectra import tracy_widom
from statmech.spectra.marchenko_pastur import MarchenkoPastur, fit_marchenko_pastur
from statmech.spectra.metrics import metrics
from statmech.spectra.spectrum import Spectrum, spectrum

RATE = 0.05
COLUMNS = {"detX": "detX_num", "stable_rank": "stable_rank", "hard_rank": "matrix_rank", "entropy": "entropy",
           "log_norm": "log_norm", "log_spectral_norm": "log_spectral_norm"}  # fmt: skip


def known(rng: np.random.Generator) -> Iterator[tuple[str, int, int, int, np.ndarray]]:
    """Name, n, m, number of spikes and matrix: entries of variance 1/n, spikes on random orthonormal vectors."""
    for n, m in ((1000, 500), (4096, 384), (1000, 1000), (500, 500)):
        yield "gauss", n, m, 0, rng.normal(size=(n, m)) / np.sqrt(n)
    n, m = 1000, 500
    for k, S in ((5, 2.0), (5, 1.2), (20, 3.0)):
        u, v = (np.linalg.qr(rng.normal(size=(side, k)))[0] for side in (n, m))
        yield f"spiked k={k} theta={S}", n, m, k, rng.normal(size=(n, m)) / np.sqrt(n) + S * u @ v.T


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


def clock(ms: float, svd: float) -> str:
    return f"{ms:.2f} ms, {ms / svd:.4f} of the SVD"


def row(what: str, found: str, target: str, good: bool, times: str = "") -> None:
    print(f"{what:42s} {found:46s} {target:34s} {'ok  ' if good else 'MISS'} {times}", flush=True)


def synthetic(path: str | None) -> None:
    theirs: dict[tuple[str, int, int], dict[str, str]] = {}
    if path:
        with open(path) as stream:
            theirs = {(r["case"], int(r["N"]), int(r["M"])): r for r in csv.DictReader(stream)}
    for name, n, m, k, W in known(np.random.default_rng(12345)):
        svd = timed(lambda W=W: spectrum(W), 3)
        s = spectrum(W)
        fit, ms = fit_marchenko_pastur(s, RATE), timed(lambda s=s: fit_marchenko_pastur(s, RATE))
        other = theirs.get((name, n, m))
        beside = f"  (WW {float(other['sigma_true_units']):.4f}, {float(other['num_spikes']):.0f})" if other else ""
        found = f"sigma {fit.sigma:.4f}, {len(fit.spikes)} spikes{beside}"
        good = abs(fit.sigma - 1) < 0.01 and len(fit.spikes) == k and fit.status == "ok" and ms <= 5
        row(
            f"{name} {n} x {m}",
            found,
            f"1 within 1 %, {k} spikes, 5 ms",
            good,
            f"{ms:.2f} ms, {ms / svd:.4f} of the SVD",
        )


def false_spikes(quick: bool) -> None:
    for m, count in ((200, 100 if quick else 1000), (500, 30 if quick else 300)):
        rng = np.random.default_rng(m)
        hits = sum(fit_marchenko_pastur(wishart(m, m, rng), RATE).spikes.size > 0 for _ in range(count))
        low, high = binomtest(hits, count).proportion_ci(0.95, "exact")
        found = f"{hits} of {count}: {hits / count:.3f} [{low:.3f}, {high:.3f}]"
        row(f"false spikes, Gaussian {m} x {m}", found, f"95 % interval holds {RATE}", low <= RATE <= high)


def power() -> None:
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        u, v = (np.linalg.qr(rng.normal(size=(side, 5)))[0] for side in (1000, 500))
        fit = fit_marchenko_pastur(spectrum(rng.normal(size=(1000, 500)) / 1000**0.5 + 1.2 * u @ v.T), RATE)
        found.append(len(fit.spikes) >= 5)
    row("all 5 spikes of strength 1.2, 20 matrices", f"{sum(found)} of 20", ">= 19", sum(found) >= 19)


def layers(path: str, reference: str | None) -> None:
    theirs: dict[str, dict[str, Any]] = {}
    if reference:
        with open(reference) as stream:
            theirs = {r["name"]: r for r in csv.DictReader(stream) if r["fit"] == "PL"}
    with np.load(path, allow_pickle=False) as file:
        weights = {k.removesuffix(".weight"): file[k] for k in file.files if file[k].ndim in (2, 4)}
    for name, W in weights.items():
        s = spectrum(W, name=name)
        svd, ms = timed(lambda W=W: spectrum(W), 3), timed(lambda s=s: fit_marchenko_pastur(s, RATE))
        fit = fit_marchenko_pastur(s, RATE)
        ours = metrics(s, fit)
        found = f"detX {ours['detX']:.0f}, stable rank {ours['stable_rank']:.2f}, {len(fit.spikes)} spikes"
        other = theirs.get(name)
        if not other:
            row(name, found, "", True, clock(ms, svd))
            continue
        half = np.log10(2) if W.ndim == 4 else 0.0  # WeightWatcher halves the eigenvalues of slices
        off = {k: abs(ours[k] - (half if k.startswith("log_") else 0) - float(other[c])) for k, c in COLUMNS.items()}
        worst = max(off, key=lambda k: off[k])
        target = (
            f"WW {float(other['detX_num']):.0f}, {float(other['stable_rank']):.2f}, {float(other['num_spikes']):.0f}"
        )
        row(name, found, target, off[worst] < 1e-6, clock(ms, svd))
        print(f"    largest difference of {', '.join(off)}: {off[worst]:.1e} ({worst})")
        print(f"    {fit.status}")
        print(
            f"    sigma {fit.sigma:.4f}, lambda_+ {fit.lambda_plus:.4f}, D {fit.D:.4f} (Gaussian < {fit.D_bound:.4f})"
        )
        if W.ndim == 2 and fit.law:
            sigma = float(other["sigma_mp"]) / float(other["W_scale"])
            law, bulk = MarchenkoPastur(sigma, s.Q), s.eigenvalues[: s.m - int(float(other["num_spikes"]))]
            F, steps = law.cdf(bulk), np.arange(len(bulk) + 1) / len(bulk)
            D = max((F - steps[:-1]).max(), (steps[1:] - F).max())
            print(f"    WeightWatcher: sigma {sigma:.4f}, lambda_+ {law.edges[1]:.4f}, D of its bulk {D:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--synthetic")
    parser.add_argument("--layers")
    parser.add_argument("--reference")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    begin = time.process_time()
    tracy_widom.cdf(0.0)
    print(f"Tracy-Widom table, once per process: {1e3 * (time.process_time() - begin):.0f} ms")
    synthetic(args.synthetic)
    power()
    false_spikes(args.quick)
    if args.layers:
        layers(args.layers, args.reference)
