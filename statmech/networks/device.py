"""The door to torch: loading it, the device that runs, one thread on a CPU."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from statmech.backend import Device


def load_torch() -> Any:
    """The module torch; ImportError that says how to get it.

    Example: ``load_torch().__name__ == "torch"``
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError("training networks needs PyTorch: pip install 'statmech[dnn]'") from error
    return torch


def place(device: Device) -> str:
    """The torch device that runs: "auto" takes the GPU when torch sees one.

    Example: ``place("cpu") == "cpu"``
    """
    if device not in ("auto", "cpu", "gpu"):
        raise ValueError(f"device = {device!r}: expected 'auto', 'cpu' or 'gpu'")
    if device == "cpu":
        return "cpu"
    if load_torch().cuda.is_available():
        return "cuda"
    if device == "gpu":
        raise RuntimeError("device = 'gpu' was asked for, but torch sees none: use a CUDA build of torch, or 'cpu'")
    return "cpu"


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Inside: one torch thread, since sums must not depend on how many there are and a sweep runs one process per core;
    no gradients; and numbers below 1e-38 are zero, which momentum of silent units comes to, and which are slow."""
    torch = load_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
