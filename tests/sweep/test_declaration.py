"""A sweep that makes no sense says so when it is declared."""

import dataclasses

import numpy as np
import pytest
from sweep.running import finish

from statmech import Annealing, HeatBath, Hopfield, Metropolis, MonteCarlo, Pairs, Quench, Sweep, Tempering, Zip
from statmech.core import Variable
from statmech.io.load import load
from statmech.overrides import fit, parse, replace
from statmech.running.campaign import Campaign
from statmech.running.estimate import print_plan
from statmech.spec import identity

TASK = MonteCarlo(Hopfield(n=32))


@dataclasses.dataclass(frozen=True)
class Square:
    """A task without disorder and without a length."""

    x: float = 2.0

    def identity(self):
        return {"x": self.x}

    def start(self):
        return {"value": np.array(np.nan)}

    def progress(self, state):
        return int(np.isfinite(state["value"])), 1

    def advance(self, state, n):
        return {"value": np.array(self.x**2)}

    def results(self, state):
        return {"square": Variable((), state["value"])}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "a/b"}, "expected letters, digits"),
        ({"task": 3}, "expected a Task"),
        ({"grid": {"model.alpha": []}}, "is empty"),
        ({"grid": {"model.alpha": 0.1}}, "expected a list of values or a Zip"),
        ({"grid": {"T": [0.1]}}, "grid axis 'T' is taken"),
        ({"grid": {"model.n": [32], "x.n": [1]}}, "grid axis 'n' is taken"),
        ({"samples": 0}, "samples = 0: expected an integer >= 1"),
        ({"block": 1.5}, "block = 1.5: expected an integer >= 1"),
        ({"task": Square(), "samples": 3}, "Square has no field 'disorder'"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Sweep(**({"name": "x", "task": TASK} | arguments))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"model.alhpa": 0.1}, "Hopfield has no 'alhpa'; did you mean 'alpha'"),
        ({"model.alpha": -0.1}, "expected a load"),
        ({"sampler": "metropolis"}, "expected a.*[Ss]ampler"),
        ({"starts": [1]}, "starts = .1. has type list"),
        ({"samples": 2.5}, "samples = 2.5 has type float: expected int"),
        ({"sampler": Tempering(), "T": [0.5]}, "tempering needs a ladder of at least 2 temperatures"),
        ({"sampler": Quench(), "T": [0.5]}, "a quench runs at T = .0."),
    ],
)
def test_overrides_are_checked(overrides, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Sweep("x", TASK).resolve(overrides)


def test_every_grid_value_is_checked():
    with pytest.raises(ValueError, match="gives no pattern"):
        Sweep("x", TASK, grid={"model.alpha": [0.1, 0.001]}).resolve()


def test_overrides_reach_grids_and_zips():
    sweep = Sweep("x", TASK, grid={"model.alpha": [0.1, 0.2], "size": Zip({"model.n": [32, 64], "sweeps": [64, 32]})})
    changed = sweep.resolve({"model.alpha": 0.3, "sweeps": [128, 64], "replicas": 2, "samples": 1})
    assert changed.grid["model.alpha"] == [0.3] and changed.grid["size"].values["sweeps"] == [128, 64]
    assert [t.sweeps for _, t in changed.points] == [128, 64] and changed.points[0][1].replicas == 2
    assert sweep.resolve({"sweeps": 32}).grid["size"].values["sweeps"] == [32, 32]
    with pytest.raises(ValueError, match="expected fields with equally many values"):
        sweep.resolve({"sweeps": [128]})


def test_two_fields_of_one_name_in_a_zip_keep_both_coordinates():
    task = MonteCarlo(Hopfield(n=16, alpha=0.1), Annealing(sweeps=8), sweeps=64)
    times = Zip({"sampler.sweeps": [8, 16], "sweeps": [64, 128]})
    (axis,) = Sweep("x", task, grid={"cooling": times}).axes()
    assert axis.variables["sampler_sweeps"].data.tolist() == [8, 16]
    assert axis.variables["sweeps"].data.tolist() == [64, 128]


def test_zip_lengths():
    with pytest.raises(ValueError, match="Zip has lengths"):
        Zip({"a": [1, 2], "b": [1]})


def test_task_names_depend_on_identity_alone():
    ids = [p.id for p in Sweep("x", TASK, grid={"model.alpha": [0.1]}, samples=2, block=1).plan()]
    longer = dataclasses.replace(TASK, sweeps=2 * TASK.sweeps, device="cpu")
    assert ids == [p.id for p in Sweep("y", longer, grid={"model.alpha": [0.1]}, samples=2, block=1).plan()]
    assert ids[0].startswith("alpha0.1_s0_") and len(set(ids)) == 2


def test_blocks_survive_an_extension():
    sweep = Sweep("x", TASK, samples=6, block=4)
    assert sweep.blocks() == [(0, 1, 2, 3), (4, 5)]
    assert Sweep("x", TASK, samples=11, block=4, first=20).blocks([6, 11])[1:] == [
        (24, 25), (26, 27, 28, 29), (30,)
    ]  # fmt: skip


def test_without_disorder(tmp_path):
    sweep = Sweep("squares", Square(), grid={"x": [2.0, 3.0]})
    finish(sweep, tmp_path, script=None)
    assert load(tmp_path)["square"].tolist() == [4, 9] and load(tmp_path)["status"].tolist() == [2, 2]


def test_spec_leaves_out_what_decides_no_number():
    spec = Sweep("x", TASK, grid={"model.form": ["pair"]}).spec()
    assert spec["task"] == {"class": "MonteCarlo", "model": {"class": "Hopfield", "n": 32}, "sweeps": 1024}
    assert identity(Hopfield(n=32, form="pair")) == {"class": "Hopfield", "n": 32}


def test_grid_values_in_one_line(tmp_path, capsys):
    """Couplings along an axis: neither the plan nor the coordinate spells out the matrix."""
    J = [np.ones((40, 40)) - np.eye(40), np.eye(40) - np.ones((40, 40))]
    task = MonteCarlo(Pairs(J[0]), T=[1.0], sweeps=32)
    sweep = Sweep("x", task, grid={"model": [Pairs(j) for j in J], "sampler": [HeatBath(), Metropolis()]})
    print_plan(Campaign(sweep, tmp_path / "x"))
    assert max(map(len, capsys.readouterr().out.splitlines())) < 200
    models, samplers = (axis.variables[axis.name].data.tolist() for axis in sweep.axes())
    assert models[0] != models[1] and models[0].startswith("Pairs(J=array(40, 40)#")
    assert samplers == ["HeatBath(order='sequential')", "Metropolis(order='sequential')"]


def test_literals():
    assert parse("a.b=[1, 2]") == ("a.b", [1, 2]) and parse("a=(1, 2)") == ("a", (1, 2))
    assert parse("a=true") == ("a", True) and parse("a=text") == ("a", "text") and parse("a=b=c") == ("a", "b=c")
    assert fit([1, 2], tuple[float, ...]) == (1.0, 2.0) and fit(None, int | None) is None
    assert fit(0.5, tuple[float, ...]) == (0.5,) and fit("pattern", tuple[str, ...]) == ("pattern",)
    assert fit(np.array([1, 2]), tuple[float, ...]) == (1.0, 2.0)
    for value, hint in ((True, int), (1.0, int), ("1", float), ([1], tuple[int, int]), (True, float)):
        with pytest.raises(TypeError):
            fit(value, hint)


def test_replace_is_one_step():
    """alpha and n together, though neither would do alone."""
    task = replace(MonteCarlo(Hopfield(n=100, alpha=0.01)), {"model.n": 10, "model.alpha": 0.5})
    assert (task.model.n, task.model.alpha) == (10, 0.5)


def test_mpi_is_missed_clearly(tmp_path):
    try:
        import mpi4py  # noqa: F401
    except ImportError:
        with pytest.raises(ImportError, match="needs mpi4py: pip install mpi4py"):
            finish(Sweep("squares", Square()), tmp_path, script=None, executor="mpi")
    else:
        pytest.skip("mpi4py is installed")
