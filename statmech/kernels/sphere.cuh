// What the kernels on the sphere share: angles, Gaussian numbers, products with the examples, rows of memory.
//
// Angles use +, -, *, / and square roots alone, as philox.cuh does: the bits of a trajectory are those of any
// compiler that does not fuse.  Sums of floats run over the lanes' own terms in order, then over a tree
// (warp_sum): every lane gets the same bits, and so does every run.
#pragma once
#include "sweep.cuh"

constexpr double RIGHT_ANGLE = 1.5707963267948966;

struct Turn {
    double cos, sin;
};

/// Series for |phi| <= pi/4, error below 1e-16; the terms of spaces/sphere.py.
__device__ __forceinline__ Turn eighth(double phi)
{
    const double y = phi * phi;
    const double S3 = -1.0 / 6, S5 = 1.0 / 120, S7 = -1.0 / 5040, S9 = 1.0 / 362880, S11 = -1.0 / 39916800;
    const double S13 = 1.0 / 6227020800.0, S15 = -1.0 / 1307674368000.0;
    const double K2 = -1.0 / 2, K4 = 1.0 / 24, K6 = -1.0 / 720, K8 = 1.0 / 40320, K10 = -1.0 / 3628800;
    const double K12 = 1.0 / 479001600, K14 = -1.0 / 87178291200.0, K16 = 1.0 / 20922789888000.0;
    const double s = phi + phi * y * (S3 + y * (S5 + y * (S7 + y * (S9 + y * (S11 + y * (S13 + y * S15))))));
    const double c =
        1.0 + y * (K2 + y * (K4 + y * (K6 + y * (K8 + y * (K10 + y * (K12 + y * (K14 + y * K16)))))));
    return {c, s};
}

/// cos and sin of |theta| < 1e5.  pi/2 comes in two parts: a few quarter turns times the first are exact.
__device__ __forceinline__ Turn turn_by(double theta)
{
    const double FIRST = 1.57079632673412561417, REST = 6.07710050650619224932e-11;
    const double PER_QUARTER = 0.6366197723675814;
    const double quarters = floor(theta * PER_QUARTER + 0.5);
    const Turn small = eighth((theta - quarters * FIRST) - quarters * REST);
    const int turn = (int)quarters & 3;
    const double c = turn & 1 ? small.sin : small.cos, s = turn & 1 ? small.cos : small.sin;
    return {turn == 1 || turn == 2 ? -c : c, turn >= 2 ? -s : s};
}

/// atan2(y, x) for y >= 0, x >= 0, not both zero and not both infinite: the nearest of five angles and a
/// series.
__device__ __forceinline__ double arc(double y, double x)
{
    const bool steep = y > x;
    const double t = steep ? x / y : y / x;  // 0 .. 1
    const int k = (int)(4.0 * t + 0.5);
    const double z = (t - 0.25 * k) / (1.0 + 0.25 * k * t);  // |z| <= 1/8
    const double q = z * z;
    const double C3 = -1.0 / 3, C5 = 1.0 / 5, C7 = -1.0 / 7, C9 = 1.0 / 9, C11 = -1.0 / 11, C13 = 1.0 / 13;
    const double C15 = -1.0 / 15;
    const double series = C3 + q * (C5 + q * (C7 + q * (C9 + q * (C11 + q * (C13 + q * C15)))));
    const double nearest = k == 0   ? 0.0
                           : k == 1 ? 0.24497866312686414
                           : k == 2 ? 0.4636476090008061
                           : k == 3 ? 0.6435011087932844
                                    : 0.7853981633974483;
    const double angle = nearest + (z + z * (q * series));
    return steep ? RIGHT_ANGLE - angle : angle;
}

/// Two standard normals of two words: spaces/sphere.normal_pair, bit for bit.
__device__ __forceinline__ Turn normal_pair(u32 word0, u32 word1)
{
    const double radius = sqrt(2.0 * exponential(word0)), QUARTER = 1073741824.0;
    const u64 turn = ((u64)word1 + (1u << 29)) >> 30;
    const Turn small = eighth(((0.5 + (double)word1) - (double)turn * QUARTER) / QUARTER * RIGHT_ANGLE);
    const double odd = (double)(turn & 1), flip = 1.0 - (double)(turn & 2);
    return {radius * (flip * (small.cos * (1.0 - odd) - small.sin * odd)),
            radius * (flip * (small.sin * (1.0 - odd) + small.cos * odd))};
}

/// out[mu] = sum_i w_i x[i, mu] for mu < count, summed over i in order.  A lane writes out[lane + 32 k].
__device__ inline void project(const double *__restrict__ x, int width, int n, const double *__restrict__ w,
                               double *__restrict__ out, int count)
{
    for (int first = threadIdx.x; first < count; first += 128) {
        double sum[4] = {0.0, 0.0, 0.0, 0.0};
        for (int i = 0; i < n; ++i) {
            const double *row = x + (size_t)i * width;
#pragma unroll
            for (int k = 0; k < 4; ++k)
                if (first + 32 * k < count) sum[k] += w[i] * row[first + 32 * k];
        }
#pragma unroll
        for (int k = 0; k < 4; ++k)
            if (first + 32 * k < count) out[first + 32 * k] = sum[k];
    }
}

/// Hands out a chain's rows: in shared memory as long as there is room, else where they are at home, or in the
/// chain's part of a workspace.  Rows take whole 16 bytes; sphere_cuda.py counts by the same rule.
struct Rows {
    unsigned char *shared;
    int room;  // bytes
    unsigned char *workspace;

    __device__ static int bytes(int size) { return (size + 15) / 16 * 16; }

    __device__ unsigned char *take(int size, unsigned char *home)
    {
        if (bytes(size) > room) return home;
        unsigned char *row = shared;
        shared += bytes(size);
        room -= bytes(size);
        return row;
    }

    /// A row to work in, with nothing in it.
    template <typename T> __device__ T *empty(int count)
    {
        const int size = count * (int)sizeof(T);
        unsigned char *row = take(size, workspace);
        if (row == workspace) workspace += bytes(size);
        return reinterpret_cast<T *>(row);
    }

    /// A copy of a row, or the row itself.
    __device__ double *borrow(double *home, int count)
    {
        double *row = reinterpret_cast<double *>(take(8 * count, reinterpret_cast<unsigned char *>(home)));
        if (row != home)
            for (int k = threadIdx.x; k < count; k += 32)
                row[k] = home[k];
        __syncwarp();
        return row;
    }
};

__device__ inline void give_back_row(double *home, const double *row, int count)
{
    __syncwarp();
    if (row != home)
        for (int k = threadIdx.x; k < count; k += 32)
            home[k] = row[k];
}
