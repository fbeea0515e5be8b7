// CUDA kernel of the family `fields` for the 0/1 error of +-1 patterns, V(M) = 1 for M <= threshold, else 0; twin of
// edges.py.
//
// A flip moves every field by 2, so only fields just above and just below the threshold can change sides.  Every chain
// keeps those edges as bits, in shared memory, and the patterns' signs are bits too: a proposal counts bits, and only
// an accepted flip touches the fields.  Launch: one block of 32 threads per chain.
#include "sweep.cuh"

struct EdgeChain {
    const u64 *bits;  // signs of this chain's sample, one row of words per site i
    const Pack<short, 8> *columns;  // xi_mu,i, one row of packs per site i
    signed char *s;
    Pack<short, 8> *M;
    u64 *above, *below;
    int words, threshold;

    __device__ i64 difference(int i, i64) const
    {
        const u64 *row = bits + (size_t)i * words, turned = s[i] > 0 ? 0 : ~0ull;
        int sum = 0;
        for (int w = threadIdx.x; w < words; w += 32) {
            const u64 down = row[w] ^ turned;  // the fields that the flip lowers
            sum += __popcll(above[w] & down) - __popcll(below[w] & ~down);
        }
        return warp_sum(sum);
    }

    /// M += step column, and the edges after it: M in (threshold, threshold + 2] and in (threshold - 2, threshold].
    __device__ void shift(int i, int step)
    {
        const Pack<short, 8> *column = columns + (size_t)i * 8 * words;
        unsigned char *up = reinterpret_cast<unsigned char *>(above), *low = reinterpret_cast<unsigned char *>(below);
        for (int k = threadIdx.x; k < 8 * words; k += 32) {
            const Pack<short, 8> xi = column[k];
            Pack<short, 8> fields = M[k];
            u32 near_above = 0, near_below = 0;
#pragma unroll
            for (int e = 0; e < 8; ++e) {
                fields.x[e] += step * xi.x[e];
                const int beyond = fields.x[e] - threshold - 1;  // 0 or 1 above, -1 or -2 below
                near_above |= (u32)((u32)beyond < 2) << e;
                near_below |= (u32)((u32)~beyond < 2) << e;
            }
            M[k] = fields;
            up[k] = (unsigned char)near_above;
            low[k] = (unsigned char)near_below;
        }
    }

    __device__ void flip(int i)
    {
        const int step = -2 * s[i];
        __syncwarp();  // every lane has read s[i] and the edges
        shift(i, step);
        if (threadIdx.x == 0) s[i] = -s[i];
        __syncwarp();  // every lane sees the new spin and the new edges
    }
};

// Shapes: columns (D, N, 64 words) padded with zeros, bits (D, N, words), s (C, N), fields (C, 64 words), the rest
// (C,).
extern "C" __global__ void __launch_bounds__(32)
    sweep_edges(const short *columns, const u64 *bits, signed char *s, short *fields, i64 *energy, const i64 *sample,
                const u64 *keys, const u64 *lanes, const double *theta, i64 *accepted, u32 start, int sweeps, int n,
                int words, int heatbath, int random_order, int threshold)
{
    DYNAMIC_SHARED(shared);
    const size_t c = blockIdx.x, packs = (size_t)8 * words;
    u64 *above = reinterpret_cast<u64 *>(shared);
    const Pack<short, 8> *xi = reinterpret_cast<const Pack<short, 8> *>(columns) + sample[c] * n * packs;
    Pack<short, 8> *M = reinterpret_cast<Pack<short, 8> *>(fields) + c * packs;
    EdgeChain chain = {bits + sample[c] * n * words, xi, s + c * n, M, above, above + words, words, threshold};
    chain.shift(0, 0);  // marks the fields as they are
    __syncwarp();
    const Dynamics d = {keys[c], (u32)lanes[c], start, theta[c], sweeps, n, heatbath != 0, random_order != 0};
    run(chain, d, energy + c, accepted + c);
}
