"""The tests of the atlas on the measured networks, as fixed in data/atlas/predictions.json before they were trained.

    python sims/atlas_tests.py            prints every statistic with its verdict (a minute; from data/spectra/)
    python sims/atlas_tests.py measure    makes data/spectra/network_*.h5 of results/network_*/ first
    python sims/atlas_tests.py --smoke    from the toy sweeps results/*-smoke, whatever they show
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import statmech
from statmech.atlas import added_value, knobs, order, slow, thermometer
from statmech.atlas.layers import METRICS, layers, phase_index, reduced
from statmech.atlas.load import load_test
from statmech.atlas.replicas import agreement
from statmech.core import Variable
from statmech.results import Results
from statmech.stats.jackknife import jackknife
from statmech.tasks.training_results import mean_of_present

DATA = Path(__file__).resolve().parents[1] / "data"
CONTROLS = ("eigenvalue", "eigenvalue_shuffled", "eigenvalue_displaced")
MEASURED = {  # name: (readings whose eigenvalues are kept, kinds of spectra, kinds of those kept)
    "network_load": ((), CONTROLS[:1]),
    "network_temperature": (("loss 0.1",), CONTROLS),
    "network_controls": (("loss 0.1",), CONTROLS, CONTROLS),
    "network_size": ((), CONTROLS[:1]),
    "network_bridge": (("start", "loss 0.2"), CONTROLS[:1]),
    "teacher_bridge": ((), CONTROLS[:1]),
    "network_replicas": ((), CONTROLS[:1]),
    "mini_alexnet": (("start", "end"), CONTROLS[:1]),
}
SAMPLED = ("network_langevin", "teacher_langevin")
PROTOCOLS = ("equal epochs", "equal updates", "equal rate / batch")


def path(name: str, smoke: bool) -> Path:
    """Where the measured file of a script is."""
    return Path("results") / f"{name}-smoke" / f"{name}.h5" if smoke else DATA / "spectra" / f"{name}.h5"


def opened(name: str, smoke: bool) -> Results:
    """Measured results of a script; toy sweeps are reduced on the fly."""
    r = statmech.load(path(name, smoke))
    return _measured(name, r) if smoke else r


def at(r: Results, name: str, reading: str) -> np.ndarray:
    """Values of an observable at a reading, which is its last dimension."""
    return r[name][..., list(r["reading"].astype(str)).index(reading)]


def load(r: Results, fixed: dict) -> None:
    """Test 1: which effective load, and the cost of randomising against removing."""
    removed = r["remove"].astype(bool)
    for reading in ("loss 0.5", "end"):
        for largest in (1.0, 0.5):
            cells = ~removed & (r["r"] <= largest)
            share = r["r"][cells]
            m, _ = np.broadcast_arrays(r["m"][:, None], share[None])
            f = {name: np.broadcast_to(np.interp(share, fixed["r"], value), m.shape).ravel()
                 for name, value in fixed["f(r)"].items()}  # fmt: skip
            eps = at(r, "eps_g", reading)[:, cells]
            found = load_test(eps.reshape(m.size, -1), m.ravel(), f)
            print(f"load, {reading}, r <= {largest:g}: best f(r) = {found.best}; ln eps_g of seeds scatters by "
                  f"{found.scatter:.3f}")  # fmt: skip
            for name in f:
                low, high = found.behind[name][1:]
                print(f"    {name:20} ln L {found.score[name]:.2f}, behind by {-found.behind[name][0]:.2f} "
                      f"[{-high:.2f}, {-low:.2f}], misfit {found.misfit[name]:.2f}")  # fmt: skip
    clean = int(np.flatnonzero(~removed & (r["r"] == 0))[0])
    for reading in ("loss 0.5", "end"):
        eps = at(r, "eps_g", reading)
        ln_clean, ln_m = np.log(mean_of_present(eps[:, clean].T)[0]), np.log(r["m"])
        slope, offset = np.polyfit(ln_clean, ln_m, 1)
        print(f"clean examples that are worth one noisy example, {reading} (clean curve m ~ eps^{slope:.2f}):")
        for k in np.flatnonzero(~removed & (r["r"] > 0) & (r["r"] < 1)):
            worth = np.exp(slope * np.log(mean_of_present(eps[:, k].T)[0]) + offset) / r["m"]
            print(f"    r = {r['r'][k]:g}: " + ", ".join(f"m = {m}: {w:.3f}" for m, w in zip(r["m"], worth)))
        for k in np.flatnonzero(removed):
            noisy = int(np.flatnonzero(~removed & (r["r"] == r["r"][k]))[0])
            mean, error = jackknife(eps[:, noisy] - eps[:, k], axis=1)
            print(f"eps_g randomised - removed, {reading}, r = {r['r'][k]:g}: "
                  + ", ".join(f"m = {m}: {x:.4f}({1e4 * e:.0f})" for m, x, e in zip(r["m"], mean, error)))  # fmt: skip


def foretell(r: Results) -> None:
    """Test 2: knobs -> (alpha, T), fitted on every second batch, judged on the others."""
    readings = [name for name in r["reading"].astype(str) if name.startswith("epoch") or name == "end"]
    n = len(r["batch"]) // len(PROTOCOLS)
    rows = []  # (r, protocol, batch number, reading number, eps, error, loss, knobs, per seed)
    for j, share in enumerate(r["r"]):
        for run in range(len(r["batch"])):
            for t, name in enumerate(readings):
                eps, loss, update = (at(r, x, name)[j, run] for x in ("eps_g", "loss_t", "update"))
                if np.isfinite(eps).all() and np.isfinite(loss).all() and (update > 0).all():
                    rate = np.log(r["learning_rate"][run] / r["batch"][run])
                    rows.append((share, run // n, run % n, t, eps.mean(), max(eps.std(ddof=1) / len(eps) ** 0.5, 5e-4),
                                 loss.mean(), (rate, np.log(update).mean()), eps))  # fmt: skip
    share, protocol, batch, time, eps, error, loss = (np.array([row[i] for row in rows]) for i in range(7))
    K, seeds = np.array([row[7] for row in rows]), np.array([row[8] for row in rows])
    half = batch % 2 == 0
    fitted = knobs.fit_map(eps[half], error[half], share[half] / 2, K[half])
    rival = knobs.fit_smooth(eps[half], error[half], share[half], loss[half])(share, loss)
    predicted = fitted.predict(share / 2, K)
    place = {(s, p, b, t): i for i, (s, p, b, t) in enumerate(zip(share, protocol, batch, time)) if not half[i]}
    pairs = []
    for (s, p, b, t), i in place.items():
        for other in ((s, p, b - 2, t), (s, p, b, t + 1)):  # a smaller batch; a later epoch
            if other in place:
                pairs.append((i, place[other]))
    pair = np.array(pairs)
    change = seeds[pair[:, 1]] - seeds[pair[:, 0]]
    clear = np.abs(change.mean(1)) > 2 * change.std(1, ddof=1) / change.shape[1] ** 0.5
    pair, truth = pair[clear], np.sign(change.mean(1))[clear]
    own, others = (np.sign(x[pair[:, 1]] - x[pair[:, 0]]) for x in (predicted, rival))
    print(f"map: alpha = {np.exp(fitted.ln_alpha):.2f}, T = {np.exp(fitted.ln_T0):.3g} (rate/B)^{fitted.slopes[0]:.2f} "
          f"updates^{fitted.slopes[1]:.2f}, eps_g = {fitted.a:.3f} + {fitted.b:.3f} eps_replica, from {half.sum()} of "
          f"{len(eps)} cells")  # fmt: skip
    print(f"    {len(truth)} clear changes of {len(pairs)}, {(truth < 0).sum()} of them down; kappa = "
          f"{knobs.kappa(truth, own):.3f}, p = {knobs.permutation_p(truth, predicted, pair):.4f}; rival kappa = "
          f"{knobs.kappa(truth, others):.3f}, p = {knobs.permutation_p(truth, rival, pair):.4f}")  # fmt: skip
    for s in np.unique(share):
        here = share[pair[:, 0]] == s
        print(f"    r = {s:g}: {here.sum()} changes, {(truth[here] < 0).sum()} down; agreement of the map "
              f"{(own == truth)[here].mean():.2f}, of the rival {(others == truth)[here].mean():.2f}")  # fmt: skip
    off = []
    for key in {(s, p, t) for s, p, _, t in place}:
        cells = [i for (s, p, b, t), i in place.items() if (s, p, t) == key]
        if len(cells) >= 3:
            off.append(abs(batch[min(cells, key=eps.__getitem__)] - batch[min(cells, key=predicted.__getitem__)]))
    print(f"    best batch of {len(off)} lines: off by {np.mean(off):.2f} factors of two on average")


def phases(r: Results) -> None:
    """Test 3: order of the spectral phases along a falling batch, at equal loss."""
    n = len(r["batch"]) // len(PROTOCOLS)
    for p, name in enumerate(PROTOCOLS):
        for j, share in enumerate(r["r"]):
            for level in ("loss 0.5", "loss 0.1"):
                found = {}
                for layer in layers(r):
                    index = phase_index(r, layer)[j, p * n : (p + 1) * n]  # (batch, disorder, reading)
                    here = index[..., list(r["reading"].astype(str)).index(level)]
                    found[layer] = (order.page(here[::-1].T), here)
                adjusted = order.holm([trend.p for trend, _ in found.values()])
                words = []
                for (layer, (trend, here)), p_value in zip(found.items(), adjusted):
                    mean = mean_of_present(here.T)[0]
                    ends = mean[np.isfinite(mean)]
                    span = f"{ends[-1]:.2f} -> {ends[0]:.2f}" if len(ends) else "-"
                    table = f"{trend.rows} x {trend.columns}"
                    words.append(f"{layer}: L = {trend.L:g} ({table}), p = {p_value:.2g}, {span}")
                print(f"order, {name}, r = {share:g}, {level}: " + "; ".join(words))


def spectra(sources: dict[str, Results]) -> None:
    """Test 4: what the six metrics add to distance, loss and updates."""
    y, base, metrics, block, seed = [], [], [], [], []
    for name, r in sources.items():
        names = layers(r)
        hidden = {x: np.mean([r[f"spectra/{layer}/{x}"] for layer in names], axis=0) for x in METRICS}
        for reading in (x for x in r["reading"].astype(str) if x.startswith("loss")):
            place = list(r["reading"].astype(str)).index(reading)
            for cell in np.ndindex(r["eps_g"].shape[:-2]):
                m = r["m"][cell[0]] if "m" in r and r.dims("m") == ("m",) else 0
                share = r["r"][cell[0]] if r.dims("r") == ("r",) else r["r"][cell[1]]
                gone = bool(r["remove"][cell[1]]) if "remove" in r else False
                for d in range(r["eps_g"].shape[-2]):
                    where = (*cell, d, place)
                    y.append(np.log(max(r["eps_g"][where], 1e-9)))
                    base.append([r["distance"][where], np.log(r["loss_t"][where]), np.log(max(r["update"][where], 1))])
                    metrics.append([hidden[x][where] for x in METRICS])
                    block.append(f"{name} {m} {share} {gone}")
                    seed.append(d)
    found = added_value.gain(y, base, metrics, block, seed)
    print(f"added value: R^2 {found.without:.4f} -> {found.with_metrics:.4f}, gain {found.gain:.4f}, p = {found.p:.4f} "
          f"({np.isfinite(y).sum()} readings)")  # fmt: skip


def glass(r: Results) -> None:
    """Test 5: creep of the weights, entropy, agreement of replicas."""
    end, agree = list(r["reading"].astype(str)).index("end"), r["agreement"]
    for k, share in enumerate(r["r"]):
        t, distance = r["step"], r["timeseries/distance"][k, 0]
        late = (t >= np.nanmax(np.where(np.isfinite(distance).any(0), t, np.nan)) / 10) & (t > 0)
        found = slow.drift(t[late], distance[:, late])
        mean, error = jackknife(agree[k], axis=0)
        hidden = r["entropy"][k, 0, :, :, :-1].mean(-1)
        fall, dfall = jackknife(hidden[:, end] - hidden[:, 0], axis=0)
        print(f"glass, r = {share:g}, last decade: AIC(power) - AIC(log) = {found.mean:.1f}({found.error:.1f}), "
              f"exponent {found.exponent:.2f}; agreement of replicas {mean:.4f}({1e4 * error:.0f}); "
              f"change of matrix entropy {fall:.5f}({1e5 * dfall:.0f})")  # fmt: skip


def thermometers(trained: Results, sampled: Results, name: str) -> None:
    """T1 from the training loss, T2 from the test loss, T3 from the norm, against the sampled network."""
    agreeing, cells = 0, 0
    for i, m in enumerate(trained["m"]):
        for j, share in enumerate(trained["r"]):
            here = sampled.at(**{x: v for x, v in (("m", m), ("r", share)) if x in sampled.variables})
            curves = {x: np.concatenate(np.moveaxis(here[x], -1, 0), axis=1) for x in ("loss_t", "loss_g")}
            for b, batch in enumerate(trained["batch"]):
                words = []
                for reading in (x for x in trained["reading"].astype(str) if x.startswith("loss")):
                    values = [at(trained, x, reading)[i, j, b] for x in curves]
                    if not all(np.isfinite(v).all() for v in values):
                        continue
                    one, two = (thermometer.read(sampled["T"], curves[x], v) for x, v in zip(curves, values))
                    same = thermometer.agree(one, two)
                    cells, agreeing = cells + bool(np.isfinite(one.T)), agreeing + (same is True)
                    words.append(f"{reading}: T1 {one.T:.3g} [{one.low:.3g}, {one.high:.3g}], T2 {two.T:.3g} "
                                 f"[{two.low:.3g}, {two.high:.3g}] {'=' if same else '-'}")  # fmt: skip
                print(f"thermometer, {name}, m = {m}, r = {share:g}, B = {batch}: " + "; ".join(words))
    print(f"thermometer, {name}: T1 = T2 in {agreeing} of {cells} cells where T1 has a reading")


def size(r: Results) -> None:
    """Phase or regime: change of the phase index between the extreme batches, by width."""
    for layer in layers(r):
        for level in ("loss 0.5", "loss 0.1"):
            place = list(r["reading"].astype(str)).index(level)
            index = phase_index(r, layer)[..., place]  # (size, r, batch, disorder)
            for j, share in enumerate(r["r"]):
                mean, error = jackknife(index[:, j, 0] - index[:, j, -1], axis=1)
                print(f"size, {layer}, {level}, r = {share:g}: change of the index between B = {r['batch'][-1]} and "
                      f"{r['batch'][0]}: " + ", ".join(f"m = {m}: {x:.2f}({100 * e:.0f})"
                                                      for m, x, e in zip(r["m"], mean, error)))  # fmt: skip


def _measured(name: str, r: Results) -> Results:
    """What is kept of the results of a script."""
    out = reduced(r, *MEASURED[name]) if name in MEASURED else r
    if name == "network_replicas":
        both = agreement(r["predicted"][:, 0], r["predicted"][:, 1])
        words = {"long_name": "share of test examples that both replicas give the same class", "units": "1"}
        out.variables["agreement"] = Variable(("r", "disorder"), both, words)
    return out


def measure() -> None:
    """Write data/spectra/<name>.h5 of every script whose results are there."""
    for name in (*MEASURED, *SAMPLED):
        source = Path("results") / name / f"{name}.h5"
        if source.exists():
            r = statmech.load(source)
            print(_measured(name, r).to_hdf5(path(name, False)))


def main(smoke: bool) -> None:
    """All tests, in the order of the predictions."""
    fixed = json.loads((DATA / "atlas" / "predictions.json").read_text())["tests"]
    temperature, loads = opened("network_temperature", smoke), opened("network_load", smoke)
    if not smoke:
        load(loads, fixed["load"])
    foretell(temperature)
    phases(temperature)
    spectra({"load": loads, "temperature": temperature})
    glass(opened("network_replicas", smoke))
    for name in ("network", "teacher"):
        thermometers(opened(f"{name}_bridge", smoke), opened(f"{name}_langevin", smoke), name)
    size(opened("network_size", smoke))


if __name__ == "__main__":
    if "measure" in sys.argv[1:]:
        measure()
    main("--smoke" in sys.argv[1:])
