"""Fits of heavy tails: agreement with the package powerlaw, and the time of every piece, in one run.

    pip install powerlaw==1.5 weightwatcher
    python benchmarks/spectra_tails.py [--reference FITS.csv --lenet LENET.npz --resnet RESNET20.npz]    (10 s)

Without arguments: the reference values and eigenvalues of data/reference.  FITS.csv holds fits of powerlaw 1.5 in
columns data, variant, alpha, D, xmin, n_tail; the weights are those that its rows name (halved slices of
layer3.2.conv1 of the ResNet; for the truncated law conv1, conv2, fc1 and fc2 of the LeNet).  The fits of powerlaw and
WeightWatcher are timed beside ours if they are installed.
"""

from __future__ import annotations

import contextlib
import csv
import io
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from _report import Report, installed, parser

from statmech.spectra.bootstrap import bootstrap_power_law, goodness_of_fit, leave_one_out
from statmech.spectra.comparison import compare_tail
from statmech.spectra.power_law import PowerLaw, fit_power_law, lower_ends
from statmech.spectra.spectrum import spectrum
from statmech.spectra.truncated_power_law import TruncatedPowerLaw, fit_truncated_power_law

DATA = Path(__file__).parents[1] / "data" / "reference"
SHARED = ("alpha", "D", "xmin", "n_tail")


def timed(run: Callable[[], Any], repeats: int = 9) -> tuple[float, Any]:
    """Median processor time in seconds (others may use the machine), and the last result."""
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        value = run()
        seconds.append(time.process_time() - begin)
    return float(np.median(seconds)), value


def synthetic() -> dict[str, np.ndarray]:
    """The pure power laws of the reference: 2000 values each from one stream of uniforms."""
    rng = np.random.default_rng(0)
    return {f"synthetic_powerlaw_alpha{a}.0_n2000": (1 - rng.random(2000)) ** (-1 / (a - 1)) for a in (2, 3, 4, 5)}


def halved(kernel: np.ndarray) -> np.ndarray:
    """Eigenvalues of the slices as WeightWatcher has them: times 1/2, those above 1e-5 before."""
    x = spectrum(kernel).eigenvalues
    return x[x > 1e-5] / 2


def samples(lenet: Path | None, resnet: Path | None) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Samples by the names of the reference, and layers for the truncated law."""
    with np.load(DATA / "tails.npz", allow_pickle=False) as file:
        stored = {name: file[name] for name in file.files}
    layers = {"fc1": stored["lenet_fc1"]}
    if lenet is not None:
        with np.load(lenet, allow_pickle=False) as file:
            layers = {k: halved(file[f"{k}.weight"]) for k in ("conv1", "conv2")}
            layers |= {k: spectrum(file[f"{k}.weight"]).eigenvalues for k in ("fc1", "fc2")}
    if resnet is not None:
        with np.load(resnet, allow_pickle=False) as file:
            stored["resnet20_layer3"] = halved(file["layer3.2.conv1.weight"])
    made = {"lenet_fc1_800x500": layers["fc1"], "resnet20_layer3.2.conv1_pooled576": stored["resnet20_layer3"]}
    return made | synthetic(), layers


def reference(path: Path | None) -> list[tuple[str, bool, dict[str, float]]]:
    """(sample, is xmax its largest value, fitted values) of every row."""
    with open(path or DATA / "power_law.csv") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    names = {"lenet_fc1": "lenet_fc1_800x500", "resnet20_layer3": "resnet20_layer3.2.conv1_pooled576"}
    names |= {f"pareto_{a}": f"synthetic_powerlaw_alpha{a}.0_n2000" for a in (2, 3, 4, 5)}
    out = []
    for row in rows:
        name = row["data"] if "data" in row else names[row["sample"]]
        cut = "max" in row.get("variant", row.get("xmax", ""))
        out.append((name, cut, {k: float(row[k]) for k in SHARED}))
    return out


def agreement(report: Report, path: Path | None, values: dict[str, np.ndarray]) -> None:
    """Our fits against stored ones of powerlaw 1.5."""
    table = report.table(
        "power law: largest relative difference of alpha, D, xmin, n_tail from powerlaw 1.5 (aim 1e-6)",
        {"sample": "", "end": "", "alpha": ".6f", "difference": ".0e"},
    )
    for name, cut, row in reference(path):
        if name not in values:
            report.note(f"{name}: no such sample here")
            continue
        x = values[name]
        fit = fit_power_law(x, xmax=x.max() if cut else None)
        off = max(abs(getattr(fit, k) / row[k] - 1) for k in SHARED)
        table(name, "xmax" if cut else "", fit.alpha, off)


def steep(report: Report) -> None:
    """Steep tails are found too."""
    table = report.table("5000 quantiles of a power law above xmin = 1", {"alpha": "g", "found": ".3f"})
    p = (np.arange(5000) + 0.5) / 5000
    for a in (1.5, 3.5, 8.0, 20.0):
        table(a, fit_power_law(PowerLaw(a, 1.0).ppf(p), xmin=1.0).alpha)


def peers(report: Report) -> dict[str, Callable[[np.ndarray], Any]]:
    """Fits of other programs, without what they print."""

    def quietly(run: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            warnings.catch_warnings(action="ignore"),
            np.errstate(all="ignore"),
        ):
            return run(*arguments, **options)

    out: dict[str, Callable[[np.ndarray], Any]] = {}
    if report.has("powerlaw"):
        powerlaw = quietly(import_module, "powerlaw")
        out[f"powerlaw {installed('powerlaw')}"] = lambda x: quietly(powerlaw.Fit, x, verbose=False).alpha
    if report.has("weightwatcher"):
        watcher = quietly(import_module, "weightwatcher.WW_powerlaw")
        out[f"WeightWatcher {installed('weightwatcher')}"] = lambda x: quietly(watcher.WWFit, x).alpha
    return out


def times(report: Report, x: np.ndarray, layers: dict[str, np.ndarray], repeats: int, many: int) -> None:
    """The time of every piece.  repeats: of the longer pieces; many: bootstraps and synthetic sets."""
    fit = fit_power_law(x)  # and the compiled kernel is loaded
    bootstrap_power_law(x, 2)
    others = peers(report)
    columns = {"piece": "", "ms": ".2f", "aim ms": ".0f", "time / ours": ".1f", "found": ""}
    table = report.table(f"{x.size} eigenvalues of the LeNet's fc1, processor time", columns)
    point, _ = timed(lambda: fit_power_law(x), 11 * repeats)
    table("point fit", 1e3 * point, 5, 1, f"alpha {fit.alpha:.4f}")
    for name, theirs in others.items():
        slow, alpha = timed(lambda theirs=theirs: theirs(x), 3)
        table(f"the same by {name}", 1e3 * slow, np.nan, slow / point, f"alpha {alpha:.4f}")
    curve, _ = timed(lambda: lower_ends(x), repeats)
    table("alpha and D of every lower end", 1e3 * curve, np.nan, np.nan, "")
    interval, found = timed(lambda: bootstrap_power_law(x, many), repeats)
    low, high = found.interval(0.9)
    table(f"interval of {many} bootstraps", 1e3 * interval, 500, np.nan, f"90 %: {low:.2f} .. {high:.2f}")
    plausible, p = timed(lambda: goodness_of_fit(x, fit, 10 * many), min(repeats, 3))
    table(f"p of {10 * many} synthetic sets", 1e3 * plausible, 3000, np.nan, f"p = {p.p:.3f} +- {p.stderr:.3f}")
    single, left = timed(lambda: leave_one_out(x, 10), min(repeats, 3))
    spread = f"alpha {left.alpha.min():.2f} .. {left.alpha.max():.2f}"
    table("without each of the 10 largest", 1e3 * single, np.nan, np.nan, spread)
    rivals, _ = timed(lambda: compare_tail(x, fit.xmin), min(repeats, 3))
    table("four likelihood ratios", 1e3 * rivals, np.nan, np.nan, "")
    total = 0.0
    for name, values in layers.items():
        seconds, law = timed(lambda values=values: fit_truncated_power_law(values), min(repeats, 3))
        total += seconds
        words = f"alpha {law.alpha:.4f}, Lambda {law.Lambda:.4f}, n_tail {law.n_tail}, D {law.D:.4f}; {law.status}"
        table(f"truncated law with its xmin, {name}", 1e3 * seconds, np.nan, np.nan, words)
    table(f"the same, {len(layers)} layer(s) together", 1e3 * total, 1000, np.nan, "")
    again = fit_truncated_power_law(TruncatedPowerLaw(2.0, 0.2, 1.0).sample(5000, 1), xmin=1.0)
    report.note(f"n = 5000 of alpha 2, Lambda 0.2: {again.alpha:.3f} +- {again.stderr[0]:.3f}, "
                f"{again.Lambda:.3f} +- {again.stderr[1]:.3f}")  # fmt: skip


def main() -> None:
    """Print and store the tables."""
    options = parser(__doc__)
    for option in ("reference", "lenet", "resnet"):
        options.add_argument(f"--{option}", type=Path)
    options = options.parse_args()
    values, layers = samples(options.lenet, options.resnet)
    with Report(__file__, __doc__, options) as report:
        if not options.smoke:
            agreement(report, options.reference, values)
        steep(report)
        times(report, values["lenet_fc1_800x500"], layers, *((1, 2) if options.smoke else (9, 100)))


if __name__ == "__main__":
    main()
