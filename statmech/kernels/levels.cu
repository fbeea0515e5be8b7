// CUDA kernels of the family `levels`:  H = scale k(s); twin of levels.py.
//
// A chain is a string of bits and its level; a proposal draws the level of the string with one bit changed.
// Sweeps: one block of 32 threads per chain, whose lanes draw the thresholds and agree on every decision.
#include "sweep.cuh"

enum : u32 { LEVELS = 9 };       // random.Stream
constexpr int CELL = 20;         // the guide knows the steps that fall among 2^20 words
constexpr i64 HIGHEST = 2047;    // |k| is at most this

/// Where levels come from: steps of the Gaussian integers, the guide to them, and a sample's key and native
/// state.
struct Landscape {
    const i64 *steps, *guide;
    u64 key;
    i64 native, native_level;

    __device__ i64 level(i64 bits) const
    {
        if (bits == native) return native_level;
        const u32 word = philox4x32((u32)bits, (u32)((u64)bits >> 32), 0u, LEVELS, key).w[0];
        i64 low = guide[word >> CELL], high = guide[(word >> CELL) + 1];
        while (low < high) {
            const i64 middle = (low + high) >> 1;
            if (steps[middle] <= (i64)word)
                low = middle + 1;
            else
                high = middle;
        }
        return low - HIGHEST;
    }
};

struct LevelChain {
    Landscape landscape;
    signed char *s;
    i64 bits;

    __device__ i64 difference(int i, i64 E) const { return landscape.level(bits ^ (1ll << i)) - E; }

    __device__ void flip(int i)
    {
        bits ^= 1ll << i;
        if (threadIdx.x == 0) s[i] = -s[i];
    }
};

// Shapes: level_keys, native (D,), s (C, N), bits (C, 1), the rest (C,).
extern "C" __global__ void __launch_bounds__(32)
    sweep_levels(const i64 *steps, const i64 *guide, const u64 *level_keys, const i64 *native, i64 native_level,
                 signed char *s, i64 *bits, i64 *energy, const i64 *sample, const u64 *keys, const u64 *lanes,
                 const double *theta, i64 *accepted, u32 start, int sweeps, int n, int heatbath,
                 int random_order)
{
    const size_t c = blockIdx.x;
    const i64 d = sample[c];
    LevelChain chain = {{steps, guide, level_keys[d], native[d], native_level}, s + c * n, bits[c]};
    const Dynamics dynamics = {keys[c], (u32)lanes[c], start, theta[c], sweeps, n, heatbath != 0, random_order != 0};
    run(chain, dynamics, energy + c, accepted + c);
    __syncwarp();  // every lane has read the bits
    if (threadIdx.x == 0) bits[c] = chain.bits;
}

/// Levels of `count` configurations, one thread each.
extern "C" __global__ void levels_of(const i64 *steps, const i64 *guide, const u64 *level_keys, const i64 *native,
                                     i64 native_level, const i64 *sample, const i64 *bits, i64 *out, int count)
{
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= count) return;
    const i64 d = sample[c];
    const Landscape landscape = {steps, guide, level_keys[d], native[d], native_level};
    out[c] = landscape.level(bits[c]);
}
