// What the single-spin kernels of every family share: the CUDA twin of common.py and of the loop over sweeps.
//
// One warp runs one chain.  Proposals are made one after the other, exactly as on the CPU; every lane
// computes the same decision from the same cached field, and the O(N) work of an accepted flip is spread over
// the lanes.  The random numbers of 128 proposals are drawn at once, four per lane, and handed out by
// shuffles.
//
// A family is a struct with  Energy difference(int i, Energy E) const  (the change of E = H/scale if spin i
// flips, equal on all lanes) and  void flip(int i)  (called by all lanes).
#pragma once
#include "common.cuh"

/// What decides a chain's trajectory besides its couplings.  theta = T / scale.
struct Dynamics {
    u64 key;
    u32 lane, start;
    double theta;
    int sweeps, n;
    bool heatbath, random_order;
};

/// Sum over the lanes, the same on all of them; an integer, so in any order.
template <typename Integer> __device__ __forceinline__ Integer warp_sum(Integer value)
{
#pragma unroll
    for (int step = 16; step; step /= 2)
        value += __shfl_xor_sync(WARP, value, step);
    return value;
}

/// Sweeps start .. start+sweeps-1 of one chain; adds to its energy and to its count of accepted flips.
template <typename Chain, typename Energy>
__device__ void run(Chain &chain, const Dynamics &d, Energy *energy, i64 *accepted)
{
    Energy H = *energy;
    i64 count = 0;
    for (int t = 0; t < d.sweeps; ++t) {
        Energy total = 0;
        int flips = 0;
        for (int first = 0; first < d.n; first += 128) {
            const u32 block = first / 4 + threadIdx.x, sweep = d.start + t;
            double xi[4] = {0.0, 0.0, 0.0, 0.0};
            int site[4] = {0, 0, 0, 0};
            if (d.theta > 0.0) {
                const Words words = philox4x32(block, d.lane, sweep, ACCEPT, d.key);
#pragma unroll
                for (int p = 0; p < 4; ++p)
                    xi[p] = d.heatbath ? logistic(words.w[p]) : exponential(words.w[p]);
            }
            if (d.random_order) {
                const Words words = philox4x32(block, d.lane, sweep, SITES, d.key);
#pragma unroll
                for (int p = 0; p < 4; ++p)
                    site[p] = (int)((words.w[p] * (u64)d.n) >> 32);
            }
            const int proposals = d.n - first < 128 ? d.n - first : 128;
            for (int lane = 0; 4 * lane < proposals; ++lane) {
#pragma unroll
                for (int p = 0; p < 4; ++p) {
                    if (4 * lane + p >= proposals) break;
                    const double threshold = d.theta * __shfl_sync(WARP, xi[p], lane);
                    const int i = d.random_order ? __shfl_sync(WARP, site[p], lane) : first + 4 * lane + p;
                    const Energy dE = chain.difference(i, H + total);
                    if ((double)dE < threshold) {
                        chain.flip(i);
                        total += dE;
                        ++flips;
                    }
                }
            }
        }
        H += total;
        count += flips;
        if (d.theta == 0.0 && flips == 0 && !d.random_order) break;  // a one-flip minimum: nothing more to do
    }
    if (threadIdx.x == 0) {
        *energy = H;
        *accepted += count;
    }
}

/// A row of cached fields: in shared memory during the launch when it fits, else where it is.
template <typename Row> __device__ Row *borrow(Row *home, unsigned char *shared, int packs, bool in_shared)
{
    if (!in_shared) return home;
    Row *row = reinterpret_cast<Row *>(shared);
    for (int k = threadIdx.x; k < packs; k += 32)
        row[k] = home[k];
    __syncwarp();
    return row;
}

template <typename Row> __device__ void give_back(Row *home, const Row *row, int packs)
{
    __syncwarp();
    if (row != home)
        for (int k = threadIdx.x; k < packs; k += 32)
            home[k] = row[k];
}
