"""Fits of heavy tails: agreement with the package powerlaw, and the time of every piece, in one run.

    python benchmarks/spectra_tails.py [--reference FITS.csv --lenet LENET.npz --resnet RESNET20.npz]    (10 s)

Without arguments: the reference values and eigenvalues of data/reference.  FITS.csv holds fits of powerlaw 1.5 in
columns data, variant, alpha, D, xmin, n_tail; the weights are those that its rows name (halved slices of layer3.2.conv1
of the ResNet; for the truncated law conv1, conv2, fc1 and fc2 of the LeNet).  powerlaw (pip install powerlaw==1.5) is
timed beside ours if it is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

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


def agreement(path: Path | None, values: dict[str, np.ndarray]) -> None:
    print("power law: largest relative difference of alpha, D, xmin, n_tail from powerlaw 1.5 (target 1e-6)")
    for name, cut, row in reference(path):
        if name not in values:
            print(f"  {name:42s} {'xmax' if cut else '    '} no such sample here")
            continue
        x = values[name]
        fit = fit_power_law(x, xmax=x.max() if cut else None)
        off = max(abs(getattr(fit, k) / row[k] - 1) for k in SHARED)
        print(f"  {name:42s} {'xmax' if cut else '    '} alpha {fit.alpha:.6f}  {off:.0e}")


def steep() -> None:
    print("steep tails, n = 5000 quantiles above xmin = 1: alpha found at xmin = 1")
    p = (np.arange(5000) + 0.5) / 5000
    found = [f"{a:g} -> {fit_power_law(PowerLaw(a, 1.0).ppf(p), xmin=1.0).alpha:.3f}" for a in (1.5, 3.5, 8.0, 20.0)]
    print("  " + ", ".join(found))


def peer() -> Callable[[np.ndarray], Any] | None:
    """powerlaw's fit without its progress report, if it is installed."""
    try:
        import powerlaw
    except ImportError:
        return None

    def run(x: np.ndarray) -> Any:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            np.errstate(all="ignore"),
        ):
            return powerlaw.Fit(x, verbose=False)

    print(f"powerlaw {powerlaw.__version__} is timed in the same run")
    return run


def times(x: np.ndarray, layers: dict[str, np.ndarray], theirs: Callable[[np.ndarray], Any] | None) -> None:
    fit = fit_power_law(x)  # and the compiled kernel is loaded
    bootstrap_power_law(x, 2)
    print(f"times, {x.size} eigenvalues of the LeNet's fc1, processor time")
    point, _ = timed(lambda: fit_power_law(x), 99)
    print(f"  point fit                         {1e3 * point:8.2f} ms   target 5 ms")
    if theirs is not None:
        slow, _ = timed(lambda: theirs(x), 3)
        print(f"  powerlaw's point fit              {1e3 * slow:8.2f} ms   {slow / point:.0f} times as long")
    curve, _ = timed(lambda: lower_ends(x))
    print(f"  alpha and D of every lower end    {1e3 * curve:8.2f} ms")
    interval, found = timed(lambda: bootstrap_power_law(x, 100))
    low, high = found.interval(0.9)
    print(
        f"  interval of 100 bootstraps        {1e3 * interval:8.2f} ms   target 500 ms; 90 %: {low:.2f} .. {high:.2f}"
    )
    plausible, p = timed(lambda: goodness_of_fit(x, fit, 1000), 3)
    print(f"  p of 1000 synthetic sets          {plausible:8.3f} s    target 3 s; p = {p.p:.3f} +- {p.stderr:.3f}")
    single, left = timed(lambda: leave_one_out(x, 10), 3)
    spread = f"alpha {left.alpha.min():.2f} .. {left.alpha.max():.2f}"
    print(f"  without each of the 10 largest    {1e3 * single:8.2f} ms   {spread}")
    rivals, _ = timed(lambda: compare_tail(x, fit.xmin), 3)
    print(f"  four likelihood ratios            {1e3 * rivals:8.2f} ms")
    total = 0.0
    for name, values in layers.items():
        seconds, law = timed(lambda values=values: fit_truncated_power_law(values), 3)
        total += seconds
        words = f"alpha {law.alpha:.4f}, Lambda {law.Lambda:.4f}, n_tail {law.n_tail}, D {law.D:.4f}; {law.status}"
        print(f"  truncated law, {name:6s}             {1e3 * seconds:8.2f} ms   {words}")
    print(f"  truncated laws with xmin, {len(layers)} layers {total:8.3f} s    target 1 s")
    truth = TruncatedPowerLaw(2.0, 0.2, 1.0)
    again = fit_truncated_power_law(truth.sample(5000, 1), xmin=1.0)
    print(f"  n = 5000 of alpha 2, Lambda 0.2: {again.alpha:.3f} +- {again.stderr[0]:.3f}, "
          f"{again.Lambda:.3f} +- {again.stderr[1]:.3f}")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("reference", "lenet", "resnet"):
        parser.add_argument(f"--{option}", type=Path)
    arguments = parser.parse_args()
    values, layers = samples(arguments.lenet, arguments.resnet)
    agreement(arguments.reference, values)
    steep()
    times(values["lenet_fc1_800x500"], layers, peer())
