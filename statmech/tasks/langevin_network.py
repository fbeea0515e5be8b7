"""Task: the same network in thermal equilibrium, sampled at known temperatures."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from statmech.backend import Device
from statmech.core import Labelled, State, Variable
from statmech.names import describe, status_flags
from statmech.networks.architectures import MLP
from statmech.networks.hamiltonian import Canonical, Point
from statmech.networks.initial import initial_parameters
from statmech.random import Stream, derive_key, uniform
from statmech.spec import identity
from statmech.stats.autocorrelation import integrated_time, mean_error
from statmech.stats.convergence import effective_size, rhat
from statmech.stats.verdict import class_verdict, verdict
from statmech.tasks import network_readings as reading
from statmech.tasks.samples import averages, check_samples, temperatures
from statmech.tasks.training import Training

Start = Literal["random", "trained"]
SERIES = ("loss_t", "eps_t", "loss_g", "eps_g", "norm")
VERDICT = ("loss_t", "loss_g", "norm")
SPECTRA = 8  # spectra of the measuring window that are averaged
ACCEPTANCE = 0.8  # what the step is tuned to
JITTER = 0.2  # trajectories differ in length by this share, so that none is a full period


@dataclass(frozen=True, eq=False)
class LangevinNetwork:
    """Samples the weights of a network with probability ~ exp(-m L(w)/T) P_0(w) by Hamiltonian Monte Carlo.

    m L is the sum of the cross-entropies of the m examples, each with full weight.  Without a ridge P_0 is the Gaussian
    law of the initial weights, at every T (variance of layer l as MLP says, biases alike), as the sphere is for a
    perceptron: T = infinity is a new network.  With `ridge` the law is exp(-[m L + ridge |w|^2 / 2]/T).

    training:     the Training whose network, data, m, r and remove are taken: the same examples, labels and initial
                  weights for the same samples; it also makes the start "trained", the end of that run
    T:            temperatures, one chain each
    ridge:        strength of the ridge, or None for the law of the initial weights
    trajectories: Monte Carlo steps of `leapfrog` gradients each; the last half is measured
    tune:         the first of them tune the step to an acceptance of 0.8, per chain; then it stays
    step:         the first step, in standard deviations of P_0
    measure_every: trajectories between measurements
    starts:       classes of starts, "random" (the initial weights) and "trained"
    replicas:     chains per class; random ones start from different weights
    disorder, seed, device: as in Training

    Results (T, disorder, start): loss_t, eps_t, loss_g, eps_g, norm (|W|_F of all weight matrices together), means over
    the window and the chains with _stderr, _tau (trajectories), _ess, _rhat; acceptance, leapfrog_step; layer_norm and
    entropy per layer and spectra/<layer>/eigenvalue, means of 8 spectra of the window, and eigenvalue_end, the last
    one of the first chain; status (T, disorder) as in docs/verdict.md.  timeseries/loss_t.  Source: Duane et al., Phys.
    Lett. B 195, 216 (1987).

    Example: ``LangevinNetwork(Training(MLP((64, 8, 10)), m=100, epochs=1), T=(0.1, 1.0)).starts``
    """

    training: Training
    T: tuple[float, ...] = (1.0,)
    ridge: float | None = None
    trajectories: int = 256
    tune: int = 64
    leapfrog: int = 16
    step: float = 0.02
    measure_every: int = 2
    starts: tuple[Start, ...] = ("random", "trained")
    replicas: int = 1
    disorder: tuple[int, ...] = (0,)
    seed: int = 0
    device: Device = "auto"

    def __post_init__(self) -> None:
        if not isinstance(self.training, Training):
            raise TypeError(f"training = {self.training!r}: expected a Training")
        network = self.training.network
        if isinstance(network, MLP) and (network.batch_norm or network.dropout or network.output_scale is not None):
            raise ValueError(f"{network}: a law of weights needs a plain network, without batch_norm, dropout, scale")
        object.__setattr__(self, "T", temperatures(self.T))
        if not self.starts or len(set(self.starts)) != len(self.starts) or set(self.starts) - {"random", "trained"}:
            raise ValueError(f"starts = {self.starts!r}: expected 'random', 'trained' or both")
        for name, low in (("trajectories", 16), ("tune", 0), ("leapfrog", 1), ("measure_every", 1), ("replicas", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
                raise ValueError(f"{name} = {value!r}: expected an integer >= {low}")
        if 2 * self.tune > self.trajectories:
            raise ValueError(f"tune = {self.tune}: the last half of {self.trajectories} trajectories is measured, "
                             "tune in the first")  # fmt: skip
        if self.trajectories % (2 * self.measure_every) or self.trajectories < 16 * self.measure_every:
            raise ValueError(f"trajectories = {self.trajectories}: expected a multiple of 2 measure_every, 16 of it or "
                             "more")  # fmt: skip
        for name in ("step", "ridge"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} = {value!r}: expected a finite number > 0")
        check_samples(self.disorder, self.seed)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        inner = self._training.identity()
        for name in ("disorder", "seed"):
            inner.pop(name, None)
        return identity(self, leave_out=("training", "device")) | {"task": "LangevinNetwork", "training": inner}

    @cached_property
    def _training(self) -> Training:
        return dataclasses.replace(
            self.training, disorder=self.disorder, seed=self.seed, device=self.device, read_losses=()
        )

    @property
    def _shape(self) -> tuple[int, int, int, int]:
        """Chains (T, D, start, K)."""
        return len(self.T), len(self.disorder), len(self.starts), self.replicas

    @cached_property
    def _measured(self) -> int:
        return self.trajectories // self.measure_every

    @cached_property
    def _spectral(self) -> list[int]:
        """Trajectories after which spectra are taken, evenly over the window, the last one included."""
        half = self.trajectories - self.trajectories // 2
        return [self.trajectories - half * k // SPECTRA for k in range(SPECTRA)][::-1]

    def _scales(self, T: float) -> dict[str, float]:
        shapes = self.training.network.shapes()
        if self.ridge is not None:
            return dict.fromkeys(shapes, (T / self.ridge) ** 0.5)
        matrices = {name: shapes[f"{name.rpartition('.')[0]}.weight"] for name in shapes}
        return {name: self.training.network.variance(shape) ** 0.5 for name, shape in matrices.items()}

    def start(self) -> State:
        """Chains at their starts."""
        trained: State = {}
        if "trained" in self.starts:
            trained = self._training.advance(self._training.start(), self._training.total)
        chains = int(np.prod(self._shape))
        names = list(self.training.network.shapes())
        parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
        for _, d, start, k in np.ndindex(self._shape):
            key = self._training._keys[d]
            weights = self._training._initial[d]
            if self.starts[start] == "trained":
                weights = {name: trained[f"w/{name}"][d] for name in names}
            elif k:
                weights = initial_parameters(self.training.network, derive_key(key, "replica", k))
            for name in names:
                parts[name].append(weights[name])
        state: State = {f"w/{name}": np.stack(arrays) for name, arrays in parts.items()}
        state |= {f"series/{name}": np.full((chains, self._measured), np.nan) for name in SERIES}
        for layer in reading.layers(self.training.network):
            _, m, slices = reading.sides(self.training.network.shapes()[f"{layer}.weight"])
            state |= {f"{kind}/{layer}": np.zeros((chains, m * slices)) for kind in ("sum", "end")}
            state |= {f"{kind}/{layer}": np.zeros(chains) for kind in ("norm", "entropy")}
        step = np.full(chains, float(self.step))
        return state | {"trajectory": np.array(0), "step": step, "accepted": np.zeros(chains)}

    def progress(self, state: State) -> tuple[int, int]:
        """(trajectories done, trajectories asked for)."""
        return int(state["trajectory"]), self.trajectories

    def advance(self, state: State, n: int) -> State:
        """n more trajectories of every chain."""
        state = {name: np.array(value) for name, value in state.items()}
        begin = int(state["trajectory"])
        end = min(begin + n, self.trajectories)
        bench = self._training._bench
        with bench.ready():
            for c, (t, d, start, k) in enumerate(np.ndindex(self._shape)):
                law = Canonical(bench.machine, bench.train[d], self.T[t], self._scales(self.T[t]))
                key = derive_key(self._training._keys[d], "langevin", self.T[t], self.ridge, self.starts[start], k)
                point = law.at(bench.machine.tensors({x[2:]: w[c : c + 1] for x, w in state.items() if x[:2] == "w/"}))
                for trajectory in range(begin, end):
                    point = self._move(state, c, law, point, key, trajectory)
                    self._measure(state, c, d, point, trajectory + 1)
                for name, tensor in point.w.items():
                    state[f"w/{name}"][c] = tensor[0].cpu().numpy()
        state["trajectory"] = np.array(end)
        return state

    def _move(self, state: State, c: int, law: Canonical, point: Point, key: int, trajectory: int) -> Point:
        """One trajectory of chain c; tunes its step while it is time."""
        generator = np.random.Generator(np.random.Philox(key=np.array([key, trajectory], np.uint64)))
        velocity = {
            name: law.machine.tensor(generator.standard_normal(tuple(x.shape), np.float32))
            for name, x in point.w.items()
        }
        u, jitter = uniform(key, Stream.ACCEPT, trajectory, 0, np.arange(2))
        step = state["step"][c] * (1 + JITTER * (2 * jitter - 1))
        point, probability = law.move(point, step, self.leapfrog, velocity, math.log(u))
        if trajectory < self.tune:
            state["step"][c] *= math.exp((probability - ACCEPTANCE) / (1 + trajectory) ** 0.5)
        if trajectory >= self.trajectories // 2:
            state["accepted"][c] += probability
        return point

    def _measure(self, state: State, c: int, d: int, point: Point, done: int) -> None:
        """Observables, and in the measuring window spectra, of chain c after `done` trajectories."""
        network = self.training.network
        if done % self.measure_every == 0:
            m = len(self._training._samples[d][1])
            loss_g, eps_g = self._training._bench.test(point.w, d)
            weights = [x for x in point.w.values() if x.ndim > 2]
            norm = sum(float(x.double().square().sum()) for x in weights) ** 0.5
            for name, value in zip(SERIES, (point.loss / m, point.wrong / m, loss_g, eps_g, norm)):
                state[f"series/{name}"][c, done // self.measure_every - 1] = value
        if done in self._spectral:
            arrays = self._training._bench.host(point.w)
            for layer in reading.layers(network):
                values = reading.eigenvalues(arrays[f"{layer}.weight"])
                state[f"sum/{layer}"][c] += values / SPECTRA
                state[f"end/{layer}"][c] = values
                state[f"norm/{layer}"][c] += values.sum() ** 0.5 / SPECTRA
                state[f"entropy/{layer}"][c] += reading.entropy(values) / SPECTRA

    def results(self, state: State) -> Labelled:
        """Thermal means of the last half, errors, verdicts and spectra."""
        dims, shape = ("T", "disorder", "start"), self._shape
        names = reading.layers(self.training.network)
        out: Labelled = {
            "T": Variable(("T",), np.array(self.T)),
            "disorder": Variable(("disorder",), np.array(self.disorder)),
            "start": Variable(("start",), np.array(self.starts, dtype=object)),
            "layer": Variable(("layer",), np.array(names), {"long_name": "layer"}),
        }

        def put(name: str, data: np.ndarray, *more: str, **attrs: Any) -> None:
            out[name] = Variable((*dims, *more), data, attrs)

        windows = {}
        for name in SERIES:
            x = state[f"series/{name}"].reshape(*shape, -1)
            windows[name] = x = x[..., x.shape[-1] // 2 :]
            mean, error = mean_error(x)
            label = describe(name).long_name
            put(name, mean)
            put(f"{name}_stderr", error, long_name=f"thermal standard error of the {label}")
            tau = integrated_time(x).tau * self.measure_every
            put(f"{name}_tau", tau, long_name=f"integrated autocorrelation time of the {label}", units="trajectories")
            put(f"{name}_ess", effective_size(x), long_name=f"effective sample size of the {label}")
            put(f"{name}_rhat", rhat(x), long_name=f"rank-normalised R-hat of the {label}")
        put("acceptance", state["accepted"].reshape(shape).mean(-1) / (self.trajectories - self.trajectories // 2))
        put("leapfrog_step", state["step"].reshape(shape).mean(-1), long_name="step of the leapfrog, after tuning")
        for kind, name in (("norm", "layer_norm"), ("entropy", "entropy")):
            put(name, np.stack([state[f"{kind}/{x}"].reshape(shape).mean(-1) for x in names], -1), "layer")
        for layer in names:
            n, m, slices = reading.sides(self.training.network.shapes()[f"{layer}.weight"])
            for kind, name, words in (("sum", "eigenvalue", "mean "), ("end", "eigenvalue_end", "last ")):
                values = state[f"{kind}/{layer}"].reshape(*shape, -1)
                label = f"{words}eigenvalues of X = W^T W of {layer}"
                put(f"spectra/{layer}/{name}", values.mean(3) if kind == "sum" else values[:, :, :, 0],
                    f"{layer}_index", long_name=label, n=n, m=m, slices=slices)  # fmt: skip
        history = state["series/loss_t"].reshape(*shape, -1).mean(3)
        put("timeseries/loss_t", history, "measurement", long_name="history of the training loss")
        classes = {
            str(start): class_verdict({name: windows[name][:, :, i] for name in VERDICT}, self.measure_every)
            for i, start in enumerate(self.starts)
        }
        out["status"] = Variable(("T", "disorder"), verdict(classes), status_flags())
        return out

    def combine(self, parts: Labelled) -> Labelled:
        """Disorder averages <obs>_mean and jackknife errors <obs>_err of the thermal means."""
        wanted = {*SERIES, "acceptance", "layer_norm", "entropy"}
        return averages({name: variable for name, variable in parts.items() if name in wanted})
