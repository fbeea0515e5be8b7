// Proposals decided a tile of 16 sites at a time, every lane for one chain: what pairs_block.cu and tensor_block.cu
// share.
#pragma once
#include "common.cuh"

constexpr int TILE = 16, CHAINS = 32;
constexpr float NEVER = 3e38f, HOT = 1e30f, LARGEST = 33554432.0f;  // 2^25
constexpr float MARGIN = 1.5e-5f;  // rough thresholds are right to 1e-5, in units of xi

/// What decides the proposals of a chain besides its fields.  theta = T / scale.
struct Chain {
    u64 key;
    u32 lane, sweep;
    double theta;
    bool heatbath;
};

/// Rough thresholds of the sites first .. first + 15: logarithms in single precision, ten times faster.  Where dE
/// comes closer than MARGIN theta, the true one decides.
__device__ __forceinline__ void draw_limits(float (&limit)[TILE], int first, int n, const Chain &chain, float theta)
{
    constexpr float ln2 = 0.69314718f, scale = 2.3283064e-10f;  // 2^-32
#pragma unroll
    for (int q = 0; q < TILE; q += 4) {
        const Words words = philox4x32((u32)(first + q) / 4, chain.lane, chain.sweep, ACCEPT, chain.key);
#pragma unroll
        for (int p = 0; p < 4; ++p) {
            float log2 = __log2f(((float)words.w[p] + 0.5f) * scale);
            if (chain.heatbath) log2 = __log2f(((float)~words.w[p] + 0.5f) * scale) - log2;
            limit[q + p] = first + q + p < n ? theta * (-ln2 * log2) : -NEVER;
        }
    }
}

/// The true threshold of a site, word for word as on the CPU, raised to the next even number: every dE = 2 s f is
/// even, so the same ones are below it, and even numbers up to 2^25 are exact.
__device__ __noinline__ float true_limit(int site, const Chain &chain)
{
    const u32 word = philox4x32((u32)site / 4, chain.lane, chain.sweep, ACCEPT, chain.key).w[site % 4];
    const double xi = chain.theta == 0.0 ? 0.0 : chain.heatbath ? logistic(word) : exponential(word);
    const double limit = 2 * ceil(chain.theta * xi / 2);
    return limit < LARGEST ? limit > -LARGEST ? (float)limit : -LARGEST : LARGEST;
}

/// Proposes to flip site q of a tile: f is its field, bit q of down says that its spin points down.  Returns the
/// change of the spin, 0 if the flip is refused; adds to the bits of the flips, to their dE, and to the bits of the
/// sites whose dE came within the margin of the threshold.
__device__ __forceinline__ float propose(float f, float limit, int q, u32 down, float margin, u32 &flips, int &gain,
                                         u32 &close)
{
    const float twice = down >> q & 1 ? -2.0f : 2.0f;  // 2 s
    const float beyond = __fmaf_rn(twice, f, -limit);
    const bool accept = beyond < 0.0f;
    close |= (u32)(fabsf(beyond) <= margin) << q;
    flips |= (u32)accept << q;
    gain += accept ? (int)(twice * f) : 0;
    return accept ? -twice : 0.0f;
}

/// Decides the proposals first .. first + 15 of a chain, and again with the true thresholds of those that came close to a
/// rough one, until none hangs on a rough one.  attempt(gain, close) decides by `limit` and returns the bits of the
/// flips.  All lanes together.
template <typename Attempt>
__device__ __forceinline__ u32 decide(float (&limit)[TILE], int first, const Chain &chain, int &gain,
                                      const Attempt &attempt)
{
    u32 known = 0;  // sites whose true threshold is in limit
    while (true) {
        u32 close;
        const u32 flips = attempt(gain, close);
        close &= ~known;
        if (!__ballot_sync(WARP, close != 0)) return flips;
#pragma unroll
        for (int q = 0; q < TILE; ++q)
            if (close >> q & 1) limit[q] = true_limit(first + q, chain);
        known |= close;
    }
}

/// The number of the sweep, which lies on the device so that the calls of all sweeps are the same.
extern "C" __global__ void next_sweep(u32 *sweep)
{
    if (threadIdx.x == 0) ++*sweep;
}
