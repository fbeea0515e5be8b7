"""Every CUDA source compiles for real GPUs, with the options of the package, on a machine that has none."""

from __future__ import annotations

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


def test_every_source_is_listed():
    assert {path.name for path in backend.KERNELS.glob("*.cu")} == set(KERNELS)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("source", KERNELS)
def test_compiles(compiler, source, architecture):
    options = (*backend.NVRTC_OPTIONS, f"--gpu-architecture={architecture}")
    code, log = compiler.compile(backend.cuda_source(source), options)
    assert log == ""  # no warning
    for kernel in KERNELS[source]:
        assert kernel.encode() in code


@pytest.mark.parametrize("source", KERNELS)
def test_nothing_is_fused(compiler, source):
    """A fused multiply-add rounds once where the CPU rounds twice; by default the compiler does fuse."""
    text, architecture = backend.cuda_source(source), "--gpu-architecture=compute_80"
    ours, _ = compiler.compile(text, (*backend.NVRTC_OPTIONS, architecture))
    default, _ = compiler.compile(text, ("--std=c++17", architecture))
    assert not any(name.encode() in ours for name in FUSED)
    assert any(name.encode() in default for name in FUSED)


def test_an_error_is_reported(compiler):
    text = mutant(backend.cuda_source("pairs.cu"), "Energy H = *energy;", "Energy H = energy;")
    with pytest.raises(RuntimeError, match="error"):
        compiler.compile(text, (*backend.NVRTC_OPTIONS, "--gpu-architecture=sm_80"))


def test_headers_are_put_in_once():
    text = backend.cuda_source("pairs.cu")
    assert '#include "' not in text and "#pragma once" not in text
    assert text.count("philox4x32(u32 c0") == 1
