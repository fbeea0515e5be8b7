// CUDA kernels of the family `tensor` with terms of two and three spins, for chains that share a sample and visit
// the sites in turn; twin of tensor_tile.py.
//
// The sites go by in tiles of 16.  Every chain keeps its products z (z_m = 1 for p = 2, s_k for p = 3) in half
// precision and its fields in single.  For a tile, a matrix product gives the couplings G_qr = (J_q z)_r of its
// sites among each other; `settle_tensor` decides the proposals in order; `spread_flips` writes down X_qm = -2 s_q
// z_m as they were at the flip of site q; and a second product adds J X to all fields.  Whole numbers throughout,
// exact in single precision: it is the same Markov chain as tensor.cu, flip by flip.
#include "tile.cuh"

/// Decides 16 proposals of one chain in order.  f are its fields; G (256, stride), of which the lane's column
/// counts, the couplings of the sites before the tile, and cube (16, 16, 16) their changes: a flip of site p
/// changes G_qr by -2 s_p J_pqr.  The rest as in pairs_block.cu.
__device__ __forceinline__ u32 settle(float (&f)[TILE], const float (&limit)[TILE], const float *G, size_t stride,
                                      const Pack<float> *cube, u32 down, float margin, int &gain, u32 &close)
{
    float step[TILE];
    u32 flips = 0;
    gain = 0;
    close = 0;
#pragma unroll
    for (int q = 0; q < TILE; ++q) {
        step[q] = propose(f[q], limit[q], q, down, margin, flips, gain, close);
        float coupling[TILE];
#pragma unroll
        for (int r = q + 1; r < TILE; ++r)
            coupling[r] = G[(size_t)(TILE * q + r) * stride];
#pragma unroll
        for (int p = 0; p < q; ++p)
#pragma unroll
            for (int r = (q + 1) / 4; r < 4; ++r) {
                const Pack<float> row = cube[(p * TILE + q) * 4 + r];
#pragma unroll
                for (int e = 0; e < 4; ++e)
                    if (4 * r + e > q) coupling[4 * r + e] = __fmaf_rn(step[p], row.x[e], coupling[4 * r + e]);
            }
#pragma unroll
        for (int r = q + 1; r < TILE; ++r)
            f[r] = __fmaf_rn(step[q], coupling[r], f[r]);
    }
    return flips;
}

// Shapes: cubes (D, tiles, 16, 16, 16) float; G (D, 256, padded) and F (D, rows, padded) float; turned (D chains,):
// the flips of the tile in the lower half, the spins that pointed down before in the upper; down (D chains, tiles):
// bit k says that spin k of a tile points down; the rest (D chains,).  Launch: D x padded / 32 blocks of 32
// threads.
extern "C" __global__ void __launch_bounds__(32)
    settle_tensor(const float *cubes, const float *G, const float *F, u32 *turned, unsigned short *down, i64 *energy,
                  const u64 *keys, const u64 *lanes, const double *theta, i64 *accepted, const u32 *sweep, int n,
                  int rows, int chains, int padded, int tile, int heatbath)
{
    DYNAMIC_SHARED(shared);
    const int lane = threadIdx.x, groups = padded / CHAINS, sample = blockIdx.x / groups, tiles = rows / TILE;
    const int column = blockIdx.x % groups * CHAINS + lane;
    const bool mine = column < chains;  // the others follow the last chain and write nothing
    const size_t c = (size_t)sample * chains + (mine ? column : chains - 1), at = mine ? column : chains - 1;
    const Chain chain = {keys[c], (u32)lanes[c], *sweep, theta[c], heatbath != 0};
    const float rough = chain.theta < HOT ? (float)chain.theta : HOT, margin = MARGIN * rough;
    Pack<float> *cube = reinterpret_cast<Pack<float> *>(shared);
    const Pack<float> *home = reinterpret_cast<const Pack<float> *>(cubes) + ((size_t)sample * tiles + tile) * 1024;
    for (int k = lane; k < 1024; k += 32)
        cube[k] = home[k];
    const u32 is_down = down[c * tiles + tile];
    const float *own_G = G + (size_t)sample * 256 * padded + at;
    const float *own_F = F + ((size_t)sample * rows + TILE * tile) * padded + at;
    float limit[TILE];
    draw_limits(limit, TILE * tile, n, chain, rough);
    __syncwarp();  // the couplings are there
    int gain;
    const u32 flips = decide(limit, TILE * tile, chain, gain, [&](int &gain, u32 &close) {
        float f[TILE];
#pragma unroll
        for (int q = 0; q < TILE; ++q)
            f[q] = own_F[(size_t)q * padded];
        return settle(f, limit, own_G, padded, cube, is_down, margin, gain, close);
    });
    if (!mine) return;
    turned[c] = flips | is_down << 16;
    down[c * tiles + tile] = (unsigned short)(is_down ^ flips);
    energy[c] += gain;
    accepted[c] += __popc(flips);
}

// X (D chains, 16, width) and z (D chains, width) in half precision, width a multiple of 8; entry `first` of z is
// the spin that the lowest bit of turned belongs to.  Launch: D chains blocks of 32 threads.
extern "C" __global__ void __launch_bounds__(32)
    spread_flips(const u32 *turned, unsigned short *z, unsigned short *X, int width, int first)
{
    const size_t c = blockIdx.x;
    const u32 flips = turned[c] & 0xffff, down = turned[c] >> 16;
    const int packs = width / 8;
    Pack<u32> *row = reinterpret_cast<Pack<u32> *>(z) + c * packs;
    Pack<u32> *out = reinterpret_cast<Pack<u32> *>(X) + c * TILE * packs;
    for (int k = threadIdx.x; k < packs; k += 32) {
        Pack<u32> now = row[k];
#pragma unroll
        for (int q = 0; q < TILE; ++q) {
            const bool flip = flips >> q & 1;
            const u32 sign = down >> q & 1 ? 0 : 0x80008000u;  // of -2 s_q
            Pack<u32> x;
#pragma unroll
            for (int w = 0; w < 4; ++w)  // 1.0 is 0x3C00, 2.0 is 0x4000, and a zero stays one
                x.x[w] = flip ? (now.x[w] & 0x04000400u) << 4 | ((now.x[w] & 0x80008000u) ^ sign) : 0;
            out[q * packs + k] = x;
            const int entry = first + q - 8 * k;  // the flip itself comes after
            if (flip && entry >= 0 && entry < 8)
#pragma unroll
                for (int w = 0; w < 4; ++w)
                    if (w == entry / 2) now.x[w] ^= entry % 2 ? 0x80000000u : 0x8000u;
        }
        row[k] = now;
    }
}
