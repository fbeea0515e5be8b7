"""The energies that a run keeps: all of the measured half, the same bits however it is cut, resumed or extended."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from contract.test_resume import assert_equal, through

from statmech import SK, HeatBath, Hopfield, MonteCarlo, Sweep, Tempering, simulate
from statmech.io.atomic import StoreError
from statmech.tasks import series
from statmech.tasks.energies import window

SHORT = MonteCarlo(
    Hopfield(n=12, alpha=0.25), {"random": Tempering(HeatBath()), "pattern": HeatBath()}, T=(0.5, 1.0, np.inf),
    starts=("random", "pattern"), replicas=2, sweeps=48, measure_every=4, disorder=(0, 1), device="cpu", energies=True,
)  # fmt: skip


@pytest.mark.parametrize(("sweeps", "every"), [(64, 1), (48, 4), (24, 1), (96, 3), (1024, 2)])
def test_windows_follow_from_the_history_alone(sweeps, every):
    last = sweeps // every - 1
    assert window(last, sweeps, every) == (sweeps // every // 2, sweeps // every // 2)
    for index in range(last + 1):
        start, size = window(index, sweeps, every)
        assert start <= index < start + size
        assert window(index, 8 * sweeps, every) == (start, size)


@pytest.mark.parametrize("piece", [4, 8, 12, 20])
def test_pieces_and_extensions_keep_the_same_bits(piece):
    whole = through(SHORT, [48])
    assert_equal(through(SHORT, [piece] * -(-48 // piece)), whole)
    long = dataclasses.replace(SHORT, sweeps=192)
    extended = through(long, [piece] * -(-144 // piece), whole)
    assert_equal(extended, through(long, [192]))
    assert extended["random/energies"].shape == (2, 3, 2, 24) and np.isfinite(extended["random/energies"]).all()


def test_they_are_the_energies_that_are_measured():
    """Their mean is <e>; and nothing else changes."""
    state = through(SHORT, [48])
    found, plain = SHORT.results(state), dataclasses.replace(SHORT, energies=False)
    e = found["energies/e"]
    assert e.dims == ("T", "disorder", "start", "replica", "measurement") and e.data.shape == (3, 2, 2, 2, 6)
    np.testing.assert_allclose(e.data.mean((-2, -1)), found["e"].data, rtol=1e-12)
    bins, _ = series.window(state["random/chain"][0], 12)
    np.testing.assert_allclose(np.moveaxis(e.data[:, :, 0], 0, 1), bins, rtol=1e-12)
    without = plain.results(through(plain, [48]))
    extra = {k for k in found if k.startswith("energies/")} | {"measurement", "replica"}
    for name in without:
        np.testing.assert_array_equal(without[name].data, found[name].data, err_msg=name)
    assert found.keys() - without.keys() <= extra and len(extra) == 5
    assert found["energies/n"].data == 12 and found["energies/lnZ_inf"].data == pytest.approx(12 * np.log(2))


def test_unfinished_runs_show_none():
    assert "energies/e" not in SHORT.results(through(SHORT, [32]))


def test_what_is_kept_does_not_change_under_way(tmp_path):
    plain = dataclasses.replace(SHORT, energies=False)
    with pytest.raises(ValueError, match="begun with True"):
        plain.advance(through(SHORT, [8]), 8)
    with pytest.raises(ValueError, match="begun with False"):
        SHORT.advance(through(plain, [8]), 8)
    with pytest.raises(TypeError, match="energies = 1"):
        dataclasses.replace(SHORT, energies=1)
    assert plain.identity() != SHORT.identity() and plain.identity().keys() < SHORT.identity().keys()
    Sweep("x", plain, samples=2, block=1).run(tmp_path / "x", executor="serial", quiet=True)
    with pytest.raises(StoreError, match="energies"):
        Sweep("x", SHORT, samples=2, block=1).run(tmp_path / "x", executor="serial", quiet=True)


def test_through_a_sweep_and_a_file(tmp_path):
    task = MonteCarlo(SK(8), Tempering(HeatBath()), T=(1.0, np.inf), sweeps=32, energies=True, device="cpu")
    sweep = Sweep("x", task, {"model.h": [0.0, 0.5]}, samples=2, block=1)
    result = sweep.run(tmp_path / "x", executor="serial", quiet=True)
    assert result["energies/e"].shape == (2, 2, 2, 1, 4, 16) and np.isfinite(result["energies/e"]).all()
    direct = simulate(SK(8, h=0.5), [1.0, np.inf], Tempering(HeatBath()), 32, samples=2, energies=True, device="cpu")
    np.testing.assert_array_equal(direct["energies/e"], result["energies/e"][1])
