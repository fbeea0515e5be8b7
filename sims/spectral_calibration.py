"""Calibration of the spectral phase: matrices of known phase, the fit of its coefficients, and how often it is right.

The classes with their margins stand in data/spectra/phase_classes.json.  Of 14400 matrices of any shape, a quarter of
them between the margins, 9600 give the coefficients and 4800 the calibration curve; the confusion tables are of fresh
matrices within the margins, by the generators of the calibration and by a second family that it never sees.

    python sims/spectral_calibration.py run          (4 minutes on two cores)
    python sims/spectral_calibration.py plot         (writes phase.json and phase_confusion.csv beside the figure)
"""

import csv
import json
from pathlib import Path

import numpy as np

import statmech
from statmech import Sweep, Zip
from statmech.spectra.phase import COLLAPSED, PHASES, probabilities
from statmech.spectra.phase_fit import fit_phases
from statmech.tasks.phase_samples import PhaseSamples

CLASSES = json.loads((Path(__file__).parents[1] / "data/spectra/phase_classes.json").read_text())
FIT, CURVE = range(16), range(16, 24)  # parts of the whole range
FEWEST = 100  # matrices in a bin of the calibration curve that is judged
SETS = [("whole range", 200, 1.5, part) for part in (*FIT, *CURVE)]
for population in ("margins", "second family"):
    SETS += [(population, 200, 1.5, part) for part in range(4)]
    SETS += [(population, m, Q, part) for m, Q in ((500, 2.0), (384, 10.7)) for part in range(2)]


def table(r: statmech.Results, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Statistics (count, k), true phases (count,) and whether they lie between the margins, of the chosen sets."""
    values = np.moveaxis(r["statistics"][chosen], 1, -1).reshape(-1, len(r["statistic"]))
    return values, r["phase"][chosen].ravel().astype(int), r["between"][chosen].ravel() == 1


def predict(values: np.ndarray, names: list[str], fitted: dict) -> np.ndarray:
    """Probabilities (count, 6) as `spectral_phase` gives them."""
    collapsed = values[:, names.index("zeros")] > COLLAPSED
    p = np.zeros((len(values), len(PHASES)))
    p[collapsed, -1] = 1
    p[~collapsed] = probabilities(values[~collapsed], names, fitted)
    return p


def fit(values: np.ndarray, names: list[str], phase: np.ndarray) -> dict:
    """Coefficients to six digits, and where they come from."""
    open_ = (values[:, names.index("zeros")] <= COLLAPSED) & (phase < len(PHASES) - 1)
    fitted = fit_phases(values[open_], names, phase[open_])
    rounded = {k: np.array([float(f"{x:.6g}") for x in np.ravel(v)]).reshape(np.shape(v)).tolist()
               for k, v in fitted.items() if k not in ("phases", "statistics")}  # fmt: skip
    return {"made_by": f"sims/spectral_calibration.py, {len(values)} matrices", **fitted, **rounded}


def confusion(r: statmech.Results, names: list[str], fitted: dict) -> list[dict]:
    """One row per population, shape and true phase: counts of the labels, recall, and its binomial error."""
    rows = []
    shapes = dict.fromkeys(zip(r["population"].astype(str), r["m"], r["Q"]))
    for population, m, Q in shapes:
        if population == "whole range":
            continue
        chosen = (r["population"].astype(str) == population) & (r["m"] == m) & (r["Q"] == Q)
        values, phase, _ = table(r, chosen)
        label = predict(values, names, fitted).argmax(1)
        for k, name in enumerate(PHASES):
            count = np.bincount(label[phase == k], minlength=len(PHASES))
            recall = count[k] / count.sum()
            error = np.sqrt(recall * (1 - recall) / count.sum())
            shape = {"population": population, "M": int(m), "Q": float(Q), "phase": name}
            found = {"recall": round(recall, 4), "error": round(error, 4)}
            rows.append(shape | dict(zip(PHASES, count.tolist())) | found)
    return rows


def reliability(p: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Rows of bins of width 0.1: mean probability, frequency, its error if the probabilities hold, and the number."""
    rows = []
    for k in range(10):
        inside = (p >= k / 10) & ((p < (k + 1) / 10) | (k == 9))
        if inside.any():
            error = np.sqrt((p[inside] * (1 - p[inside])).sum()) / inside.sum()
            rows.append((p[inside].mean(), right[inside].mean(), error, inside.sum()))
    return np.array(rows)


def report(rows: list[dict], curves: dict[str, np.ndarray]) -> None:
    """The numbers that the documentation quotes."""
    for population, M, Q in dict.fromkeys((x["population"], x["M"], x["Q"]) for x in rows):
        print(f"{population}, M = {M}, Q = {Q:g}: recall")
        for x in rows:
            if (x["population"], x["M"], x["Q"]) == (population, M, Q):
                counts = " ".join(f"{x[name]:5d}" for name in PHASES)
                print(f"  {x['phase']:14s} {100 * x['recall']:5.1f} +- {100 * x['error']:.1f} %   labels {counts}")
    for name, curve in curves.items():
        print(f"{name}: " + ", ".join(f"{p:.2f}: {f:.2f}({100 * e:.0f}) of {c:.0f}" for p, f, e, c in curve))
        curve = curve[curve[:, 3] >= min(FEWEST, curve[:, 3].max())]
        off = curve[:, 1] - curve[:, 0]
        worst = np.abs(off).argmax()
        chi2 = (off**2 / curve[:, 2] ** 2).sum()
        print(f"  chi^2 = {chi2:.1f} of {len(off)} bins with {FEWEST} or more, largest deviation "
              f"{off[worst]:+.3f} +- {curve[worst, 2]:.3f} at probability {curve[worst, 0]:.2f}")  # fmt: skip


def figure(path: Path, out: Path) -> list[Path]:
    """Recall, calibration curve, and two of the statistics; coefficients and confusion table as files beside them."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    names, whole = [str(x) for x in r["statistic"]], r["population"].astype(str) == "whole range"
    values, phase, _ = table(r, whole & (r["part"] < len(FIT)))
    fitted = fit(values, names, phase)
    (out / "phase.json").write_text(json.dumps(fitted, indent=1) + "\n")
    rows = confusion(r, names, fitted)
    with open(out / "phase_confusion.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    values, phase, between = table(r, whole & (r["part"] >= len(FIT)))
    p = predict(values, names, fitted)
    top, truth = p.argmax(1), np.eye(len(PHASES))[phase]
    curves = {
        "probability of the label": reliability(p.max(1), top == phase),
        "of the label, between margins": reliability(p[between].max(1), (top == phase)[between]),
        "of every phase": reliability(p[:, :-1].ravel(), truth[:, :-1].ravel()),
    }
    report(rows, curves)
    with plot.style("page"):
        fig, (left, centre, right) = plt.subplots(1, 3, figsize=(7.2, 2.7), layout="constrained")
        sets = list(dict.fromkeys((x["population"], x["M"], x["Q"]) for x in rows))
        for i, (population, M, Q) in enumerate(sets):
            mine = [x for x in rows if (x["population"], x["M"], x["Q"]) == (population, M, Q)]
            y = np.arange(len(mine)) + 0.12 * (i - (len(sets) - 1) / 2)
            left.errorbar([x["recall"] for x in mine], y, xerr=[x["error"] for x in mine], fmt="os^"[i % 3], ms=3,
                          color="C0" if population == "margins" else "C1", mfc=None if population == "margins" else "w",
                          label=f"${M}$, $Q={Q:g}$" + ("" if population == "margins" else ", second"))  # fmt: skip
        left.axvline(0.95, color="0.5", lw=0.8, ls="--")
        left.set_yticks(range(len(PHASES)), PHASES)
        left.invert_yaxis()
        left.set(xlabel="recall within the margins", xlim=(0.86, 1.005))
        left.legend(fontsize=5.5, loc="lower left", bbox_to_anchor=(0, 0.02))
        for k, (name, curve) in enumerate(curves.items()):
            curve = curve[curve[:, 3] >= min(FEWEST, curve[:, 3].max())]
            centre.errorbar(*curve[:, :3].T, fmt="os^"[k], ms=3, color=f"C{k}", label=name)
        line = np.array([0, 1])
        centre.fill_between(line, line - 0.05, line + 0.05, color="0.9")
        centre.plot(line, line, "k-", lw=0.6)
        centre.set(xlabel="stated probability", ylabel="frequency of being right", xlim=(0, 1), ylim=(0, 1))
        centre.legend(fontsize=5.5)
        chosen = (r["population"].astype(str) == "margins") & (r["m"] == 200)
        values, phase, _ = table(r, chosen)
        for k, name in enumerate(PHASES[:-1]):
            x, y = (values[phase == k, names.index(s)] for s in ("strength_1", "fourth"))
            right.plot(np.exp(x), np.sinh(y), ".", ms=2, color=f"C{k}", label=name)
        right.set(xscale="log", xlabel=r"strength $t_1$ of the largest", ylabel="excess of the fourth moment")
        right.set_yscale("symlog", linthresh=1)
        right.set_title("$M=200$, $Q=1.5$")
        right.legend(fontsize=5.5, loc="lower right")
        return list(plot.save(fig, out / "spectral_calibration"))


sweep = Sweep(
    name="spectral_calibration",
    title="Calibration of the spectral phase of a layer",
    citation="Martin & Mahoney, J. Mach. Learn. Res. 22, 165 (2021)",
    task=PhaseSamples(CLASSES),
    grid={"set": Zip(dict(zip(("population", "m", "Q", "part"), map(list, zip(*SETS)))))},
    samples=600,
    block=100,
    smoke={"samples": 12, "block": 12},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
