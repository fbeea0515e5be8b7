// Entry points of philox.cuh, for the check against the published known answers.
#include "philox.cuh"

/// words (count, 4) of counters (count, 4) and keys (count,).
extern "C" __global__ void philox_words(const u32 *counters, const u64 *keys, u32 *words, int count)
{
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= count) return;
    const u32 *c = counters + 4 * k;
    const Words out = philox4x32(c[0], c[1], c[2], c[3], keys[k]);
    for (int p = 0; p < 4; ++p)
        words[4 * k + p] = out.w[p];
}

/// values (count, 3): ln(word + 1/2), the Metropolis threshold, the heat-bath threshold.
extern "C" __global__ void philox_thresholds(const u32 *words, double *values, int count)
{
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= count) return;
    values[3 * k] = log_words(0.5 + (double)words[k]);
    values[3 * k + 1] = exponential(words[k]);
    values[3 * k + 2] = logistic(words[k]);
}
