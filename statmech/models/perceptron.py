"""The perceptron: storage of random labels, and a student that learns from a teacher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from statmech.backend import namespace
from statmech.core import Disorder, Space
from statmech.models.examples import UNIT, Data, draw_inputs, draw_uniforms, draw_weights
from statmech.models.starts import near
from statmech.potentials import POTENTIALS, QUANTUM, Potential, probit, tabulate
from statmech.problems import FieldProblem, Problem, SphereProblem, Step
from statmech.spaces.ising import Ising
from statmech.spaces.sphere import Sphere
from statmech.spec import Derived, Model

Kind = Literal["ising", "spherical"]


@dataclass(frozen=True, eq=False)
class Perceptron(Model):
    r"""n weights w, |w|^2 = n, that learn P = round(alpha n) examples x_mu with labels t_mu = +-1.

    .. math:: E = \sum_\mu V(\Delta_\mu - \kappa), \qquad \Delta_\mu = t_\mu\, w \cdot x_\mu / \sqrt n

    A sum over examples; the weight of w is exp(-E/T), k_B = 1.  Gardner & Derrida, J. Phys. A 21, 271 (1988);
    Seung, Sompolinsky & Tishby, PRA 45, 6056 (1992); Engel & Van den Broeck, Statistical Mechanics of Learning (2001).

    n:          number of weights; with `Data` it may be left out
    alpha:      load P / n
    weights:    "ising" (w_i = +-1) or "spherical"
    inputs:     "binary" (+-1), "gaussian" (multiples of 1/256, variance 1), or Data(inputs, labels)
    labels:     "teacher", "random" (storage) or "data" (those of Data); None: "data" if there are data and no teacher
    teacher:    "ising", "spherical", an array (n,), or None for one of the student's kind; labels are sign(B.x)
    r:          fraction of labels redrawn uniformly, 0 <= r <= 1; a label is wrong with probability p = r/2
    before:     standard deviation of noise added to B.x/sqrt(n) before the sign
    potential:  V(u): "error" [u <= 0], "hinge" max(0, -u), "quadratic" u^2/2 (adaline at kappa = 1), "logistic"
                ln(1 + e^-u), "probit" -ln Phi(u/before), or a Potential(value, derivative)
    kappa:      margin
    relabelling: 0, 1, 2, ...: independent redraws of labels for the same inputs and teacher

    Examples and redrawn labels are nested in alpha and paired in r: example mu is a function of (sample, mu), and its
    label is redrawn iff u_mu < r.  A field of exactly zero counts as an error, and a teacher's sign(0) is -1; with an
    Ising teacher and binary inputs n must be odd, so that there is none.  For Ising weights V is rounded to multiples
    of 2^-16 and the arithmetic is exact (all but "error", which is exact as it is).

    Starts: "random"; "teacher" (its sign pattern for Ising students), "teacher:0.1" (10 % of the weights reversed).
    Observables: eps_t on the noisy labels, stability; with a teacher R = B.w/n, eps_g = arccos(R)/pi (for Data: error
    on held-out clean labels), gap = p + (1-2p) eps_g - eps_t and eps_avg = arccos(R/sqrt q)/pi, the error of the
    averaged student.

    Raises ValueError for alpha n < 1/2, even n with ties, r outside [0, 1], a teacher of another length or data
    without labels.

    Example: ``statmech.simulate(Perceptron(n=101, alpha=2.0), T=[0.5, 1.0], starts=("teacher",), sweeps=64)``
    """

    n: int = 0
    alpha: float = 1.0
    weights: Kind = "ising"
    inputs: Literal["binary", "gaussian"] | Data = "binary"
    labels: Literal["teacher", "random", "data"] | None = None
    teacher: Literal["ising", "spherical"] | np.ndarray | None = None
    r: float = 0.0
    before: float = 0.0
    potential: Literal["error", "hinge", "quadratic", "logistic", "probit"] | Potential = "error"
    kappa: float = 0.0
    relabelling: int = 0

    ensemble: ClassVar[tuple[str, ...]] = ("n", "inputs")

    def __post_init__(self) -> None:
        if isinstance(self.inputs, Data):
            if self.n not in (0, self.inputs.n):
                raise ValueError(f"n = {self.n}, but the data have {self.inputs.n} features: leave n out")
            object.__setattr__(self, "n", self.inputs.n)
        elif not _named(self.inputs, "binary", "gaussian"):
            raise ValueError(f"inputs = {_short(self.inputs)}: expected 'binary', 'gaussian' or Data(inputs, labels)")
        if isinstance(self.n, bool) or not isinstance(self.n, int | np.integer) or self.n < 2:
            raise ValueError(f"n = {self.n!r}: expected an integer number of weights >= 2")
        for name, low, high in (("alpha", 0, np.inf), ("r", 0, 1), ("before", 0, np.inf), ("kappa", -np.inf, np.inf)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                raise TypeError(f"{name} = {value!r}: expected a number")
            if not np.isfinite(value) or not low <= value <= high:
                raise ValueError(f"{name} = {value}: expected a finite number from {low:g} to {high:g}")
            object.__setattr__(self, name, float(value))  # 1 and 1.0 are one load, and one key
        if round(self.alpha * self.n) < 1:
            raise ValueError(f"alpha * n = {self.alpha * self.n:.3g} gives no example: take alpha >= {1 / self.n:.3g}")
        if self.weights not in ("ising", "spherical"):
            raise ValueError(f"weights = {self.weights!r}: expected 'ising' or 'spherical'")
        number = self.relabelling
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 0:
            raise ValueError(f"relabelling = {number!r}: expected an integer >= 0")
        self._check_labels()
        self._check_potential()

    def _check_labels(self) -> None:
        own = isinstance(self.inputs, Data) and self.inputs.labels is not None
        if self.labels is not None and not _named(self.labels, "teacher", "random", "data"):
            raise ValueError(
                f"labels = {_short(self.labels)}: expected 'teacher', 'random', 'data' or None; labels of your own "
                "go with their inputs, Data(inputs, labels)"
            )
        if self.labelled_by == "data" and not own:
            raise ValueError("the data have no labels: pass Data(inputs, labels), a teacher or labels='random'")
        if self.labelled_by != "teacher" and (self.teacher is not None or self.before):
            name = "before" if self.teacher is None else "teacher"
            raise ValueError(f"{name} is set, but the labels are {self.labelled_by!r}: leave it out")
        if self.labelled_by == "random" and self.r:
            raise ValueError(f"r = {self.r}, but the labels are 'random' already: leave it out")
        binary_teacher = (self.teacher or self.weights) == "ising" if not _is_array(self.teacher) else False
        if _is_array(self.teacher):
            B = np.asarray(self.teacher)
            if B.shape != (self.n,) or B.dtype.kind not in "iufb" or not np.isfinite(B).all() or not B.any():
                raise ValueError(
                    f"teacher of shape {B.shape}, dtype {B.dtype}: expected ({self.n},) finite numbers, not all zero"
                )
            B = B.astype(float)
            object.__setattr__(self, "teacher", B)
            binary_teacher = len(np.unique(np.abs(B))) == 1
        elif self.teacher is not None and not _named(self.teacher, "ising", "spherical"):
            raise ValueError(f"teacher = {self.teacher!r}: expected 'ising', 'spherical', an array (n,) or None")
        ties = binary_teacher and self.inputs == "binary" and self.n % 2 == 0 and not self.before
        if self.labelled_by == "teacher" and ties:
            raise ValueError(f"n = {self.n} is even: B.x = 0 has no sign, hence no label; take n = {self.n + 1}")

    @property
    def labelled_by(self) -> str:
        """Where labels come from: "teacher", "random" or "data"."""
        if self.labels is None:
            return "data" if isinstance(self.inputs, Data) and self.teacher is None else "teacher"
        return self.labels

    def _check_potential(self) -> None:
        if isinstance(self.potential, Potential):
            return
        if not _named(self.potential, *POTENTIALS, "probit"):
            known = ", ".join(repr(name) for name in (*POTENTIALS, "probit"))
            got = _short(self.potential)
            raise ValueError(f"potential = {got}: expected {known} or a Potential(value, derivative)")
        if self.potential == "probit" and not self.before:
            raise ValueError("potential = 'probit' is -ln Phi(u/before): set before > 0, the noise before the sign")

    @property
    def P(self) -> int:
        """Number of examples."""
        return round(self.alpha * self.n)

    @property
    def p(self) -> float:
        """Probability r/2 that a label is wrong; 1/2 for random labels."""
        return 0.5 if self.labelled_by == "random" else self.r / 2

    @property
    def space(self) -> Space:  # type: ignore[override]
        """Where the weights live."""
        return Ising() if self.weights == "ising" else Sphere()

    @property
    def V(self) -> Potential:
        """The potential V(u)."""
        if isinstance(self.potential, Potential):
            return self.potential
        return probit(self.before) if self.potential == "probit" else POTENTIALS[self.potential]

    @property
    def offers(self) -> frozenset[str]:  # type: ignore[override]
        """What a sampler may ask: spin flips; or rotations, great circles and the gradient of a smooth V or the walls
        of the 0/1 error."""
        if self.weights == "ising":
            return frozenset({"spin flips"})
        smooth = {"gradient"} if self.V.derivative is not None else set()
        walls = {"walls"} if self.potential == "error" else set()
        return frozenset({"rotations", "great circles"} | smooth | walls)

    @property
    def verdict(self) -> tuple[str, ...]:  # type: ignore[override]
        """Observables that judge equilibration."""
        return ("e", "R", "q2") if self.labelled_by == "teacher" else ("e", "q2")

    @property
    def starts(self) -> tuple[str, ...]:  # type: ignore[override]
        """Classes of starts."""
        return ("random", "teacher") if self.labelled_by == "teacher" else ("random",)

    @property
    def exact_identity(self) -> Derived | None:  # type: ignore[override]
        """<q> = <R> where the weight of w is its probability given the labels: the 0/1 error of labels that are wrong
        with probability p at T = 1/ln((1-p)/p), or noise before the sign with potential "probit" at T = 1.  The teacher
        must be drawn as the student is, kappa = 0."""
        alike = self.labelled_by == "teacher" and self.kappa == 0
        alike = alike and (self.teacher is None or _named(self.teacher, self.weights))
        if alike and _named(self.potential, "error") and 0 < self.p < 0.5 and not self.before:
            T_N = 1 / np.log((1 - self.p) / self.p)
        elif alike and _named(self.potential, "probit") and not self.r:
            T_N = 1.0
        else:
            return None
        return ("q", "R"), lambda T, q, R: np.where(np.isclose(T, T_N, rtol=1e-6), q - R, np.nan)

    @property
    def unit(self) -> float:
        """One unit of the stored inputs."""
        return 1.0 if self.inputs == "binary" else UNIT

    def disorder(self, keys: list[int]) -> Disorder:
        """xi (D, P, N) = t_mu x_mu, int8 or int16 in units of `unit`; with a teacher B (D, N), |B|^2 = N; with Data
        test (D, M, N), the held-out examples times their clean labels."""
        samples = [self._sample(key) for key in keys]
        return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}

    def _sample(self, key: int) -> dict[str, np.ndarray]:
        out = {}
        held, t, own = None, None, None
        if isinstance(self.inputs, Data):
            x, t, held, own = self.inputs.draw(key, self.P)
        else:
            x = draw_inputs(self.inputs, key, self.P, self.n)
        u, z = draw_uniforms(key, self.P, self.relabelling)
        if self.labelled_by == "teacher":
            B = self._teacher(key)
            out["B"] = B
            field = x @ B * (self.unit / np.sqrt(self.n)) + self.before * z
            t = np.where(field > 0, 1, -1).astype(np.int8)
            own = None if held is None else np.where(held @ B > 0, 1, -1).astype(np.int8)
        elif self.labelled_by == "random":
            t = np.where(u < 0.5, 1, -1).astype(np.int8)
        assert t is not None
        if self.labelled_by != "random":
            t = np.where(u < self.p, -t, t).astype(np.int8)
        if held is not None and own is not None:
            out["test"] = held * own[:, None]
        return {"xi": x * t[:, None], **out}

    def _teacher(self, key: int) -> np.ndarray:
        if isinstance(self.teacher, np.ndarray):
            return self.teacher * np.sqrt(self.n / (self.teacher @ self.teacher))
        return draw_weights(self.teacher or self.weights, key, self.n)

    @property
    def quantum(self) -> float | None:
        """Unit of the energy of Ising weights: 1 for the 0/1 error, 2^-16 else; None for spherical weights."""
        if self.weights == "spherical":
            return None
        return 1.0 if self.potential == "error" else QUANTUM

    @cached_property
    def _integer_potential(self):
        """V as a function of the integer field t w.x / unit."""
        scale = self.unit / np.sqrt(self.n)
        if self.potential == "error":
            return Step(int(np.floor(self.kappa / scale + 1e-9)))  # Delta = kappa is an error, however it rounds
        if isinstance(self.inputs, Data):
            largest = self.inputs.largest
        elif self.inputs == "binary":
            largest = self.n
        else:  # sum_i |k_i| of a Gaussian example: 13 standard deviations above its mean, or all at the maximum
            largest = min(2047 * self.n, int(256 * (0.8 * self.n + 8 * np.sqrt(self.n))))
        return tabulate(self.V, scale, self.kappa, largest, 2 if self.inputs == "binary" else 1)

    def energy(self, disorder: Disorder, s: np.ndarray) -> np.ndarray:
        """E (D, T, K), by definition."""
        if self.weights == "spherical":
            u = np.einsum("dmi,dtki->dtkm", disorder["xi"] * (self.unit / np.sqrt(self.n)), s) - self.kappa
            return np.asarray(self.V.value(u), float).sum(-1)
        h = np.einsum("dmi,dtki->dtkm", disorder["xi"].astype(np.int64), s.astype(np.int64))
        V = self._integer_potential
        if isinstance(V, Step):
            return (h <= V.threshold).sum(-1).astype(float)
        return V(h).sum(-1) * QUANTUM

    def problem(self, disorder: Disorder) -> Problem:
        """Integer fields for Ising weights, floating point on the sphere."""
        if self.weights == "spherical":
            return SphereProblem(disorder["xi"] * self.unit, self.V.value, self.V.derivative, self.kappa)
        return FieldProblem(disorder["xi"], self.quantum or 1.0, potential=self._integer_potential)

    def start(self, name: str, disorder: Disorder, keys: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Weights (D, T, K, N) of a class of starts."""
        if name.partition(":")[0] != "teacher" or self.labelled_by != "teacher":
            return super().start(name, disorder, keys, lanes)
        w = disorder["B"] if self.weights == "spherical" else np.where(disorder["B"] > 0, 1, -1)
        return near(w.astype(self.space.dtype), name, keys, lanes)

    def fields(self, disorder: Disorder, s: np.ndarray, name: str = "xi") -> np.ndarray:
        """Stabilities Delta_mu = t_mu w.x_mu / sqrt(N) (D, T, K, P) float32, on the device of s."""
        xp = namespace(s)
        examples = disorder[name]
        # float32 is exact for Ising weights, integers below 2^24; but a GPU told CUPY_TF32=1 would round its factors
        # to 11 bits
        product_in = xp.float32 if xp is np else xp.float64
        out = xp.empty((*s.shape[:3], examples.shape[1]), xp.float32)
        for d in range(len(examples)):
            out[d] = s[d].astype(product_in) @ xp.asarray(examples[d]).astype(product_in).T
        return out * xp.float32(self.unit / np.sqrt(self.n))

    def observe(self, disorder: Disorder, s: np.ndarray) -> dict[str, np.ndarray]:
        """eps_t, R, eps_g, gap per chain (D, T, K); see the class."""
        xp = namespace(s)
        out = {"eps_t": (self.fields(disorder, s) <= 0).mean(-1, dtype=xp.float64)}
        if "B" in disorder:
            R = xp.einsum("dtki,di->dtk", s.astype(xp.float64), xp.asarray(disorder["B"])) / self.n
            out["R"] = R
        if "test" in disorder:
            out["eps_g"] = (self.fields(disorder, s, "test") <= 0).mean(-1, dtype=xp.float64)
        elif "B" in disorder:
            out["eps_g"] = xp.arccos(xp.clip(R, -1.0, 1.0)) / np.pi
        if "eps_g" in out:
            out["gap"] = self.p + (1 - 2 * self.p) * out["eps_g"] - out["eps_t"]
        return out

    @property
    def derived(self) -> Mapping[str, Derived]:  # type: ignore[override]
        """eps_avg, the error of the averaged student, from thermal means."""
        isotropic = self.labelled_by == "teacher" and not isinstance(self.inputs, Data)
        return {"eps_avg": (("R", "q"), averaged_error)} if isotropic else {}

    distributions: ClassVar[Mapping[str, tuple[float, float]]] = {"stability": (-5.0, 5.0)}

    def distribution(self, disorder: Disorder, s: np.ndarray) -> dict[str, np.ndarray]:
        """Stabilities Delta_mu (D, T, K, P): their histogram is P(Delta)."""
        return {"stability": self.fields(disorder, s)}


def _is_array(teacher: object) -> bool:
    return isinstance(teacher, np.ndarray | list | tuple)


def _named(value: object, *names: str) -> bool:
    return isinstance(value, str) and value in names


def _short(value: object) -> str:
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)


def averaged_error(R: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Error arccos(R/sqrt q)/pi of the average of many students; NaN where q <= 0.

    Example: ``averaged_error(np.array(0.5), np.array(1.0)).round(3) == 0.333``
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.where(q > 0, R / np.sqrt(np.maximum(q, 0)), np.nan)
    return np.arccos(np.clip(cosine, -1, 1)) / np.pi
