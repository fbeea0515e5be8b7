// CUDA kernel of the family `tensor`:  H = -scale sum_p sum_{i1<..<ip} J_{i1..ip} s_i1 .. s_ip; twin of tensor.py.
//
// Every chain keeps its local fields f and the products z of its spins: a proposal costs O(1), dE_i = 2 s_i f_i, and an
// accepted flip the product of the matrix J_i with z.  J_i lies in panels of 32 spins j and in pairs of entries of z
// (tensor_layout.py): a lane sums the field of its own j.  Launch: one block of 32 threads per chain.
#include "sweep.cuh"

template <typename T> struct Two {
    T x, y;
};

template <typename T> struct TensorChain {
    const Two<T> *J;  // of this chain's sample
    const int *starts, *index;  // the entries of z that contain spin i
    signed char *s;
    short *z;
    int *f;
    int tiles, pairs;

    __device__ i64 difference(int i, i64) const { return 2 * (i64)s[i] * f[i]; }

    __device__ void flip(int i)
    {
        const u32 step = (u32)(2 * s[i]);
        const Two<T> *panel = J + (size_t)i * tiles * pairs * 32 + threadIdx.x;
        const Two<short> *products = reinterpret_cast<const Two<short> *>(z);
        __syncwarp();  // every lane has read s[i] and f[i]
        for (int tile = 0; tile < tiles; ++tile) {
            u32 sum = 0;  // wraps, and so does the field: it ends where it fits
            for (int k = 0; k < pairs; ++k, panel += 32)
                sum += (u32)panel->x * (u32)products[k].x + (u32)panel->y * (u32)products[k].y;
            f[32 * tile + threadIdx.x] -= step * sum;
        }
        __syncwarp();  // every lane has read z
        for (int k = starts[i] + (int)threadIdx.x; k < starts[i + 1]; k += 32)
            z[index[k]] = -z[index[k]];
        if (threadIdx.x == 0) s[i] = -s[i];
        __syncwarp();  // every lane sees the new spin, its products and the fields
    }
};

// Shapes: J (D, N, tiles, pairs, 64), z (C, 2 pairs), starts (N + 1,), s (C, N), fields (C, width = 32 tiles), the rest
// (C,).
#define SWEEP_TENSOR(NAME, T)                                                                                \
    extern "C" __global__ void __launch_bounds__(32)                                                         \
        NAME(const T *J, short *z, const int *starts, const int *index, signed char *s, int *fields,         \
             i64 *energy, const i64 *sample, const u64 *keys, const u64 *lanes, const double *theta,         \
             i64 *accepted, u32 start, int sweeps, int n, int width, int heatbath, int random_order,         \
             int in_shared, int pairs)                                                                       \
    {                                                                                                        \
        DYNAMIC_SHARED(shared);                                                                              \
        const size_t c = blockIdx.x;                                                                         \
        const int tiles = width / 32;                                                                        \
        int *home = fields + c * width, *f = borrow(home, shared, width, in_shared != 0);                    \
        const Two<T> *couplings = reinterpret_cast<const Two<T> *>(J) + (size_t)sample[c] * n * width * pairs; \
        TensorChain<T> chain = {couplings, starts, index, s + c * n, z + c * 2 * pairs, f, tiles, pairs};    \
        const Dynamics d = {keys[c], (u32)lanes[c], start, theta[c], sweeps, n, heatbath != 0,               \
                            random_order != 0};                                                              \
        run(chain, d, energy + c, accepted + c);                                                             \
        give_back(home, f, width);                                                                           \
    }

SWEEP_TENSOR(sweep_tensor_int16_int32, short)
SWEEP_TENSOR(sweep_tensor_int32_int32, int)
