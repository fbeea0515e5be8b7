// CUDA kernel of the exchange of temperatures: twin of Tempering.exchange and exchange.py.
//
// Walkers stay in their place and temperatures move.  One block does one ladder, a sample d and a replica k; its
// threads share the walkers and the pairs of rungs.
#include "common.cuh"

// Shapes: energy, rung, visited, accepted, flips, from_cold, from_hot, theta (D, R, K); attempts, swaps (D, R - 1, K);
// trips (D, K); offset, keys (D,); beta, rung_theta (R,).  Launch: D K blocks, 4 R bytes of shared memory.
extern "C" __global__ void exchange_rungs(const i64 *energy, const double *offset, const double *beta,
                                          const double *rung_theta, const u64 *keys, int *rung, signed char *visited,
                                          i64 *flips, i64 *attempts, i64 *swaps, i64 *trips, i64 *from_cold,
                                          i64 *from_hot, i64 *accepted, double *theta, double scale, u32 turn, int R,
                                          int K, int exchange)
{
    DYNAMIC_SHARED(shared);
    int *walker = reinterpret_cast<int *>(shared);  // at every rung
    const size_t d = blockIdx.x / K, k = blockIdx.x % K, ladder = d * R * K + k;
    for (int w = threadIdx.x; w < R; w += blockDim.x) {
        const size_t c = ladder + (size_t)w * K;
        walker[rung[c]] = w;
        flips[ladder + (size_t)rung[c] * K] += accepted[c];  // of the sweeps before, by rung
        accepted[c] = 0;
    }
    if (!exchange) return;
    __syncthreads();  // the walkers are there
    for (int low = turn % 2 + 2 * threadIdx.x; low + 1 < R; low += 2 * blockDim.x) {
        const size_t a = ladder + (size_t)walker[low] * K, b = ladder + (size_t)walker[low + 1] * K;
        const double E_a = (double)energy[a] * scale + offset[d], E_b = (double)energy[b] * scale + offset[d];
        const double gap = beta[low] - beta[low + 1];
        const double xi = exponential(philox4x32((u32)low / 4, (u32)k, turn, SWAP, keys[d]).w[low % 4]);
        const size_t pair = (d * (R - 1) + low) * K + k;
        ++attempts[pair];
        if (-(gap * (E_a - E_b)) < xi) {
            ++swaps[pair];
            rung[a] = low + 1;
            rung[b] = low;
            theta[a] = rung_theta[low + 1];
            theta[b] = rung_theta[low];
        }
    }
    __syncthreads();  // the rungs are there
    for (int w = threadIdx.x; w < R; w += blockDim.x) {  // from which end of the ladder every walker came last
        const size_t c = ladder + (size_t)w * K, at = ladder + (size_t)rung[c] * K;
        if (rung[c] == 0) {
            if (visited[c] == 1) ++trips[d * K + k];
            visited[c] = -1;
        } else if (rung[c] == R - 1)
            visited[c] = 1;
        from_cold[at] += visited[c] == -1;
        from_hot[at] += visited[c] == 1;
    }
}
