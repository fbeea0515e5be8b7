// CUDA kernel of the family `pairs`:  H = scale (-1/2 s.J s - h.s); twin of pairs.py.
//
// Every chain keeps its local fields f_i = sum_j J_ij s_j + h_i: a proposal costs O(1), dE_i = 2 s_i f_i, and
// only an accepted flip touches a row of J.  Launch: one block of 32 threads per chain.
#include "sweep.cuh"

/// Energies in units of scale, and the type in which fields are updated: 2 J may leave the range of a 32-bit
/// field even where the new field does not, and unsigned arithmetic is allowed to wrap.
template <typename T> struct Numbers;
template <> struct Numbers<short> {
    typedef i64 Energy;
    typedef int Wide;
};
template <> struct Numbers<int> {
    typedef i64 Energy;
    typedef u32 Wide;
};
template <> struct Numbers<double> {
    typedef double Energy;
    typedef double Wide;
};

template <typename T> struct PairChain {
    typedef typename Numbers<T>::Energy Energy;
    typedef typename Numbers<T>::Wide Wide;
    const Pack<T> *J;  // rows of this chain's sample
    signed char *s;
    Pack<T> *f;
    int packs;  // per row

    __device__ Energy difference(int i, Energy) const
    {
        return 2 * (Energy)s[i] * (Energy)reinterpret_cast<const T *>(f)[i];
    }

    __device__ void flip(int i)
    {
        const Wide step = (Wide)(2 * s[i]);
        const Pack<T> *row = J + (size_t)i * packs;
        __syncwarp();  // every lane has read s[i] and f[i]
        for (int k = threadIdx.x; k < packs; k += 32) {
            const Pack<T> couplings = row[k];
            Pack<T> fields = f[k];
#pragma unroll
            for (int e = 0; e < Pack<T>::size; ++e)
                fields.x[e] = (T)((Wide)fields.x[e] - step * (Wide)couplings.x[e]);
            f[k] = fields;
        }
        if (threadIdx.x == 0) s[i] = -s[i];
        __syncwarp();  // every lane sees the new fields
    }
};

// Shapes: J (D, N, width), s (C, N), fields (C, width), the rest (C,); width * sizeof(T) is a multiple of 16.
#define SWEEP_PAIRS(NAME, T)                                                                                 \
    extern "C" __global__ void __launch_bounds__(32)                                                         \
        NAME(const T *J, signed char *s, T *fields, Numbers<T>::Energy *energy, const i64 *sample,           \
             const u64 *keys, const u64 *lanes, const double *theta, i64 *accepted, u32 start,               \
             int sweeps, int n, int width, int heatbath, int random_order, int in_shared)                    \
    {                                                                                                        \
        DYNAMIC_SHARED(shared);                                                                              \
        const size_t c = blockIdx.x, packs = width / Pack<T>::size;                                          \
        Pack<T> *home = reinterpret_cast<Pack<T> *>(fields) + c * packs;                                     \
        const Pack<T> *couplings = reinterpret_cast<const Pack<T> *>(J) + sample[c] * n * packs;             \
        Pack<T> *f = borrow(home, shared, (int)packs, in_shared);                                            \
        PairChain<T> chain = {couplings, s + c * n, f, (int)packs};                                          \
        const Dynamics d = {keys[c], (u32)lanes[c], start, theta[c], sweeps, n, heatbath != 0,               \
                            random_order != 0};                                                              \
        run(chain, d, energy + c, accepted + c);                                                             \
        give_back(home, f, (int)packs);                                                                      \
    }

SWEEP_PAIRS(sweep_pairs_int16, short)
SWEEP_PAIRS(sweep_pairs_int32, int)
SWEEP_PAIRS(sweep_pairs_float64, double)
