"""Results of a file or of a sweep directory."""

from __future__ import annotations

from pathlib import Path

from statmech.io.atomic import StoreError
from statmech.io.labelled import read_labelled
from statmech.io.store import Store
from statmech.results import Results


def results_file(path: Path | str) -> Path:
    """The results file that a path means: itself, or the merged file of a sweep directory."""
    path = Path(path)
    if not path.is_dir():
        return path
    content = Store(path).read_spec()
    if content is None:
        raise StoreError(f"{path} is not a sweep directory (no spec.json): give a results file or a sweep directory")
    merged = Store(path).merged(content["spec"]["name"])
    if not merged.exists():
        raise StoreError(f"{path} has no merged file yet: finish it with `run`, or make one now with `merge`")
    return merged


def load(path: Path | str) -> Results:
    """Results of a results file or of a sweep directory.

    Raises StoreError if the file is not ours, truncated or of a newer format version.

    Example: ``statmech.load("results/hopfield")["m_mean"]``
    """
    return Results(*read_labelled(results_file(path)))
