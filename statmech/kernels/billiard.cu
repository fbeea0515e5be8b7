// CUDA kernel of flights among walls: twin of billiard.py, where the dynamics is explained.
//
// Launch: one block of 32 threads per chain.  A lane owns the weights and the examples lane, lane + 32, ...;
// what decides about an event is the same on all lanes.
#include "sphere.cuh"

constexpr double PARALLEL = 1 - 1e-12, NEAR = 1e-12, STEP = 2.220446049250313e-16;  // billiard.py

struct Chain {
    const double *rows, *gram;  // of its sample: xi / sqrt(N), one row per example, and their products
    double *w, *v, *h, *g;
    double kappa, beta;
    int n, patterns;
    bool shared;  // some examples have one wall
};

struct Wall {
    double key;  // the larger, the sooner
    int mu;      // -1: none
};

/// v standard normal in the directions along the sphere at w.
__device__ inline void draw_velocity(const Chain &chain, u64 key, u32 lane, u32 sweep)
{
    double along = 0.0;
    for (int first = 0; first < chain.n; first += 128) {
        const Words words = philox4x32(first / 4 + threadIdx.x, lane, sweep, SITES, key);
        const Turn pair[2] = {normal_pair(words.w[0], words.w[1]), normal_pair(words.w[2], words.w[3])};
#pragma unroll
        for (int p = 0; p < 4; ++p) {
            const int i = first + 4 * threadIdx.x + p;
            if (i < chain.n) {
                const double z = p % 2 ? pair[p / 2].sin : pair[p / 2].cos;
                chain.v[i] = z;
                along += z * chain.w[i];
            }
        }
    }
    along = warp_sum(along) / chain.n;
    __syncwarp();  // a lane did not draw the components that it owns
    for (int i = threadIdx.x; i < chain.n; i += 32)
        chain.v[i] -= along * chain.w[i];
    __syncwarp();  // v is about to be multiplied by the examples
}

/// kappa = 0: cot phi of the next crossing of h cos phi + g/omega sin phi = 0, times omega.
__device__ __forceinline__ double key_at_zero(double h, double g) { return -g / h; }

/// cot(phi/2) of the next crossing of h cos phi + g/omega sin phi = kappa; 0 for none.
__device__ __forceinline__ double key_at(double h, double g, double kappa, double omega)
{
    const double slope = g / omega, u = h - kappa;
    const double reach = slope * slope + u * (h + kappa);
    const double q = fabs(slope) + sqrt(reach > 0.0 ? reach : 0.0);
    const bool towards = (u > 0.0) == (slope < 0.0);
    const double top = towards ? q : (slope > 0.0 ? 1.0 : -1.0) * (h + kappa);
    const double found = top / (towards ? fabs(u) : q);
    return reach > 0.0 && found > 0.0 ? found : 0.0;
}

/// The first wall ahead and the angle to it, or mu = -1 and pi/2 if there is none within that angle.
__device__ inline int next_wall(const Chain &chain, double omega, double &phi)
{
    Wall first = {0.0, -1};  // a key of a wall within pi/2 is positive
    for (int mu = threadIdx.x; mu < chain.patterns; mu += 32) {
        const double h = chain.h[mu], g = chain.g[mu];
        const double key = chain.kappa == 0.0 ? key_at_zero(h, g) : key_at(h, g, chain.kappa, omega);
        if (key > first.key) first = {key, mu};
    }
#pragma unroll
    for (int step = 16; step; step /= 2) {
        const Wall other = {__shfl_xor_sync(WARP, first.key, step), __shfl_xor_sync(WARP, first.mu, step)};
        if (other.key > first.key || (other.key == first.key && other.mu < first.mu)) first = other;
    }
    phi = RIGHT_ANGLE;
    if (first.mu < 0) return -1;
    const double angle = chain.kappa == 0.0 ? arc(omega, first.key) : 2.0 * arc(1.0, first.key);
    if (!(angle < RIGHT_ANGLE)) return -1;
    phi = angle;
    return first.mu;
}

/// Along the great circle by an angle: w and v, their fields h and g.
__device__ inline void fly(const Chain &chain, double phi, double omega)
{
    const Turn t = turn_by(phi);
    const double forth = t.sin / omega, back = omega * t.sin;
    for (int i = threadIdx.x; i < chain.n; i += 32) {
        const double w = chain.w[i], v = chain.v[i];
        chain.w[i] = w * t.cos + v * forth;
        chain.v[i] = v * t.cos - w * back;
    }
    for (int mu = threadIdx.x; mu < chain.patterns; mu += 32) {
        const double h = chain.h[mu], g = chain.g[mu];
        chain.h[mu] = h * t.cos + g * forth;
        chain.g[mu] = g * t.cos - h * back;
    }
    __syncwarp();  // the field of the wall is read by all lanes
}

/// Is the wall of nu the wall of mu, and is it hit now?
__device__ inline bool same_wall(const Chain &chain, int mu, int nu)
{
    const double *gram = chain.gram;
    const size_t P = chain.patterns;
    const double product = gram[mu * P + nu];
    return nu != mu && product * product >= PARALLEL * gram[mu * P + mu] * gram[nu * P + nu] &&
           (chain.kappa == 0.0 || fabs(chain.h[nu] - chain.kappa) < NEAR);
}

/// On the wall, on the side that g leads to.
__device__ inline void settle(const Chain &chain, int mu)
{
    const double g = chain.g[mu], kappa = chain.kappa;
    chain.h[mu] = kappa == 0.0 ? copysign(0.0, g) : kappa * (1.0 + copysign(STEP, kappa * g));
}

/// At the wall of mu: reflection or refraction.  Returns the change of |v|^2.
__device__ inline double bounce(const Chain &chain, int mu, bool &crossed)
{
    const double bend = chain.kappa / chain.n;
    const double *of = chain.gram + (size_t)mu * chain.patterns, *row = chain.rows + (size_t)mu * chain.n;
    const double normal = of[mu] - chain.kappa * chain.kappa / chain.n;
    const double speed = chain.g[mu] / sqrt(normal);
    int jump = speed < 0.0 ? 1 : -1;
    if (chain.shared) {  // crossed for all of the examples or for none
        int others = 0;
        for (int nu = threadIdx.x; nu < chain.patterns; nu += 32)
            if (same_wall(chain, mu, nu)) others += chain.g[nu] < 0.0 ? 1 : -1;
        jump += warp_sum(others);
    }
    const double square = speed * speed - 2.0 * chain.beta * jump;
    crossed = square > 0.0;
    const double after = crossed ? copysign(sqrt(square), speed) : -speed;
    const double kick = (after - speed) / sqrt(normal);
    __syncwarp();  // every lane has read g[mu]
    if (kick != 0.0) {
        for (int i = threadIdx.x; i < chain.n; i += 32)
            chain.v[i] += kick * (row[i] - bend * chain.w[i]);
        for (int nu = threadIdx.x; nu < chain.patterns; nu += 32)
            chain.g[nu] += kick * (of[nu] - bend * chain.h[nu]);
    }
    if (chain.shared)
        for (int nu = threadIdx.x; nu < chain.patterns; nu += 32)
            if (same_wall(chain, mu, nu)) settle(chain, nu);
    if (threadIdx.x == mu % 32) settle(chain, mu);
    return after * after - speed * speed;
}

/// Fly for `time` among the walls; returns how many were hit, and adds to `crossings` those that were crossed.
__device__ inline i64 flight(const Chain &chain, double time, i64 &crossings)
{
    double square = 0.0, left = time;
    for (int i = threadIdx.x; i < chain.n; i += 32)
        square += chain.v[i] * chain.v[i];
    square = warp_sum(square);
    for (i64 events = 0;;) {
        const double omega = sqrt(square / chain.n);
        double phi;
        const int mu = next_wall(chain, omega, phi);
        const bool last = !(phi < omega * left);  // and where something is not a number
        if (last) phi = omega * left;
        fly(chain, phi, omega);
        if (last) return events;
        left -= phi / omega;
        if (mu >= 0) {
            bool crossed;
            square += bounce(chain, mu, crossed);
            crossings += crossed;
            ++events;
        }
    }
}

/// Flights start .. start+sweeps-1 of every chain, each of time[c] with a new velocity.
///
/// Shapes: x (D, N, width) and rows (D, P, N) both hold xi / sqrt(N), gram (D, P, P) = rows rows^T,
/// one_wall (D,), w (C, N), fields (C, width), workspace (C, stride) bytes, the rest (C,).  accepted counts the
/// flights in which a wall was crossed, hits the walls that were hit.
extern "C" __global__ void __launch_bounds__(32)
    sweep_flights(const double *x, const double *rows, const double *gram, const bool *one_wall, double *w,
                  double *fields, double *energy, const i64 *sample, const u64 *keys, const u64 *lanes,
                  const double *T, const double *time, i64 *accepted, i64 *hits, unsigned char *workspace,
                  u32 start, int sweeps, int n, int width, int patterns, int shared_bytes, int stride,
                  double kappa)
{
    DYNAMIC_SHARED(shared);
    const size_t c = blockIdx.x, d = sample[c];
    Rows memory = {shared, shared_bytes, workspace + c * stride};
    double *v = memory.empty<double>(n), *g = memory.empty<double>(patterns);
    double *point = memory.borrow(w + c * n, n), *h = memory.borrow(fields + c * width, width);
    const Chain chain = {rows + d * patterns * n, gram + d * patterns * patterns, point, v, h, g,
                         kappa, 1.0 / T[c], n, patterns, one_wall[d]};
    int errors = 0;
    i64 moved = 0, events = 0;
    for (int t = 0; t < sweeps; ++t) {
        draw_velocity(chain, keys[c], (u32)lanes[c], start + t);
        project(x + d * n * width, width, n, v, g, patterns);
        __syncwarp();  // every lane has read v
        i64 crossings = 0;
        events += flight(chain, time[c], crossings);
        moved += crossings > 0;
    }
    for (int mu = threadIdx.x; mu < patterns; mu += 32)
        errors += h[mu] <= kappa;
    errors = warp_sum(errors);
    if (threadIdx.x == 0) {
        if (sweeps > 0) energy[c] = errors;
        accepted[c] += moved;
        hits[c] += events;
    }
    give_back_row(w + c * n, point, n);
    give_back_row(fields + c * width, h, width);
}
