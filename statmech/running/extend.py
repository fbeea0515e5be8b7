"""May a directory be continued with this spec?  Unchanged: yes.  Longer, more samples, more grid values: with
--extend.  Anything else is another sweep."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from statmech.io.atomic import StoreError

ABSENT = "(not set)"


def differences(was: Any, now: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Dotted key -> (was, is) for every leaf that differs; lists are leaves.

    Example: ``differences({"a": 1}, {"a": 2}) == {"a": (1, 2)}``
    """
    if isinstance(was, Mapping) and now is ABSENT:
        return {key: (b, a) for key, (a, b) in differences(now, was, path).items()}
    if was is ABSENT and isinstance(now, Mapping):  # a field that had its default: name what is set in it
        now = {key: value for key, value in now.items() if key != "class"}
        was = {}
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        out: dict[str, tuple[Any, Any]] = {}
        for key in dict.fromkeys([*was, *now]):
            out |= differences(was.get(key, ABSENT), now.get(key, ABSENT), f"{path}.{key}" if path else str(key))
        return out
    return {} if was == now else {path: (was, now)}


def show(changes: Mapping[str, tuple[Any, Any]]) -> str:
    """"key: was -> is; ..." on one line."""
    return "; ".join(f"{_key(path)}: {was} -> {now}" for path, (was, now) in changes.items())


def _key(path: str) -> str:
    """What the user writes: an axis of one field is called like that field."""
    return re.sub(r"^grid\.(.+)\.\1$", r"\1", path)


def check_continuation(
    root: Any, was: Mapping[str, Any], now: Mapping[str, Any], extend: bool, overrides: Mapping[str, Any] | None = None
) -> None:
    """Raise StoreError unless the directory `root` with spec `was` may be continued with the spec `now`.

    overrides: those of its last run, which a user may have forgotten to repeat.
    """
    changes = differences(was, now)
    if not changes:
        return
    refused = {key: change for key, change in changes.items() if not _is_extension(key, was, now)}
    if refused:
        allowed = "more sweeps (times 2^k), more samples, more grid values"
        last = " ".join(f"-o {path}={json.dumps(value)}" for path, value in (overrides or {}).items())
        raise StoreError(
            f"{root} belongs to another spec ({show(refused)}): --extend may add only {allowed}; choose another --out"
            + (f"; it was last run with {last}" if last else "")
        )
    if not extend:
        raise StoreError(f"{root} was begun with another spec ({show(changes)}): add --extend to grow it")


def _is_extension(key: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    if key == "samples":
        return now["samples"] > was["samples"]
    if key == "task.sweeps":
        return _is_doubling(was["task"]["sweeps"], now["task"]["sweeps"])
    axis = key.removeprefix("grid.")
    for name, columns in now["grid"].items():
        if axis.startswith(f"{name}.") and name in was["grid"]:
            return _axis_grows(was["grid"][name], columns)
    return False


def _axis_grows(was: Mapping[str, list], now: Mapping[str, list]) -> bool:
    """Every old value is still there, with the same or doubled sweeps."""
    if set(was) != set(now):
        return False
    length = next((path for path in now if path == "sweeps"), None)
    others = [path for path in now if path != length]
    count = len(next(iter(was.values())))
    for i in range(count):
        match = [
            j
            for j in range(len(next(iter(now.values()))))
            if all(now[p][j] == was[p][i] for p in others)
            and (length is None or _is_doubling(was[length][i], now[length][j]))
        ]
        if not match:
            return False
    return True


def _is_doubling(a: int, b: int) -> bool:
    factor, rest = divmod(b, a) if a else (0, 1)
    return rest == 0 and factor >= 1 and factor & (factor - 1) == 0
