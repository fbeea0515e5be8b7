// CUDA kernel of the family `fields` with quadratic potential:  H = -(scale/2) sum_mu [(xi_mu . s)^2 - N];
// twin of fields.py.
//
// Every chain keeps its P overlaps M_mu = sum_i xi_mu,i s_i.  A proposal costs P operations spread over the
// lanes, dE_i = 2 (s_i sum_mu xi_mu,i M_mu - P).  Launch: one block of 32 threads per chain.
#include "sweep.cuh"

/// A lane works on eight patterns at a time.  P N < 2^31 keeps every sum in 32 bits.
template <typename T> struct FieldChain {
    const Pack<short, 8> *columns;  // xi_mu,i of this chain's sample, one row per site i
    signed char *s;
    Pack<T, 8> *M;
    int packs, patterns;  // packs per row; patterns that are not padding

    __device__ i64 difference(int i) const
    {
        const Pack<short, 8> *column = columns + (size_t)i * packs;
        int dot = 0;
        for (int k = threadIdx.x; k < packs; k += 32) {
            const Pack<short, 8> xi = column[k];
            const Pack<T, 8> overlaps = M[k];
#pragma unroll
            for (int e = 0; e < 8; ++e)
                dot += xi.x[e] * overlaps.x[e];
        }
        return 2 * ((i64)s[i] * warp_sum(dot) - patterns);
    }

    __device__ void flip(int i)
    {
        const int step = -2 * s[i];
        const Pack<short, 8> *column = columns + (size_t)i * packs;
        __syncwarp();  // every lane has read s[i]
        for (int k = threadIdx.x; k < packs; k += 32) {
            const Pack<short, 8> xi = column[k];
            Pack<T, 8> overlaps = M[k];
#pragma unroll
            for (int e = 0; e < 8; ++e)
                overlaps.x[e] += step * xi.x[e];
            M[k] = overlaps;
        }
        if (threadIdx.x == 0) s[i] = -s[i];
        __syncwarp();  // every lane sees the new spin; the overlaps are read by the lane that wrote them
    }
};

// Shapes: columns (D, N, width) padded with zeros from P, s (C, N), overlaps (C, width), the rest (C,).
#define SWEEP_FIELDS(NAME, T)                                                                                \
    extern "C" __global__ void __launch_bounds__(32)                                                         \
        NAME(const short *columns, signed char *s, T *overlaps, i64 *energy, const i64 *sample,              \
             const u64 *keys, const u64 *lanes, const double *theta, i64 *accepted, u32 start,               \
             int sweeps, int n, int width, int heatbath, int random_order, int in_shared, int patterns)      \
    {                                                                                                        \
        DYNAMIC_SHARED(shared);                                                                              \
        const size_t c = blockIdx.x, packs = width / 8;                                                      \
        Pack<T, 8> *home = reinterpret_cast<Pack<T, 8> *>(overlaps) + c * packs;                             \
        const Pack<short, 8> *xi = reinterpret_cast<const Pack<short, 8> *>(columns) + sample[c] * n * packs;\
        Pack<T, 8> *M = borrow(home, shared, (int)packs, in_shared);                                         \
        FieldChain<T> chain = {xi, s + c * n, M, (int)packs, patterns};                                      \
        const Dynamics d = {keys[c], (u32)lanes[c], start, theta[c], sweeps, n, heatbath != 0,               \
                            random_order != 0};                                                              \
        run(chain, d, energy + c, accepted + c);                                                             \
        give_back(home, M, (int)packs);                                                                      \
    }

SWEEP_FIELDS(sweep_fields_int16, short)
SWEEP_FIELDS(sweep_fields_int32, int)
