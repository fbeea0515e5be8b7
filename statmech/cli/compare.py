"""Largest differences of two results."""

from __future__ import annotations

import numpy as np

from statmech.results import Results


def differences(a: Results, b: Results) -> dict[str, str]:
    """Variable -> what differs, in words; empty if all arrays are equal (NaN equals NaN).  Provenance is ignored.

    Example: ``differences(statmech.load("a.h5"), statmech.load("b.h5")) == {}``
    """
    out: dict[str, str] = {}
    for name in sorted({*a, *b}):
        if name not in a or name not in b:
            out[name] = f"only in the {'first' if name in a else 'second'}"
            continue
        x, y = np.asarray(a[name]), np.asarray(b[name])
        if a.dims(name) != b.dims(name) or x.shape != y.shape:
            out[name] = f"{a.dims(name)} {x.shape} against {b.dims(name)} {y.shape}"
            continue
        number = x.dtype.kind in "iufc" and y.dtype.kind in "iufc"
        same = (x == y) | ((x != x) & (y != y)) if number else x == y
        if np.all(same):
            continue
        out[name] = f"{np.size(same) - np.count_nonzero(same)} of {x.size} values differ"
        if number:
            gap = np.abs(x.astype(complex) - y.astype(complex))
            finite = gap[np.isfinite(gap)]
            missing = int(np.count_nonzero(~same & ~np.isfinite(gap)))
            out[name] += f", by up to {finite.max():.6g}" if finite.size else ""
            out[name] += f", {missing} of them missing or infinite in one" if missing else ""
    return out


def print_differences(a: Results, b: Results) -> int:
    """Print them; 1 if there are any."""
    found = differences(a, b)
    for name, text in found.items():
        print(f"{name}: {text}")
    if not found:
        print(f"equal: {len(a)} variables, bit for bit")
    return 1 if found else 0
