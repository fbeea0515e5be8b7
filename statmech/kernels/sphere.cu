// CUDA kernels of the family `sphere`:  E = sum_mu V(h_mu - kappa), h = xi w / sqrt(N), |w|^2 = N; twin of
// sphere.py, where the moves are explained.
//
// Launch: one block of 32 threads per chain.  The lanes share the examples, a lane always the same ones:
// mu = lane, lane + 32, ...  All lanes come to the same decision from sums that are the same on all of them.
#include "sphere.cuh"

constexpr int TRIES = 126;  // sphere.TRIES: 32 blocks of four words to a plane, one block to a lane

/// An example on the circle of a plane:  h_mu(theta) - kappa = c + a cos theta + b sin theta.
struct Circle {
    double a, b, c;
    __device__ double at(Turn t) const { return c + a * t.cos + b * t.sin; }
};

struct Plane {
    const double *xi, *xj, *h;
    double wi, wj, kappa;
    int patterns;

    __device__ Circle circle(int mu) const
    {
        const double a = xi[mu] * wi + xj[mu] * wj;
        return {a, xj[mu] * wi - xi[mu] * wj, h[mu] - a - kappa};
    }
    /// Can the example reach its wall somewhere on the circle?
    __device__ bool is_near(int mu, const Circle &u) const
    {
        const double reach = (wi * wi + wj * wj) * (1 + 1e-9);
        return u.c * u.c <= reach * (xi[mu] * xi[mu] + xj[mu] * xj[mu]);
    }
};

// A potential says what an example costs, value(u), and sees a plane through three functions: lay_out, once;
// cost(theta), the examples that must be looked at for every angle; far(theta), E(theta) - E(0) of the others.
// packs: only those near their wall are looked at, and are kept.
struct Form {
    const double *table;
    double low, inverse;
    Circle *near;  // of this lane: near[0], near[32], ...
    int count;
};

/// Sum of V over the lanes' examples near their walls.
template <typename V> __device__ typename V::Sum near_cost(const V &potential, Turn t)
{
    typename V::Sum sum = 0;
    for (int k = 0; k < potential.count; ++k)
        sum += potential.value(potential.near[32 * k].at(t));
    return warp_sum(sum);
}

/// V(u) = 1 for u <= 0, else 0.
struct Error : Form {
    typedef int Sum;
    static constexpr bool packs = true;
    __device__ Sum value(double u) const { return u <= 0.0; }
    __device__ void lay_out(const Plane &plane)
    {
        count = 0;
        for (int mu = threadIdx.x; mu < plane.patterns; mu += 32) {
            const Circle u = plane.circle(mu);
            if (plane.is_near(mu, u)) near[32 * count++] = u;
        }
    }
    __device__ Sum cost(const Plane &, Turn t) const { return near_cost(*this, t); }
    __device__ double far(Turn) const { return 0.0; }
};

/// V(u) = max(0, -u).  Examples that cost -u all around the circle are one sum.
struct Hinge : Form {
    typedef double Sum;
    static constexpr bool packs = true;
    double a, b;
    __device__ Sum value(double u) const { return u < 0.0 ? -u : 0.0; }
    __device__ void lay_out(const Plane &plane)
    {
        count = 0;
        double first = 0.0, second = 0.0;
        for (int mu = threadIdx.x; mu < plane.patterns; mu += 32) {
            const Circle u = plane.circle(mu);
            if (plane.is_near(mu, u))
                near[32 * count++] = u;
            else if (plane.h[mu] < plane.kappa) {
                first -= u.a;
                second -= u.b;
            }
        }
        a = warp_sum(first);
        b = warp_sum(second);
    }
    __device__ Sum cost(const Plane &, Turn t) const { return near_cost(*this, t); }
    __device__ double far(Turn t) const { return a * (t.cos - 1.0) + t.sin * b; }
};

/// V(u) = u^2/2: five sums are the whole function of the angle.
struct Quadratic : Form {
    typedef double Sum;
    static constexpr bool packs = false;
    double ca, cb, half, ab;
    __device__ Sum value(double u) const { return 0.5 * u * u; }
    __device__ void lay_out(const Plane &plane)
    {
        double sum[5] = {0.0, 0.0, 0.0, 0.0, 0.0};
        for (int mu = threadIdx.x; mu < plane.patterns; mu += 32) {
            const Circle u = plane.circle(mu);
            sum[0] += u.c * u.a;
            sum[1] += u.c * u.b;
            sum[2] += u.a * u.a;
            sum[3] += u.b * u.b;
            sum[4] += u.a * u.b;
        }
        ca = warp_sum(sum[0]);
        cb = warp_sum(sum[1]);
        const double aa = warp_sum(sum[2]), bb = warp_sum(sum[3]);
        half = 0.5 * (bb - aa);
        ab = warp_sum(sum[4]);
    }
    __device__ Sum cost(const Plane &, Turn) const { return 0.0; }
    __device__ double far(Turn t) const { return ca * (t.cos - 1.0) + t.sin * (cb + half * t.sin + ab * t.cos); }
};

/// V(u) by cubics on a grid (sphere_potential.KernelPotential).
struct Table : Form {
    typedef double Sum;
    static constexpr bool packs = false;
    __device__ Sum value(double u) const
    {
        const double x = (u - low) * inverse;
        const i64 knot = (i64)x;
        const double t = x - (double)knot, *p = table + 4 * knot;
        return p[0] + t * (p[1] + t * (p[2] + t * p[3]));
    }
    __device__ void lay_out(const Plane &) {}
    __device__ Sum cost(const Plane &plane, Turn t) const
    {
        double sum = 0.0;
        for (int mu = threadIdx.x; mu < plane.patterns; mu += 32)
            sum += value(plane.circle(mu).at(t));
        return warp_sum(sum);
    }
    __device__ double far(Turn) const { return 0.0; }
};

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
        potential.near = rows.empty<Circle>(V::packs ? (patterns + 31) / 32 * 32 : 0) + threadIdx.x;                        \
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
