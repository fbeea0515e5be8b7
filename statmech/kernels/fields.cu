// CUDA kernels of the family `fields`:  H = scale sum_mu V(xi_mu . s) with integer V and integer fields; twin of
// fields.py.
//
// Every chain keeps its P fields M_mu = sum_i xi_mu,i s_i and its energy.  A proposal costs P operations spread
// over the lanes; a potential is a struct with what one pattern adds to a sum, and what the sum over patterns
// says about the change of the energy.  Launch: one block of 32 threads per chain.
#include "sweep.cuh"

/// fields.Form: the potential's numbers.  `patterns` are the fields that are not padding.
struct Form {
    const int *table;
    int patterns, threshold, low, shift;
};

/// V(M) = -(M^2 - N)/2 for patterns of +-1:  dE_i = 2 (s_i sum_mu xi_mu,i M_mu - P).  P N < 2^31: 32 bits do.
struct Quadratic : Form {
    typedef int Sum;
    __device__ __forceinline__ Sum term(int, int xi, int M, int) const { return xi * M; }
    __device__ __forceinline__ i64 change(Sum sum, int s, i64) const { return 2 * ((i64)s * sum - patterns); }
};

/// V(M) = 1 for M <= threshold, else 0.  The fields of the padding lie above every threshold.
struct Step : Form {
    typedef int Sum;
    __device__ __forceinline__ Sum term(int, int xi, int M, int step) const
    {
        return M + step * xi <= threshold;
    }
    __device__ __forceinline__ i64 change(Sum sum, int, i64 energy) const { return sum - energy; }
};

/// V(M) by table, linear between the knots low, low + 2^shift, ...; what is right of the point is cut off by an
/// arithmetic shift, that is towards minus infinity, as on the CPU.
struct Lookup : Form {
    typedef i64 Sum;
    __device__ __forceinline__ Sum term(int mu, int xi, int M, int step) const
    {
        if (mu >= patterns) return 0;
        const u32 at = (u32)(M + step * xi) - (u32)low;  // >= 0, and perhaps beyond a signed number
        const int *knot = table + (at >> shift);
        const i64 left = knot[0];
        if (shift == 0) return left;  // the last knot has no right neighbour
        const i64 rest = at & ((1u << shift) - 1);
        return left + ((knot[1] - left) * rest >> shift);
    }
    __device__ __forceinline__ i64 change(Sum sum, int, i64 energy) const { return sum - energy; }
};

/// A lane works on eight patterns at a time.
template <typename V, typename T> struct FieldChain {
    const Pack<short, 8> *columns;  // xi_mu,i of this chain's sample, one row per site i
    signed char *s;
    Pack<T, 8> *M;
    int packs;  // per row
    V potential;

    __device__ int step(int i) const { return -2 * s[i]; }

    __device__ i64 difference(int i, i64 energy) const
    {
        const int change = step(i);
        const Pack<short, 8> *column = columns + (size_t)i * packs;
        typename V::Sum sum = 0;
        for (int k = threadIdx.x; k < packs; k += 32) {
            const Pack<short, 8> xi = column[k];
            const Pack<T, 8> fields = M[k];
#pragma unroll
            for (int e = 0; e < 8; ++e)
                sum += potential.term(8 * k + e, xi.x[e], fields.x[e], change);
        }
        return potential.change(warp_sum(sum), s[i], energy);
    }

    __device__ void flip(int i)
    {
        const int change = step(i);
        const Pack<short, 8> *column = columns + (size_t)i * packs;
        __syncwarp();  // every lane has read s[i]
        for (int k = threadIdx.x; k < packs; k += 32) {
            const Pack<short, 8> xi = column[k];
            Pack<T, 8> fields = M[k];
#pragma unroll
            for (int e = 0; e < 8; ++e)
                fields.x[e] += change * xi.x[e];
            M[k] = fields;
        }
        if (threadIdx.x == 0) s[i] = -s[i];
        __syncwarp();  // every lane sees the new spin; the fields are read by the lane that wrote them
    }
};

// Shapes: columns (D, N, width) padded with zeros from P, s (C, N), fields (C, width), table (L,), the rest (C,).
#define SWEEP_FIELDS(NAME, V, T)                                                                             \
    extern "C" __global__ void __launch_bounds__(32)                                                         \
        NAME(const short *columns, const int *table, signed char *s, T *fields, i64 *energy,                 \
             const i64 *sample, const u64 *keys, const u64 *lanes, const double *theta, i64 *accepted,       \
             u32 start, int sweeps, int n, int width, int heatbath, int random_order, int in_shared,         \
             int patterns, int threshold, int low, int shift)                                                \
    {                                                                                                        \
        DYNAMIC_SHARED(shared);                                                                              \
        const size_t c = blockIdx.x, packs = width / 8;                                                      \
        Pack<T, 8> *home = reinterpret_cast<Pack<T, 8> *>(fields) + c * packs;                               \
        const Pack<short, 8> *xi = reinterpret_cast<const Pack<short, 8> *>(columns) + sample[c] * n * packs;\
        Pack<T, 8> *M = borrow(home, shared, (int)packs, in_shared);                                         \
        FieldChain<V, T> chain = {xi, s + c * n, M, (int)packs, V{{table, patterns, threshold, low, shift}}};\
        const Dynamics d = {keys[c], (u32)lanes[c], start, theta[c], sweeps, n, heatbath != 0,               \
                            random_order != 0};                                                              \
        run(chain, d, energy + c, accepted + c);                                                             \
        give_back(home, M, (int)packs);                                                                      \
    }

SWEEP_FIELDS(sweep_fields_quadratic_int16, Quadratic, short)
SWEEP_FIELDS(sweep_fields_quadratic_int32, Quadratic, int)
SWEEP_FIELDS(sweep_fields_step_int16, Step, short)
SWEEP_FIELDS(sweep_fields_step_int32, Step, int)
SWEEP_FIELDS(sweep_fields_lookup_int16, Lookup, short)
SWEEP_FIELDS(sweep_fields_lookup_int32, Lookup, int)
