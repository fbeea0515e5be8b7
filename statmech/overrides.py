"""Dotted paths into nested dataclasses: read, replace, check types, suggest the nearest known name."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import json
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Union

import numpy as np


def nearest(name: str, known: Iterable[str]) -> str:
    """"; did you mean 'x'?" or a list of what there is."""
    known = list(known)
    match = difflib.get_close_matches(name, known, 1, 0.5)
    return f"did you mean {match[0]!r}?" if match else f"known: {', '.join(known) or 'nothing'}"


def parse(text: str) -> tuple[str, Any]:
    """"model.n=512" to ("model.n", 512); the value is JSON or a Python literal, otherwise plain text.

    Example: ``parse("sweeps=64") == ("sweeps", 64)``
    """
    path, equal, value = text.partition("=")
    if not equal or not path.strip():
        raise ValueError(f"override {text!r}: expected path=value, for example -o model.n=512")
    for reader in (json.loads, ast.literal_eval):
        try:
            return path.strip(), reader(value)
        except (ValueError, SyntaxError):
            continue
    return path.strip(), value


def replace(target: Any, values: Mapping[str, Any], where: str = "") -> Any:
    """A copy of a dataclass with the fields at the dotted paths replaced, all at once at every level.

    Raises ValueError for an unknown path (with the nearest known name), TypeError for a value of the wrong type.

    Example: ``replace(task, {"model.n": 512, "sweeps": 64})``
    """
    here: dict[str, Any] = {}
    below: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        head, _, rest = path.partition(".")
        known = field_names(target)
        if head not in known:
            owner = type(target).__name__
            raise ValueError(f"unknown key {where + path!r}: {owner} has no {head!r}; {nearest(head, known)}")
        if rest:
            below.setdefault(head, {})[rest] = value
        else:
            here[head] = check(value, target, head, where)
    for head, inner in below.items():
        child = here.get(head, getattr(target, head))
        if not field_names(child):
            path = f"{where}{head}.{next(iter(inner))}"
            raise ValueError(f"unknown key {path!r}: {where + head!r} is {child!r}, which has no fields")
        here[head] = replace(child, inner, f"{where}{head}.")
    return dataclasses.replace(target, **here) if here else target


def field_names(target: Any) -> list[str]:
    """Fields of a dataclass instance that may be set, none for anything else."""
    if not dataclasses.is_dataclass(target) or isinstance(target, type):
        return []
    return [f.name for f in dataclasses.fields(target) if f.init]


def check(value: Any, target: Any, name: str, where: str = "") -> Any:
    """The value, with lists made tuples and integers made floats where the field says so; TypeError if it misfits."""
    hint = hints(type(target)).get(name, Any)
    try:
        return fit(value, hint)
    except TypeError:
        shown = str(hint).replace("typing.", "") if not isinstance(hint, type) else hint.__name__
        raise TypeError(
            f"{where}{name} = {value!r} has type {type(value).__name__}: expected {shown}"
        ) from None


def names_file(target: Any, path: str, text: str) -> bool:
    """Does text for the field at a dotted path name a file?  It does where the field may hold an array, and the text
    is none of its other values."""
    *parents, name = path.split(".")
    for parent in parents:
        target = getattr(target, parent, None)
    hint = hints(type(target)).get(name)
    if hint is not np.ndarray and np.ndarray not in typing.get_args(hint):
        return False
    try:
        fit(text, hint)
    except TypeError:
        return True
    return False


def hints(cls: type) -> dict[str, Any]:
    """Resolved annotations of a class; an empty dict if some name in them cannot be found."""
    try:
        return typing.get_type_hints(cls)
    except Exception:  # an annotation may name anything
        return {}


def fit(value: Any, hint: Any) -> Any:
    """Value as the type of the hint wants it; TypeError if it does not fit.  Unknown hints accept everything."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or (hint is None and value is None):
        return value
    if origin in (Union, types.UnionType):
        for option in sorted(arguments, key=lambda a: type(value) is not a):
            try:
                return fit(value, type(None) if option is None else option)
            except TypeError:
                continue
        raise TypeError
    if origin is Literal:
        if value not in arguments:
            raise TypeError
        return value
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:  # one value stands for a tuple of one: T=0.5
            values = value if isinstance(value, list | tuple | np.ndarray) else (value,)
            return tuple(fit(v, arguments[0]) for v in values)
        if not isinstance(value, list | tuple) or len(arguments) != len(value):
            raise TypeError
        return tuple(fit(v, a) for v, a in zip(value, arguments))
    if hint is float and isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return float(value)
    if hint is int and isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    if hint in (float, int, bool, str, tuple, type(None)):
        if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
            raise TypeError
        return value
    if isinstance(hint, type) and not getattr(hint, "_is_protocol", False):
        if not isinstance(value, hint):
            raise TypeError
    elif field_like(hint) and isinstance(value, str | int | float | list):
        raise TypeError
    return value


def field_like(hint: Any) -> bool:
    """Is this a protocol, which text and numbers never fulfil?"""
    return bool(getattr(hint, "_is_protocol", False))
