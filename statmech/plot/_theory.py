"""Which theory belongs to results, which of its branches to a class of starts, and its lines ready to draw."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import inspect
import json
import re
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any

import numpy as np

import statmech
from statmech.results import Results

Range = tuple[float, float]
POINTS = 48  # of a line of the phase diagram, before it is refined
LARGEST_STEP = 0.04  # of its range in T, between two points


def theory_of(results: Results, theory: Any, at: Mapping[str, Any] | None = None) -> Any:
    """The theory to draw, or None.  True: that of the model in the spec of the results, if it knows all parameters
    that are not at their default; `at` gives those that vary over the grid.  Otherwise an object with `predict` or
    `lines`.

    The theory of a model Name is NameTheory.of(parameters) in statmech.theory.name, or what the model names as its
    `theory`, "module.Class".
    """
    if theory is None or theory is False:
        return None
    if theory is not True:
        if not (hasattr(theory, "predict") or hasattr(theory, "lines")):
            raise TypeError(f"theory = {theory!r}: expected True, False or a theory such as HopfieldTheory()")
        return theory
    model = model_of(results)
    name = model.pop("class", "")
    module, _, cls = _home(name).partition(".")
    if not name or importlib.util.find_spec(f"statmech.theory.{module}") is None:
        return None
    kind = getattr(importlib.import_module(f"statmech.theory.{module}"), cls, None)
    if kind is None:
        return None
    return kind.of({key: (at or {}).get(key) if value is None else value for key, value in model.items()})


def _home(name: str) -> str:
    """Module and class of the theory of a model: what the model says (`theory`), else by the model's name."""
    cls = getattr(statmech, name) if name in statmech.__all__ else None
    return getattr(cls, "theory", None) or f"{name.lower()}.{name}Theory"


def arguments(theory: Any) -> tuple[str, ...]:
    """What a theory predicts observables from, beside the branch: ("T",), or ("alpha", "T")."""
    return tuple(name for name in inspect.signature(theory.predict).parameters if name != "branch")


def spec_of(results: Results) -> Mapping[str, Any]:
    """The spec in the attributes of the results, an empty one if there is none."""
    spec = results.attrs.get("spec", {})
    spec = json.loads(spec) if isinstance(spec, str) and spec else spec or {}
    return spec["joined"][0] if "joined" in spec else spec  # joined directories differ in their samples only


def model_of(results: Results) -> dict[str, Any]:
    """Class and parameters of the model: those that differ from the default, and those the grid varies (None)."""
    spec = spec_of(results)
    model = dict(spec.get("task", {}).get("model", {}))
    for columns in spec.get("grid", {}).values():
        for path in columns:
            head, _, name = path.partition(".")
            if head == "model":
                model[name.partition(".")[0]] = None
    return model


def parameter(results: Results, name: str) -> float | None:
    """A number among the model's parameters that no axis of the results varies; None if it is not known."""
    model = model_of(results)
    if name not in model:
        cls = getattr(statmech, model["class"]) if model.get("class") in statmech.__all__ else None
        fields = dataclasses.fields(cls) if cls is not None else ()
        return next((float(f.default) for f in fields if f.name == name and isinstance(f.default, int | float)), None)
    return None if model[name] is None else float(model[name])


def branches(theory: Any, start: str | None) -> tuple[str, ...]:
    """Branches that a class of starts may end on, its own first; all of them if the theory does not say."""
    reached = getattr(theory, "reached", None)
    return reached(start or "") if reached else tuple(getattr(theory, "branches", ()))


def words(theory: Any, name: str) -> tuple[str, str]:
    """Symbol and meaning of a line, or ("", words) of a branch."""
    text = getattr(theory, "words", {}).get(name)
    if isinstance(text, tuple):
        return text
    return "", text or name.replace("_", " ")


def predict(theory: Any, observable: str, branch: str, start: str | None, **at: Any) -> np.ndarray | None:
    """The observable on a branch, NaN where the branch ends; None if the theory knows neither.

    The paramagnet is left out where the spin glass exists: there it is no state of equilibrium.
    """
    if branch not in getattr(theory, "branches", ()):
        return None
    argument = (start or "").partition(":")[2]
    if branch == "mixture" and argument:
        theory = dataclasses.replace(theory, n=int(argument))
    values = theory.predict(**at, branch=branch).get(observable)
    if values is None:
        return None
    if branch == "paramagnet" and "spin_glass" in theory.branches:
        glass = theory.predict(**at, branch="spin_glass")[observable]
        values = np.where(np.isfinite(glass), np.nan, values)
    return values


def citation(theory: Any) -> str:
    """Authors and year of a theory's citation, as it stands in a legend.

    Example: ``citation(HopfieldTheory()) == "Amit, Gutfreund & Sompolinsky 1987"``
    """
    full = getattr(theory, "citation", "")
    match = re.fullmatch(r"(.*& [^,]+|[^,]+),.*\((\d{4})\)", full)
    return f"{match[1]} {match[2]}" if match else full


def phase_lines(theory: Any, alpha: Range, T: Range) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(loads, temperatures) along every line of the phase diagram inside a rectangle of the plane.

    A line that the theory knows as load of the temperature (`loads`) is taken so, because it may lean back.
    """
    draw = _phase_lines if isinstance(theory, Hashable) else _phase_lines.__wrapped__
    return draw(theory, alpha, T)


@cache
def _phase_lines(theory: Any, alpha: Range, T: Range) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    low, high = alpha
    out = {}
    turned = theory.loads() if hasattr(theory, "loads") else {}
    for name, line in theory.lines().items():
        if name in turned:
            t = np.linspace(*T, 2 * POINTS)
            out[name] = np.asarray(turned[name](t), float), t
        else:
            out[name] = sample(line, max(low, 1e-6 * high), high, T[0])
    return out


def sample(
    line: Callable[[np.ndarray], Any], low: float, high: float, floor: float = -np.inf, power: float = 2
) -> tuple[np.ndarray, np.ndarray]:
    """A line at points dense enough to draw: with power 2 finer at low x (T moves with sqrt(alpha)), then more points
    where it moves fast and where it ends (its slope is infinite there), if any of it is above `floor`."""
    x = low + (high - low) * np.linspace(0, 1, POINTS) ** power
    y = np.asarray(line(x), float)
    for _ in range(3):
        finite = np.isfinite(y)
        if not (y >= floor).any():
            break
        jump = np.abs(np.diff(y)) > LARGEST_STEP * (np.nanmax(y) - np.nanmin(y))
        gaps = np.flatnonzero(jump | (finite[1:] != finite[:-1]))
        if not len(gaps):
            break
        more = (x[gaps] + (x[gaps + 1] - x[gaps]) * np.linspace(0, 1, 6)[1:-1, None]).ravel()
        order = np.argsort(np.concatenate([x, more]), kind="stable")
        x, y = np.concatenate([x, more])[order], np.concatenate([y, np.asarray(line(more), float)])[order]
    return x, y
