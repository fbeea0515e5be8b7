"""The shim itself: exchanges, barriers, shared memory and atomics mean what CUDA says, misuse is an error."""

from __future__ import annotations

import numpy as np
import pytest
from parity import cuda_shim
from parity.cuda_shim import ShimLauncher

pytestmark = pytest.mark.skipif(cuda_shim.SKIP is not None, reason=str(cuda_shim.SKIP))

SOURCE = r"""
constexpr unsigned ALL = 0xffffffffu;

extern "C" __global__ void indices(int *out)
{
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    out[4 * k] = threadIdx.x;
    out[4 * k + 1] = blockIdx.x;
    out[4 * k + 2] = blockDim.x;
    out[4 * k + 3] = gridDim.x;
}

extern "C" __global__ void exchanges(const double *x, double *rotated, double *swapped, unsigned *ballot)
{
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    double v = x[k];
    for (int turn = 0; turn < 5; ++turn)
        v = __shfl_sync(ALL, v, threadIdx.x + 1);  // modulo 32: every lane takes its neighbour's
    rotated[k] = v;
    swapped[k] = __shfl_xor_sync(ALL, x[k], 8);
    ballot[k] = __ballot_sync(ALL, x[k] > 0);
}

extern "C" __global__ void block_sum(const int *x, int *out, int *total)
{
    __shared__ int part[64];
    DYNAMIC_SHARED(bytes);
    int *mirror = reinterpret_cast<int *>(bytes);
    part[threadIdx.x] = x[blockIdx.x * blockDim.x + threadIdx.x];
    for (unsigned step = blockDim.x / 2; step; step /= 2) {
        __syncthreads();
        if (threadIdx.x < step) part[threadIdx.x] += part[threadIdx.x + step];
    }
    mirror[blockDim.x - 1 - threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[blockIdx.x * blockDim.x + threadIdx.x] = part[0] + mirror[threadIdx.x];
    atomicAdd(total, 1);
}

extern "C" __global__ void early_return(int *out)  // threads that have returned are not waited for
{
    if (threadIdx.x % 2) return;
    __syncthreads();
    out[threadIdx.x] = 1;
}

extern "C" __global__ void race(int *out)  // a barrier is missing between the read and the write
{
    const int before = out[0];
    if (threadIdx.x == 0) out[0] = 7;
    __syncwarp();
    out[1 + threadIdx.x] = before;
}

extern "C" __global__ void divergent(int *out)
{
    out[threadIdx.x] = threadIdx.x < 3 ? __shfl_sync(ALL, 1, 0) : __shfl_xor_sync(ALL, 1, 0);
}

extern "C" __global__ void absent(int *out)
{
    if (threadIdx.x == 5) return;
    out[threadIdx.x] = __shfl_sync(ALL, 1, 0);
}

extern "C" __global__ void partial(int *out)
{
    out[threadIdx.x] = __shfl_sync(0xffu, 1, 0);
}

extern "C" __global__ void scalars(double *out, float a, double b, int c, unsigned long long d, signed char e)
{
    const double values[5] = {a, b, (double)c, (double)d, (double)e};
    if (threadIdx.x < 5) out[threadIdx.x] = values[threadIdx.x];
}
"""
NAMES = (
    "indices",
    "exchanges",
    "block_sum",
    "early_return",
    "race",
    "divergent",
    "absent",
    "partial",
    "scalars",
)


@pytest.fixture(scope="module")
def compiled() -> ShimLauncher:
    return ShimLauncher(SOURCE, NAMES)


@pytest.fixture(params=[False, True], ids=["forwards", "backwards"])
def shim(compiled, request):
    compiled.order(request.param)
    yield compiled
    compiled.order(False)


def test_indices(shim):
    out = np.zeros((3, 64, 4), np.int32)
    shim.launch("indices", 3, 64, (out,))
    assert (out[..., 0] == np.arange(64)).all()
    assert (out[..., 1] == np.arange(3)[:, None]).all()
    assert (out[..., 2:] == (64, 3)).all()


def test_warp_exchanges(shim):
    x = np.random.default_rng(1).normal(size=(2, 2, 32))  # two blocks of two warps
    rotated, swapped, ballot = np.zeros_like(x), np.zeros_like(x), np.zeros(x.shape, np.uint32)
    shim.launch("exchanges", 2, 64, (x, rotated, swapped, ballot))
    assert np.array_equal(rotated, np.roll(x, -5, axis=-1))
    assert np.array_equal(swapped, x[..., np.arange(32) ^ 8])
    assert (ballot == ((x > 0) * 2 ** np.arange(32)).sum(-1, keepdims=True)).all()


def test_block_barriers_shared_memory_and_atomics(shim):
    x, total = np.arange(3 * 64, dtype=np.int32).reshape(3, 64) ** 2, np.zeros(1, np.int32)
    out = np.zeros_like(x)
    shim.launch("block_sum", 3, 64, (x, out, total), 64 * 4)
    assert np.array_equal(out, x.sum(1, keepdims=True) + np.arange(64)[::-1])
    assert total[0] == 3 * 64


def test_a_thread_that_has_returned_is_not_waited_for(shim):
    out = np.zeros(64, np.int32)
    shim.launch("early_return", 1, 64, (out,))
    assert np.array_equal(out, (np.arange(64) % 2 == 0))


def test_arguments_keep_their_width(shim):
    out = np.zeros(5)
    values = (np.float32(0.5), np.float64(0.1), np.int32(-7), np.uint64(2**53), np.int8(-3))
    shim.launch("scalars", 1, 32, (out, *values))
    assert out.tolist() == [float(v) for v in values]


def test_a_race_shows_when_the_lanes_run_the_other_way(compiled):
    """What the walkers' test of the order of lanes relies on."""
    results = []
    for backwards in (False, True):
        compiled.order(backwards)
        out = np.zeros(33, np.int32)
        compiled.launch("race", 1, 32, (out,))
        results.append(out)
    compiled.order(False)
    assert not np.array_equal(*results)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        ("divergent", "other lanes wait elsewhere"),
        ("absent", "never comes"),
        ("partial", "only the full mask"),
    ],
)
def test_misuse_is_an_error_that_names_the_thread(shim, kernel, message):
    with pytest.raises(RuntimeError, match=rf"block 0, thread \d+: .*{message}"):
        shim.launch(kernel, 1, 32, (np.zeros(32, np.int32),))
    out = np.zeros((1, 32, 4), np.int32)
    shim.launch("indices", 1, 32, (out,))  # and the next launch works
    assert (out[0, :, 0] == np.arange(32)).all()


def test_a_block_of_half_a_warp_is_refused(shim):
    with pytest.raises(RuntimeError, match="16 threads is not a whole number of warps"):
        shim.launch("indices", 1, 16, (np.zeros((16, 4), np.int32),))


def test_source_that_does_not_compile_gives_the_compilers_message():
    with pytest.raises(RuntimeError, match="error"):
        ShimLauncher("not C++", ())
