"""The random numbers against published known answers, wherever they can run here: for `statmech doctor`."""

from __future__ import annotations

import numpy as np

from statmech import backend
from statmech.random import KNOWN_ANSWERS, philox4x32

LAUNCH = 128  # threads per block


def known_answers() -> dict[str, bool]:
    """Which implementations of Philox4x32-10 reproduce the known answers of Random123 (random.KNOWN_ANSWERS).

    Keys: "numpy", "numba", and "cuda" if there is a GPU.

    Example: ``known_answers()["numba"]``
    """
    from statmech.kernels import jit

    counters = np.array([counter for counter, _, _ in KNOWN_ANSWERS], np.uint64)
    keys = np.array([key for _, key, _ in KNOWN_ANSWERS], np.uint64)
    expected = np.array([answer for _, _, answer in KNOWN_ANSWERS], np.uint64)
    arguments = np.hstack([counters, keys])
    with np.errstate(over="ignore"):
        found = {"numpy": np.stack(philox4x32(*arguments.T), axis=-1)}
    found["numba"] = np.array([jit.philox4x32(*row) for row in arguments], np.uint64)
    if backend.gpu_problem() is None:
        found["cuda"] = cuda_words(counters, keys[:, 0] | keys[:, 1] << np.uint64(32))
    return {name: bool((words == expected).all()) for name, words in found.items()}


def philox_check() -> bool:
    """Do all implementations that can run here reproduce the known answers?

    Example: ``philox_check()``
    """
    return all(known_answers().values())


def cuda_words(counters: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Words (count, 4) uint32 of counters (count, 4) and 64-bit keys (count,), computed on the GPU."""
    launcher = backend.cuda_launcher("philox.cu")
    words = launcher.put(np.zeros(counters.shape, np.uint32))
    args = (launcher.put(counters.astype(np.uint32)), launcher.put(keys.astype(np.uint64)), words)
    launcher.launch("philox_words", -(-len(keys) // LAUNCH), LAUNCH, (*args, np.int32(len(keys))))
    return backend.to_host(words)


def cuda_thresholds(words: np.ndarray) -> np.ndarray:
    """ln(word + 1/2), Metropolis threshold and heat-bath threshold (count, 3) of 32-bit words, on the GPU."""
    launcher = backend.cuda_launcher("philox.cu")
    values = launcher.put(np.zeros((len(words), 3)))
    args = (launcher.put(words.astype(np.uint32)), values, np.int32(len(words)))
    launcher.launch("philox_thresholds", -(-len(words) // LAUNCH), LAUNCH, args)
    return backend.to_host(values)
