"""Every CUDA source compiles for real GPUs, with the options of the package, on a machine that has none."""

from __future__ import annotations

import functools

import pytest
from parity import nvrtc
from parity.cuda_shim import KERNELS, mutant

from statmech import backend

pytestmark = pytest.mark.skipif(nvrtc.SKIP is not None, reason=str(nvrtc.SKIP))

ARCHITECTURES = ("sm_80", "sm_90")  # A100; H100 and H200
FUSED = ("fma.rn.f64", "fma.rn.ftz.f64")


@pytest.fixture(scope="module")
def compiler() -> nvrtc.Nvrtc:
    return nvrtc.Nvrtc()


@pytest.fixture(scope="module")
def compiled(compiler):
    """A source for an architecture, with the options of the package; compiled once."""

    @functools.cache
    def compiled(source: str, architecture: str) -> nvrtc.Compiled:
        options = (*backend.NVRTC_OPTIONS, f"--gpu-architecture={architecture}")
        return compiler.compile(backend.cuda_source(source), options)

    return compiled


def test_every_source_is_listed():
    assert {path.name for path in backend.KERNELS.glob("*.cu")} == set(KERNELS)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("source", KERNELS)
def test_compiles(compiled, source, architecture):
    found = compiled(source, architecture)
    assert found.log == ""  # no warning
    for kernel in KERNELS[source]:
        assert kernel.encode() in found.code


@pytest.mark.parametrize("source", KERNELS)
def test_nothing_is_fused(compiler, compiled, source):
    """A fused multiply-add rounds once where the CPU rounds twice; by default the compiler does fuse."""
    default = compiler.compile(backend.cuda_source(source), ("--std=c++17", "--gpu-architecture=compute_80"))
    for architecture in ARCHITECTURES:
        ours = compiled(source, architecture).ptx
        assert b".entry" in ours and not any(name.encode() in ours for name in FUSED)
    assert any(name.encode() in default.ptx for name in FUSED)


def test_an_error_is_reported(compiler):
    text = mutant(backend.cuda_source("pairs.cu"), "Energy H = *energy;", "Energy H = energy;")
    with pytest.raises(RuntimeError, match="error"):
        compiler.compile(text, (*backend.NVRTC_OPTIONS, "--gpu-architecture=sm_80"))


def test_headers_are_put_in_once():
    text = backend.cuda_source("pairs.cu")
    assert '#include "' not in text and "#pragma once" not in text
    assert text.count("philox4x32(u32 c0") == 1
