// Runs CUDA kernels on a CPU, without CUDA: a C++17 compiler reads the .cu text unchanged after this header.
//
// The threads of a block are fibres (ucontext) that run one after the other and change over at every barrier
// and warp exchange, so __syncwarp, __shfl_sync, __ballot_sync and __syncthreads mean what they mean on a
// GPU.  Blocks run in order.  shim_order = 1 lets the fibres run from the last to the first: a kernel without
// a needed barrier then gives other results.  What a GPU leaves undefined is an error here: lanes of a warp
// in different exchanges, a warp exchange that some lane never reaches, a mask that is not the full warp.
// Dynamic shared memory starts as garbage.
//
// One-dimensional grids and blocks of whole warps.  Compile with -ffp-contract=off (IEEE arithmetic, no
// fusing).
#pragma once
#include <math.h>  // sqrt, floor and their kin, not in a namespace
#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#define SHIM
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __shared__ static  // one block at a time, so one copy
#define DYNAMIC_SHARED(name) unsigned char *name = shim::dynamic_shared

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};
inline dim3 threadIdx, blockIdx, blockDim, gridDim;
constexpr int warpSize = 32;

namespace shim {

struct Barrier {
    unsigned waiting = 0, generation = 0;
    const char *kind = "";
};
struct Warp {
    Barrier barrier;
    std::uint64_t slot[2][32];  // two exchanges in turn: a slot is rewritten only when every lane has read it
};
struct Fibre {
    ucontext_t context;  // of its first turn
    jmp_buf here;        // of its next ones: swapcontext would ask the kernel for the signal mask at every change
    bool begun = false, done = false;
    unsigned exchanges = 0;
};

inline std::vector<Fibre> fibres;
inline std::vector<Warp> warps;
inline Barrier block_barrier;
inline ucontext_t launcher;
inline void (*body)(const void *);  // what every thread runs, with what it is called with
inline const void *call;
inline unsigned me, live, idle;
inline bool backwards = false;
inline unsigned char *dynamic_shared;
inline char error[256];

/// Back to whoever launched, for good: the fibres of this launch are abandoned where they stand.
inline void fail(const char *what, const char *detail)
{
    std::snprintf(error, sizeof error, "block %u, thread %u: %s (%s)", blockIdx.x, me, what, detail);
    setcontext(&launcher);
}

/// Let the next unfinished fibre run; returns when this one's turn comes again.
inline void change_over()
{
    const unsigned count = (unsigned)fibres.size(), self = me;
    do
        me = backwards ? (me + count - 1) % count : (me + 1) % count;
    while (fibres[me].done);
    if (me == self) return;
    if (!_setjmp(fibres[self].here)) {
        if (fibres[me].begun) _longjmp(fibres[me].here, 1);
        setcontext(&fibres[me].context);
    }
    me = self;
    threadIdx.x = self;
}

inline void wait(Barrier &barrier, unsigned expected, const char *kind)
{
    if (barrier.waiting && std::strcmp(barrier.kind, kind)) fail("other lanes wait elsewhere", kind);
    barrier.kind = kind;
    idle = 0;
    if (++barrier.waiting == expected) {
        barrier.waiting = 0;
        ++barrier.generation;
        return;
    }
    for (const unsigned mine = barrier.generation; barrier.generation == mine; change_over())
        if (idle++ > 2 * fibres.size()) fail("some lane never comes", kind);
}

inline void entry()
{
    threadIdx.x = me;
    fibres[me].begun = true;
    body(call);
    fibres[me].done = true;
    idle = 0;
    if (--live == 0) setcontext(&launcher);
    if (block_barrier.waiting == live) {  // a thread that has returned is not waited for at __syncthreads
        block_barrier.waiting = 0;
        ++block_barrier.generation;
    }
    change_over();
}

/// Runs `body` on every thread of the grid; 0, or 1 with the reason in `error`.
inline int run(unsigned grid, unsigned block, std::size_t shared_bytes)
{
    static constexpr std::size_t STACK = 1 << 16;
    error[0] = 0;
    if (block == 0 || block % 32) {
        std::snprintf(error, sizeof error, "a block of %u threads is not a whole number of warps", block);
        return 1;
    }
    std::vector<unsigned char> stacks(block * STACK), shared(shared_bytes + 16);
    dynamic_shared = shared.data() + (16 - reinterpret_cast<std::uintptr_t>(shared.data()) % 16) % 16;
    gridDim.x = grid;
    blockDim.x = block;
    for (volatile unsigned b = 0; b < grid; b = b + 1) {
        blockIdx.x = b;
        fibres.assign(block, {});
        warps.assign(block / 32, {});
        block_barrier = {};
        std::memset(shared.data(), 0xA5, shared.size());
        for (unsigned k = 0; k < block; ++k) {
            getcontext(&fibres[k].context);
            fibres[k].context.uc_stack.ss_sp = stacks.data() + k * STACK;
            fibres[k].context.uc_stack.ss_size = STACK;
            fibres[k].context.uc_link = nullptr;
            makecontext(&fibres[k].context, entry, 0);
        }
        live = block;
        idle = 0;
        me = backwards ? block - 1 : 0;
        swapcontext(&launcher, &fibres[me].context);
        if (error[0]) return 1;
    }
    return 0;
}

/// The protocol of cuLaunchKernel: args[i] points at the value of parameter i.
template <typename... A> struct Call {
    void (*kernel)(A...);
    void **args;
    template <std::size_t... I> void with(std::index_sequence<I...>) const
    {
        kernel(*static_cast<std::remove_cv_t<A> *>(args[I])...);
    }
};
template <typename... A>
int launch(void (*kernel)(A...), unsigned grid, unsigned block, std::size_t shared_bytes, void **args)
{
    const Call<A...> what{kernel, args};
    call = &what;
    body = [](const void *x) { static_cast<const Call<A...> *>(x)->with(std::index_sequence_for<A...>{}); };
    return run(grid, block, shared_bytes);
}

/// Every lane gives a value; returns the warp's slots once all 32 have arrived.
template <typename V> const std::uint64_t *exchange(unsigned mask, V value, const char *kind)
{
    static_assert(sizeof(V) <= 8, "a warp exchange moves at most 8 bytes");
    if (mask != 0xffffffffu) fail("only the full mask is simulated", kind);
    Warp &warp = warps[me / 32];
    std::uint64_t *slot = warp.slot[fibres[me].exchanges++ % 2];
    std::memcpy(slot + me % 32, &value, sizeof value);
    wait(warp.barrier, 32, kind);
    return slot;
}

template <typename V> V taken(const std::uint64_t *slot, unsigned lane)
{
    V value;
    std::memcpy(&value, slot + lane, sizeof value);
    return value;
}

}  // namespace shim

inline void __syncthreads() { shim::wait(shim::block_barrier, shim::live, "__syncthreads"); }
inline void __syncwarp(unsigned mask = 0xffffffffu) { shim::exchange(mask, 0, "__syncwarp"); }

template <typename V> V __shfl_sync(unsigned mask, V value, int lane)
{
    return shim::taken<V>(shim::exchange(mask, value, "__shfl_sync"), lane & 31);
}
template <typename V> V __shfl_xor_sync(unsigned mask, V value, int bits)
{
    return shim::taken<V>(shim::exchange(mask, value, "__shfl_xor_sync"), (shim::me ^ bits) & 31);
}
inline unsigned __ballot_sync(unsigned mask, int predicate)
{
    const std::uint64_t *slot = shim::exchange(mask, predicate != 0, "__ballot_sync");
    unsigned out = 0;
    for (unsigned lane = 0; lane < 32; ++lane)
        out |= (unsigned)shim::taken<bool>(slot, lane) << lane;
    return out;
}
/// A half-precision number, the low or the high one of a word; no infinities, no NaN.
inline float half_of(unsigned word, int high)
{
    const unsigned bits = word >> (high ? 16 : 0) & 0xffff, exponent = bits >> 10 & 31, fraction = bits & 1023;
    const float size = exponent ? std::ldexp((float)(1024 + fraction), (int)exponent - 25) : std::ldexp((float)fraction, -24);
    return bits & 0x8000 ? -size : size;
}

/// mma.cuh: the lanes exchange their words, and every lane sums its four products.
inline void mma_16x8x16(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2])
{
    std::uint64_t parts[3][32];
    const std::uint64_t mine[3] = {a[0] | (std::uint64_t)a[1] << 32, a[2] | (std::uint64_t)a[3] << 32,
                                   b[0] | (std::uint64_t)b[1] << 32};
    for (int part = 0; part < 3; ++part)
        std::memcpy(parts[part], shim::exchange(0xffffffffu, mine[part], "mma"), sizeof parts[part]);
    const unsigned g = shim::me % 32 / 4, t = shim::me % 4;
    for (int x = 0; x < 4; ++x)
        for (unsigned k = 0; k < 16; ++k) {
            const unsigned row = g, column = 2 * t + x % 2, pair = k % 8 / 2;
            const unsigned left = (unsigned)(parts[k / 8][4 * row + pair] >> (x / 2 ? 32 : 0));
            const unsigned right = (unsigned)(parts[2][4 * column + pair] >> (k / 8 ? 32 : 0));
            c[x] += half_of(left, k % 2) * half_of(right, k % 2);
        }
}
template <typename V> V atomicAdd(V *address, V value)
{
    const V old = *address;
    *address = old + value;
    return old;
}
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __log2f(float x) { return std::log2(x); }
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned which)
{
    const std::uint64_t both = a | (std::uint64_t)b << 32;
    unsigned out = 0;
    for (int byte = 0; byte < 4; ++byte)
        out |= (unsigned)(both >> 8 * (which >> 4 * byte & 7) & 255) << 8 * byte;
    return out;
}
inline int __popcll(unsigned long long word) { return __builtin_popcountll(word); }
inline int __popc(unsigned word) { return __builtin_popcount(word); }
inline long long __double_as_longlong(double x)
{
    long long bits;
    std::memcpy(&bits, &x, 8);
    return bits;
}
inline double __longlong_as_double(long long bits)
{
    double x;
    std::memcpy(&x, &bits, 8);
    return x;
}

// With -fvisibility=hidden only these leave the library: two libraries in one process share nothing.
#define SHIM_API extern "C" __attribute__((visibility("default"), used))

SHIM_API inline const char *shim_error() { return shim::error; }
SHIM_API inline void shim_order(int backwards) { shim::backwards = backwards != 0; }

/// One per kernel, after the .cu text: makes it callable as  int launch_NAME(grid, block, shared bytes, void
/// **args).
#define SHIM_EXPORT(kernel)                                                                                  \
    SHIM_API int launch_##kernel(unsigned grid, unsigned block, std::size_t shared_bytes, void **args)       \
    {                                                                                                        \
        return shim::launch(&kernel, grid, block, shared_bytes, args);                                       \
    }
