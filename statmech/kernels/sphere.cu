// CUDA kernels of the family `sphere`:  E = sum_mu V(h_mu - kappa), h = xi w / sqrt(N), |w|^2 = N; twin of
// sphere.py, where the moves are explained.
//
// Launch: one block of 32 threads per chain.  The lanes share the examples, a lane always the same ones:
// mu = lane, lane + 32, ...  All lanes come to the same decision from sums that are the same on all of them.
#include "sphere_potential.cuh"

constexpr int TRIES = 126;  // sphere.TRIES: 32 blocks of four words to a plane, one block to a lane

/// A chain, and what decides its trajectory.  size: width of the bracket, or largest angle.
struct Chain {
    const double *x;  // xi / sqrt(N) of its sample, one row per coordinate
    double *w, *h;
    int *order, *target;
    u64 key;
    u32 lane;
    double T, size, kappa;
    int n, width, patterns;
    bool circles;
};

/// A random order of the coordinates (Fisher & Yates): planes are its pairs.
__device__ inline void draw_order(const Chain &chain, u32 sweep)
{
    __syncwarp();  // every lane is done with the last order
    for (int first = 0; first < chain.n; first += 128) {
        const Words words = philox4x32(first / 4 + threadIdx.x, chain.lane, sweep, SITES, chain.key);
#pragma unroll
        for (int p = 0; p < 4; ++p) {
            const int i = first + 4 * threadIdx.x + p;
            if (i < chain.n) {
                chain.order[i] = i;
                chain.target[i] = (int)((words.w[p] * (u64)(i + 1)) >> 32);
            }
        }
    }
    __syncwarp();
    if (threadIdx.x == 0)
        for (int i = chain.n - 1; i > 0; --i) {
            const int j = chain.target[i], other = chain.order[j];
            chain.order[j] = chain.order[i];
            chain.order[i] = other;
        }
    __syncwarp();
}

/// u in (0, 1) of a word.
__device__ __forceinline__ double uniform(u32 word) { return ((double)word + 0.5) / TWO_P32; }

/// Word k of a plane's 128, which lie four to a lane.
__device__ __forceinline__ u32 word_of(const Words &words, int k)
{
    const int p = k % 4;
    const u32 mine = p == 0 ? words.w[0] : p == 1 ? words.w[1] : p == 2 ? words.w[2] : words.w[3];
    return __shfl_sync(WARP, mine, k / 4);
}

/// One move in a plane: its angle (0 for none), its energy change and how many angles were looked at.
struct Move {
    double theta, dE;
    int looked;
};

template <typename V>
__device__ double change(const V &potential, const Plane &plane, typename V::Sum here, double theta)
{
    const Turn t = turn_by(theta);
    return potential.far(t) + (double)(potential.cost(plane, t) - here);
}

/// Shrink a bracket around theta = 0, placed at random, until E(theta) - E(0) <= level (Neal 2003).
template <typename V>
__device__ Move slice(const V &potential, const Plane &plane, double level, double width, const Words &words)
{
    const typename V::Sum here = potential.cost(plane, {1.0, 0.0});
    double left = -width * uniform(word_of(words, 1));
    double right = left + width;
    for (int attempt = 1; attempt < TRIES; ++attempt) {
        const double theta = left + (right - left) * uniform(word_of(words, 1 + attempt));
        const double dE = change(potential, plane, here, theta);
        if (dE <= level) return {theta, dE, attempt};
        (theta < 0.0 ? left : right) = theta;
    }
    return {0.0, 0.0, TRIES};
}

/// Metropolis rotation by at most `size`.
template <typename V>
__device__ Move rotation(const V &potential, const Plane &plane, double level, double size, const Words &words)
{
    const typename V::Sum here = potential.cost(plane, {1.0, 0.0});
    const double theta = size * (2.0 * uniform(word_of(words, 1)) - 1.0);
    const double dE = change(potential, plane, here, theta);
    return {dE <= level ? theta : 0.0, dE, 1};
}

/// Turn the coordinates i, j of w, and the fields with them.
__device__ inline void turn(const Chain &chain, const Plane &plane, int i, int j, double theta)
{
    const Turn t = turn_by(theta);
    const double wi = plane.wi * t.cos - plane.wj * t.sin, wj = plane.wi * t.sin + plane.wj * t.cos;
    const double di = wi - plane.wi, dj = wj - plane.wj;
    const double *__restrict__ xi = plane.xi, *__restrict__ xj = plane.xj;
    double *__restrict__ h = chain.h;
#pragma unroll 4
    for (int mu = threadIdx.x; mu < chain.patterns; mu += 32)
        h[mu] += xi[mu] * di + xj[mu] * dj;
    __syncwarp();  // every lane has read w_i and w_j
    if (threadIdx.x == 0) {
        chain.w[i] = wi;
        chain.w[j] = wj;
    }
    __syncwarp();  // every lane sees the new ones; a field is read by the lane that wrote it
}

/// Sweeps start .. start+sweeps-1 of one chain; adds to its energy and counters.
template <typename V>
__device__ void sweep_planes(V potential, const Chain &chain, u32 start, int sweeps, double *energy,
                             i64 *accepted, i64 *looked)
{
    double E = *energy;
    i64 moved = 0, angles = 0;
    for (int t = 0; t < sweeps; ++t) {
        draw_order(chain, start + t);
        for (int p = 0; p < chain.n / 2; ++p) {
            const int i = chain.order[2 * p], j = chain.order[2 * p + 1];
            const double *xi = chain.x + (size_t)i * chain.width, *xj = chain.x + (size_t)j * chain.width;
            const Plane plane = {xi, xj, chain.h, chain.w[i], chain.w[j], chain.kappa, chain.patterns};
            const Words words = philox4x32(32 * p + threadIdx.x, chain.lane, start + t, ACCEPT, chain.key);
            const double level = chain.T * exponential(word_of(words, 0));
            potential.lay_out(plane);
            const Move move = chain.circles ? slice(potential, plane, level, chain.size, words)
                                            : rotation(potential, plane, level, chain.size, words);
            angles += move.looked;
            if (move.theta != 0.0) {
                turn(chain, plane, i, j, move.theta);
                E += move.dE;
                ++moved;
            }
        }
    }
    if (threadIdx.x == 0) {
        *energy = E;
        *accepted += moved;
        *looked += angles;
    }
}

// Shapes: x (D, N, width) = xi / sqrt(N) padded with zeros from P, table (L, 4), w (C, N), fields (C, width),
// workspace (C, stride) bytes, the rest (C,).  shared_bytes, stride: sphere_cuda.memory.
#define SWEEP_PLANES(NAME, V)                                                                                \
    extern "C" __global__ void __launch_bounds__(32)                                                         \
        NAME(const double *x, const double *table, double *w, double *fields, double *energy,                \
             const i64 *sample, const u64 *keys, const u64 *lanes, const double *T, const double *size,      \
             i64 *accepted, i64 *looked, unsigned char *workspace, u32 start, int sweeps, int n, int width,  \
             int patterns, int circles, int shared_bytes, int stride, double kappa, double low,              \
             double inverse)                                                                                 \
    {                                                                                                        \
        DYNAMIC_SHARED(shared);                                                                              \
        const size_t c = blockIdx.x;                                                                         \
        Rows rows = {shared, shared_bytes, workspace + c * stride};                                          \
        int *order = rows.empty<int>(2 * n);                                                                 \
        double *point = rows.borrow(w + c * n, n);                                                           \
        double *h = rows.borrow(fields + c * width, width);                                                  \
        V potential;                                                                                         \
        potential.table = table;                                                                             \
        potential.low = low;                                                                                 \
        potential.inverse = inverse;                                                                         \
        potential.near = rows.empty<Circle>(V::packs ? (patterns + 31) / 32 * 32 : 0) + threadIdx.x;         \
        const Chain chain = {x + (size_t)sample[c] * n * width, point, h, order, order + n, keys[c],         \
                             (u32)lanes[c], T[c], size[c], kappa, n, width, patterns, circles != 0};         \
        sweep_planes(potential, chain, start, sweeps, energy + c, accepted + c, looked + c);                 \
        give_back_row(w + c * n, point, n);                                                                  \
        give_back_row(fields + c * width, h, width);                                                         \
    }

SWEEP_PLANES(sweep_planes_error, Error)
SWEEP_PLANES(sweep_planes_hinge, Hinge)
SWEEP_PLANES(sweep_planes_quadratic, Quadratic)
SWEEP_PLANES(sweep_planes_table, Table)

/// Fields h = x w of every chain, summed over the coordinates in order, and E = sum_mu V(h_mu - kappa).
#define SYNCHRONISE(NAME, V)                                                                                 \
    extern "C" __global__ void __launch_bounds__(32)                                                         \
        NAME(const double *x, const double *table, const double *w, double *fields, double *energy,          \
             const i64 *sample, int n, int width, int patterns, double kappa, double low, double inverse)    \
    {                                                                                                        \
        const size_t c = blockIdx.x;                                                                         \
        double *h = fields + c * width;                                                                      \
        project(x + (size_t)sample[c] * n * width, width, n, w + c * n, h, width);                           \
        V potential;                                                                                         \
        potential.table = table;                                                                             \
        potential.low = low;                                                                                 \
        potential.inverse = inverse;                                                                         \
        V::Sum sum = 0;                                                                                      \
        for (int mu = threadIdx.x; mu < patterns; mu += 32)                                                  \
            sum += potential.value(h[mu] - kappa);                                                           \
        sum = warp_sum(sum);                                                                                 \
        if (threadIdx.x == 0) energy[c] = (double)sum;                                                       \
    }

SYNCHRONISE(synchronise_error, Error)
SYNCHRONISE(synchronise_hinge, Hinge)
SYNCHRONISE(synchronise_quadratic, Quadratic)
SYNCHRONISE(synchronise_table, Table)
