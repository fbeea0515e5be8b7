// CUDA kernel of the family `diluted`:  H = -scale sum_t J_t prod_{i in t} s_i over a list of terms; twin of diluted.py.
//
// Every chain keeps the aligned fields a_i = sum_{t containing i} J_t prod_{j in t} s_j, so dE_i = 2 a_i.  A flip turns
// the sign of the terms of spin i, one per lane; sums of integers do not depend on their order.  Launch: one block of 32
// threads per chain.
#include "sweep.cuh"

struct DilutedChain {
    const int *starts, *terms;  // spin i is in terms[starts[i]], .., terms[starts[i + 1] - 1]
    const int *ends, *members, *J;  // term t has members[ends[t]], .., members[ends[t + 1] - 1]
    signed char *s;
    int *a;

    __device__ i64 difference(int i, i64) const { return 2 * (i64)a[i]; }

    __device__ void flip(int i)
    {
        __syncwarp();  // every lane has read a[i]
        for (int k = starts[i] + (int)threadIdx.x; k < starts[i + 1]; k += 32) {
            const int t = terms[k];
            u32 less = (u32)J[t] * (u32)-2;  // may wrap, as may the field on its way
            for (int m = ends[t]; m < ends[t + 1]; ++m)
                less *= (u32)s[members[m]];
            for (int m = ends[t]; m < ends[t + 1]; ++m)
                atomicAdd(reinterpret_cast<u32 *>(a) + members[m], less);
        }
        __syncwarp();  // every lane has read the spins
        if (threadIdx.x == 0) s[i] = -s[i];
        __syncwarp();  // every lane sees the new spin and the fields
    }
};

// Shapes: starts (D, N + 1), terms and members (D, slots), ends (count + 1,), J (D, count), s (C, N), fields (C, width),
// the rest (C,).
extern "C" __global__ void __launch_bounds__(32)
    sweep_diluted_int32(const int *starts, const int *terms, const int *ends, const int *members, const int *J,
                        signed char *s, int *fields, i64 *energy, const i64 *sample, const u64 *keys,
                        const u64 *lanes, const double *theta, i64 *accepted, u32 start, int sweeps, int n,
                        int width, int heatbath, int random_order, int in_shared, int slots, int count)
{
    DYNAMIC_SHARED(shared);
    const size_t c = blockIdx.x, d = sample[c];
    int *home = fields + c * width, *a = borrow(home, shared, width, in_shared != 0);
    DilutedChain chain = {starts + d * (n + 1), terms + d * slots, ends, members + d * slots, J + d * count,
                          s + c * n, a};
    const Dynamics dynamics = {keys[c], (u32)lanes[c], start, theta[c], sweeps, n, heatbath != 0, random_order != 0};
    run(chain, dynamics, energy + c, accepted + c);
    give_back(home, a, width);
}
