// Counter-based random numbers on the GPU: the CUDA twin of statmech/random.py.
//
// Philox4x32-10 (Salmon, Moraes, Dror & Shaw, SC'11) and the thresholds made of its words.  Every operation
// stands in the order of random.py: +, -, *, / on IEEE doubles, no libm, and no fused multiply-add
// (--fmad=false), so the bits are those of NumPy and Numba.
#pragma once

typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

struct Words {
    u32 w[4];
};

/// counter = (draw / 4, lane, sweep, stream) to the words of four draws.
__device__ __forceinline__ Words philox4x32(u32 c0, u32 c1, u32 c2, u32 c3, u64 key)
{
    u32 k0 = (u32)key, k1 = (u32)(key >> 32);
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        const u64 p0 = (u64)c0 * 0xD2511F53u, p1 = (u64)c2 * 0xCD9E8D57u;
        c0 = (u32)(p1 >> 32) ^ c1 ^ k0;
        c1 = (u32)p1;
        c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
        c3 = (u32)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
}

constexpr double LN2 = 0.6931471805599453, LN_2P32 = 32 * LN2, TWO_P32 = 4294967296.0;

/// Natural logarithm of x > 0: x = 2^e m with m in [sqrt(1/2), sqrt 2), ln m = 2 atanh((m-1)/(m+1)) as a
/// series.
__device__ __forceinline__ double log_words(double x)
{
    const i64 bits = __double_as_longlong(x);
    const i64 e = (bits - 0x3FE6A09E667F3BCDll) >> 52;  // sqrt(1/2); arithmetic shift
    const double m = __longlong_as_double(bits - e * (1ll << 52));
    const double t = (m - 1.0) / (m + 1.0);
    const double w = t * t;
    const double C3 = 2.0 / 3, C5 = 2.0 / 5, C7 = 2.0 / 7, C9 = 2.0 / 9;
    const double C11 = 2.0 / 11, C13 = 2.0 / 13, C15 = 2.0 / 15;
    const double series = C3 + w * (C5 + w * (C7 + w * (C9 + w * (C11 + w * (C13 + w * C15)))));
    return (double)e * LN2 + (2.0 * t + t * (w * series));
}

/// xi = -ln u, u = (word + 1/2) / 2^32: the Metropolis threshold.
__device__ __forceinline__ double exponential(u32 word)
{
    return LN_2P32 - log_words(0.5 + (double)word);
}

/// xi = ln u - ln(1 - u): the heat-bath threshold.
__device__ __forceinline__ double logistic(u32 word)
{
    const double x = 0.5 + (double)word;
    return log_words(x) - log_words(TWO_P32 - x);
}
