"""Phase labels of Hopfield, glass and planted models: on made results, where the answer is known, and on small runs."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import SK, Metropolis, MonteCarlo, Tempering
from statmech.core import Variable
from statmech.io.load import load
from statmech.phases import free_energy_gain, glass_phases, hopfield_phases, learner_map, learner_phases
from statmech.phases.labels import bootstrap
from statmech.results import Results
from statmech.theory.hopfield import solve
from statmech.theory.hopfield_lines import T_c

N = np.array([64, 256])
ALPHA, T = np.array([0.05, 0.2]), np.array([0.3, 0.6, 1.0, 1.5])
DIMS = ("size", "alpha", "T", "disorder", "start")
STARTS = ("random", "pattern", "mixture")


def made(samples=16, noise=0.02, exponent=-1.0, starts=STARTS, reason=0, seed=0, **values):
    """Results over (size, alpha, T, disorder, start): q2 ~ N^exponent, no overlaps unless given as name_start."""
    rng = np.random.default_rng(seed)
    shape = (2, 2, 4, samples, len(starts))
    reasons = np.broadcast_to(np.asarray(reason), shape).astype(np.int8)
    x = {name: np.full(shape, 0.05) for name in ("m_abs", "m_max", "m_3")}
    x["q2"] = 0.5 * (N / N[0]).reshape(2, 1, 1, 1, 1) ** np.broadcast_to(exponent, (4,)).reshape(1, 1, 4, 1, 1)
    x = {k: np.broadcast_to(v, shape).copy() for k, v in x.items()}
    x["e"] = np.full(shape, -0.5)
    for key, value in values.items():
        name, _, start = key.rpartition("_")
        x[name][..., starts.index(start)] = value
    variables = {k: Variable(DIMS, v * (1 + noise * rng.standard_normal(shape))) for k, v in x.items()}
    variables |= {f"{k}_stderr": Variable(DIMS, np.full(shape, 1e-3)) for k in ("q2", "m_max")}
    status = np.where((reasons == 0).all(-1), 2, 4).astype(np.int8)
    variables |= {"reason": Variable(DIMS, reasons), "status": Variable(DIMS[:-1], status)}
    axes = {"alpha": ALPHA, "T": T, "disorder": np.arange(samples), "start": np.array(starts, dtype=object)}
    variables |= {k: Variable((k,), v) for k, v in axes.items()} | {"n": Variable(("size",), N)}
    return Results(variables)


def test_the_trend_of_q2_tells_glass_from_paramagnet():
    found = hopfield_phases(made(exponent=(-0.2, -0.5, -0.8, -1.0)))
    np.testing.assert_array_equal(found.label()[0], ["spin_glass", "spin_glass", "paramagnet", "paramagnet"])
    assert (found.probability.max(-1) == 1).all() and found.probability.sum(-1) == pytest.approx(1)
    # q^2 is as large in the paramagnet as in the glass: only the trend differs; noise makes the middle undecided
    near = hopfield_phases(made(exponent=(-0.2, -2 / 3, -2 / 3, -1.0), noise=0.3))
    assert (near.probability[:, 1:3].max(-1) < 1).any() and (near.probability[:, [0, 3]].max(-1) > 0.99).all()


def test_order_of_the_sizes_does_not_matter():
    r = made(exponent=(-0.2, -0.5, -0.8, -1.0))
    back = {k: Variable(v.dims, v.data[::-1]) if v.dims[:1] == ("size",) else v for k, v in r.variables.items()}
    np.testing.assert_array_equal(hopfield_phases(Results(back)).probability, hopfield_phases(r).probability)


def test_retrieval_stable_or_not():
    held = {"m_abs_pattern": 0.9, "m_max_pattern": 0.9}
    assert hopfield_phases(made(**held)).where("retrieval_metastable", least=0.99).all()
    agree = made(**held, m_max_random=0.9)
    assert hopfield_phases(agree).where("retrieval").all(), "random starts end on some pattern"
    lost = hopfield_phases(made(m_abs_pattern=0.35, m_max_pattern=0.35, exponent=-0.3))
    assert lost.where("spin_glass").all()
    half = made(samples=64, **held)
    half["m_abs"][..., :32, 1] = 0.3  # half of the samples have left: neither label is sure
    unsure = hopfield_phases(half)
    assert not unsure.where("retrieval_metastable", least=0.9).any() and (unsure.probability.max(-1) < 0.8).all()
    mixed = {"m_abs_mixture": 0.5, "m_max_mixture": 0.5, "m_3_mixture": 0.5}
    assert hopfield_phases(made(**mixed)).where("mixture").all()
    assert not hopfield_phases(made(**{**mixed, "m_max_mixture": 0.9})).where("mixture").any(), "unequal: no mixture"


def test_unequilibrated_is_a_label_of_its_own():
    held = {"m_abs_pattern": 0.9, "m_max_pattern": 0.9}
    restless = np.array([4, 0, 0])  # the random class disagrees
    assert hopfield_phases(made(reason=restless)).where("unequilibrated").all()
    assert hopfield_phases(made(reason=restless, **held)).where("unequilibrated").all(), "what else is there?"
    pattern = hopfield_phases(made(reason=np.array([0, 4, 0]), **held))
    assert pattern.where("paramagnet").all(), "a pattern class that moves is no metastable state"
    share = np.zeros((2, 2, 4, 64, 3))
    share[..., :32, 0] = 4
    unsure = hopfield_phases(made(samples=64, reason=share)).probability[..., -1]
    assert ((unsure > 0.2) & (unsure < 0.9)).all(), "half of the samples at rest"


def test_a_probability_is_that_of_a_repeat():
    """Mean 0 +- 1/sqrt S seen at z errors: the share of repeats on the same side is Phi(z).  One sample: thermal."""
    from scipy.stats import norm

    rng = np.random.default_rng(1)
    for S in (1, 4, 64):
        x = rng.standard_normal((400, S))
        error = np.ones_like(x) if S == 1 else np.zeros_like(x)
        if S > 1:
            x += 0.5 * rng.standard_normal(x.shape)
            error += 0.5
        found = bootstrap(lambda v: (v["x"] > 0).astype(int), {"x": x}, {"x": error}, 2, resamples=400)[:, 1]
        exact = norm.cdf(x.mean(-1) * np.sqrt(S) / (1 if S == 1 else np.sqrt(1.25)))
        assert np.abs(found - exact).mean() < (0.03 if S == 1 else 0.15 if S == 4 else 0.04)
    without = bootstrap(lambda v: (v["x"] > 0).astype(int), {"x": x[:, :1]}, {}, 2)[:, 1]
    assert set(without) == {0, 1}, "witness: one sample without thermal noise looks sure"


def test_planted_states_make_a_dynamical_glass():
    def of(**values):
        r = made(starts=("random", "planted"), **values)
        return glass_phases(r, ("alpha", "T"), p=3)

    assert of(m_abs_planted=0.9).where("dynamical_glass").all()
    assert of(m_abs_planted=0.9, m_abs_random=0.9).where("recovered").all()
    assert of(m_abs_planted=0.2).where("paramagnet").all()
    assert of(m_abs_planted=0.2, exponent=-0.2).where("glass").all()
    assert of(m_abs_planted=0.2, m_abs_random=0.3, exponent=-0.2).where("partly_recovered").all()
    assert of(m_abs_planted=0.9, reason=np.array([4, 0])).where("unequilibrated").all()
    assert of(exponent=-0.6).where("paramagnet").all(), "p = 3: -1/2 separates"
    r = made(starts=("random",), exponent=-0.6)
    assert glass_phases(r, ("alpha", "T"), p=2).where("glass").all(), "p = 2: -2/3 does"


def test_messages_and_missing_results():
    with pytest.raises(ValueError, match="one size"):
        hopfield_phases(Results({k: Variable(v.dims[1:], v.data[0]) if v.dims[0] == "size" else v
                                 for k, v in made().variables.items() if k != "n"}))  # fmt: skip
    with pytest.raises(ValueError, match="no 'q2'"):
        hopfield_phases(Results({k: v for k, v in made().variables.items() if k != "q2"}))
    with pytest.raises(ValueError, match="expected 'x' among them"):
        glass_phases(made(), ("x",))
    r = made()
    r["q2"][:, :, :, :5] = np.nan
    r["status"][:, :, :, :5] = 0
    np.testing.assert_array_equal(hopfield_phases(r).label(), hopfield_phases(made()).label())
    with pytest.raises(ValueError, match="not known"):
        hopfield_phases(made()).where("ice")


def test_labels_travel_with_the_results(tmp_path):
    r = made(exponent=(-0.2, -0.5, -0.8, -1.0))
    found = hopfield_phases(r)
    path = found.added_to(r).to_hdf5(tmp_path / "x.h5")
    back = load(path)
    assert back.dims("phase") == ("alpha", "T") and back.dims("phase_probability") == ("alpha", "T", "phase_name")
    words = np.array(back.variables["phase"].attrs["flag_meanings"].split())
    np.testing.assert_array_equal(words[back["phase"]], found.label())
    np.testing.assert_array_equal(back["phase_probability"], found.probability)


def stacked(tasks, sizes):
    parts = [t.results(t.advance(t.start(), t.sweeps)) for t in tasks]
    names = [k for k in ("q2", "q2_stderr", "m_abs", "m_max", "m_max_stderr", "e", "status", "reason") if k in parts[0]]
    out = {k: Variable(("size", *parts[0][k].dims), np.stack([p[k].data for p in parts])) for k in names}
    return Results(out | {k: parts[0][k] for k in ("T", "disorder", "start")} | {"n": Variable(("size",), sizes)})


def test_sk_on_a_run():
    """Deep in each phase the label is right and sure."""
    ladder = (0.5, 0.75, 1.1, 1.6, 2.0)
    r = stacked([MonteCarlo(SK(n=n), Tempering(Metropolis()), T=ladder, replicas=4, sweeps=512, measure_every=8,
                            disorder=tuple(range(32))) for n in (24, 64)], np.array([24, 64]))  # fmt: skip
    found = glass_phases(r)
    assert found.where("glass", 0.9)[0] and found.where("paramagnet", 0.9)[-2:].all(), found.probability


def branches(alpha, ladder, retrieval=1.0):
    """Results whose energies are those of theory: the glass or paramagnet, and the retrieval state."""
    t = np.array(ladder)
    glass, own = (solve(alpha, t, b) for b in ("spin_glass", "retrieval"))
    e = np.where(glass.exists, glass.e, -alpha / 2 / (t - 1).clip(1e-9))
    e = np.stack([e, np.where(own.exists, own.e * retrieval, 0)], -1)[None, :, None]
    m = np.stack([0 * t, np.where(own.exists, own.m, 0)], -1)[None, :, None]
    dims = ("alpha", "T", "disorder", "start")
    r = {"e": Variable(dims, e), "m_abs": Variable(dims, m), "reason": Variable(dims, np.zeros(e.shape, np.int8))}
    r |= {"status": Variable(dims[:-1], np.full(e.shape[:-1], 5, np.int8)), "T": Variable(("T",), t)}
    r |= {"alpha": Variable(("alpha",), np.array([alpha])), "disorder": Variable(("disorder",), np.arange(1))}
    return Results(r | {"start": Variable(("start",), np.array(["random", "pattern"], dtype=object))})


def test_the_free_energy_of_retrieval_against_theory():
    """f_random - f_pattern from the energies of theory: its free energies, and its T_c = 0.4788 at alpha = 0.03."""
    ladder = np.concatenate([np.arange(0.06, 1.0, 0.04), np.geomspace(1.0, 6.0, 24)])
    gain = free_energy_gain(branches(0.03, ladder))[0, :, 0]
    exact = solve(0.03, ladder, "spin_glass").f - solve(0.03, ladder).f
    held = solve(0.03, ladder).exists
    np.testing.assert_allclose(gain[held][:-1], exact[held][:-1], atol=3e-4)
    assert gain[held][-1] == pytest.approx(exact[held][-1], abs=1e-3), "next to the end of the branch"
    assert np.isnan(gain[~held]).all(), "the state has ended"
    change = np.flatnonzero((gain[:-1] > 0) & (gain[1:] < 0))
    assert len(change) == 1 and ladder[change[0]] < T_c(0.03) < ladder[change[0] + 1]
    mutant = free_energy_gain(branches(0.03, ladder, retrieval=0.98))[0, :, 0]
    assert np.abs(mutant - exact)[held].max() > 3e-3, "mutant: the energy of the state 2 % too high"
    assert np.isnan(free_energy_gain(branches(0.03, ladder[4:]))).all(), "a ladder that does not reach T <= 0.1"
    restless = branches(0.03, ladder)
    restless["reason"][:, 20, :, 0] = 4
    cut = free_energy_gain(restless)[0, :, 0]
    assert np.isnan(cut[:21]).all(), "f below needs the equilibrium above"


def test_learner_labels_have_probabilities():
    from phases.test_learner_phases import P
    from phases.test_learner_phases import made as learner

    sure = learner_map(learner(R=1.0, q=1.0), P)
    assert sure.where("perfect", 1.0).all()
    many = learner_map(learner(samples=32), P)
    assert (many.label() == learner_phases(learner(samples=32), P).label()).mean() >= 7 / 8
    assert many.probability.max(-1).mean() > 0.9
    slope = learner(eps_g=(0.33, 0.329, 0.328, 0.327), noise=0.001)
    share = learner_map(slope, P).probability[:, 1, 2]
    assert ((share > 0.05) & (share < 1)).any(), "a slope of about three errors is found in some repeats only"
