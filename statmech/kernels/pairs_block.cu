// CUDA kernels of the family `pairs` for chains that share a sample and visit the sites in turn; twin of
// pairs_block.py.
//
// The sites go by in blocks.  A matrix product of J and all spins gives the fields of a block as they are before
// it, exactly (integers in half precision, summed in single); then `settle_pairs` decides the proposals of the
// block in order.  No other field is stored.  It is the same Markov chain as pairs.cu, flip by flip.
//
// A warp settles a block for 32 chains, 16 sites (a tile) at a time.  The flips of the tiles before are added to
// the fields of a tile on the tensor cores; then every lane decides for one chain.
#include "tile.cuh"
#include "mma.cuh"

constexpr int STRIDE = 40;  // of fields in shared memory: lanes meet different banks
constexpr u32 ONE = 0x3C00;  // in half precision

struct alignas(8) Float2 {
    float x, y;
};

/// The bits 2t, 2t + 8, 2t + 1, 2t + 9 as the lowest bits of four bytes: the sites that a lane of a fragment b
/// holds.
__device__ __forceinline__ u32 spread(u32 bits, int t)
{
    const u32 x = bits >> 2 * t;
    return (x & 1) | (x & 0x100) | (x & 2) << 15 | (x & 0x200) << 15;
}

/// Decides 16 proposals of one chain in order: f are its fields, J the couplings of the sites (16, 16), the bits of
/// down say which spins point down.  Returns the bits of the flips, leaves in gain the sum of their dE and in
/// `close` the bits of the sites whose dE came within the margin of the threshold.
__device__ __forceinline__ u32 settle(float (&f)[TILE], const float (&limit)[TILE], const Pack<float> *J, u32 down,
                                      float margin, int &gain, u32 &close)
{
    u32 flips = 0;
    gain = 0;
    close = 0;
#pragma unroll
    for (int q = 0; q < TILE; ++q) {
        const float change = propose(f[q], limit[q], q, down, margin, flips, gain, close);
#pragma unroll
        for (int r = (q + 1) / 4; r < 4; ++r) {
            const Pack<float> row = J[4 * q + r];
#pragma unroll
            for (int e = 0; e < 4; ++e)
                if (4 * r + e > q) f[4 * r + e] = __fmaf_rn(change, row.x[e], f[4 * r + e]);
        }
    }
    return flips;
}

/// What a tile is settled from, on its way from memory.
struct Tile {
    Float2 fields[4][2];  // c of mma.cuh, for chains 8k ..
    float h[2];
    Pack<float> J[2];  // two of the 64 packs of the couplings between its sites
};

// Shapes: inside (D, blocks, tiles, tiles, 32, 8) in half precision: couplings inside a block, every 16 x 16 of
// them a fragment a of mma.cuh; diagonal (D, rows / 16, 16, 16) float; h (D, rows) float; F (D, size, padded)
// float: J s of the sites first .. first + size - 1; S (D chains, width) spins in half precision; down (D chains,
// words): bit k of a row says that spin k points down; the rest (D chains,).  sweep (1,) is the number of the sweep.
// Launch: D x ceil(chains / 32) blocks of 32 threads.
extern "C" __global__ void __launch_bounds__(32, 16)
    settle_pairs(const unsigned short *inside, const float *diagonal, const float *h, const float *F, unsigned short *S,
                 unsigned short *down, i64 *energy, const u64 *keys, const u64 *lanes, const double *theta,
                 i64 *accepted, const u32 *sweep, int n, int rows, int width, int words, int chains, int padded,
                 int size, int first, int heatbath)
{
    DYNAMIC_SHARED(shared);
    const int lane = threadIdx.x, g = lane / 4, t = lane % 4;
    const int groups = (chains + CHAINS - 1) / CHAINS, sample = blockIdx.x / groups;
    const int begin = blockIdx.x % groups * CHAINS, tiles = (rows - first < size ? rows - first : size) / TILE;
    const bool mine = begin + lane < chains;  // the others follow the last chain and write nothing
    const size_t c = (size_t)sample * chains + (mine ? begin + lane : chains - 1);
    const Chain chain = {keys[c], (u32)lanes[c], *sweep, theta[c], heatbath != 0};
    const float rough = chain.theta < HOT ? (float)chain.theta : HOT, margin = MARGIN * rough;
    float *fields = reinterpret_cast<float *>(shared);  // (16, STRIDE)
    Pack<float> *couplings = reinterpret_cast<Pack<float> *>(fields + TILE * STRIDE);
    Pack<u32> *steps = reinterpret_cast<Pack<u32> *>(couplings + 64);  // (tiles, 32): four bytes for each 8 chains

    const size_t site = (size_t)sample * rows + first;
    const float *row = F + ((size_t)sample * size + g) * padded + begin + 2 * t, *h_row = h + site + g;
    const Pack<float> *between = reinterpret_cast<const Pack<float> *>(diagonal) + site * 4 + lane;
    const int block_tiles = size / TILE, blocks = (rows + size - 1) / size;
    const Pack<u32> *fragments = reinterpret_cast<const Pack<u32> *>(inside) + lane +
                                 ((size_t)sample * blocks + first / size) * block_tiles * block_tiles * 32;
    unsigned short *own_downs = down + c * (2 * words) + first / TILE;
    unsigned short *own_spins = S + c * width + first;

    const auto load = [&](Tile &out, int tile) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
#pragma unroll
            for (int k = 0; k < 4; ++k)
                out.fields[k][half] =
                    *reinterpret_cast<const Float2 *>(row + (size_t)(TILE * tile + 8 * half) * padded + 8 * k);
            out.h[half] = h_row[TILE * tile + 8 * half];
            out.J[half] = between[64 * tile + 32 * half];
        }
    };

    Tile next;
    load(next, 0);
    u32 next_down = own_downs[0];
    i64 total = 0;
    int count = 0;
    for (int tile = 0; tile < tiles; ++tile, fragments += block_tiles * 32) {
        float sums[4][4], limit[TILE];
#pragma unroll
        for (int k = 0; k < 4; ++k)
#pragma unroll
            for (int x = 0; x < 4; ++x)
                sums[k][x] = (x % 2 ? next.fields[k][x / 2].y : next.fields[k][x / 2].x) + next.h[x / 2];
        couplings[lane] = next.J[0];
        couplings[lane + 32] = next.J[1];
        const u32 is_down = next_down;
        if (tile + 1 < tiles) {  // on its way while this one is settled
            load(next, tile + 1);
            next_down = own_downs[tile + 1];
        }
        draw_limits(limit, first + TILE * tile, n, chain, rough);
#pragma unroll 4
        for (int before = 0; before < tile; ++before) {
            const Pack<u32> J = fragments[before * 32], change = steps[before * 32 + lane];
            const u32 a[4] = {J.x[0], J.x[1], J.x[2], J.x[3]};
#pragma unroll
            for (int k = 0; k < 4; ++k) {  // bytes to the upper halves of half precision
                const u32 b[2] = {__byte_perm(change.x[k], 0, 0x2404), __byte_perm(change.x[k], 0, 0x3414)};
                mma_16x8x16(sums[k], a, b);
            }
        }
        // from the places of the tensor cores to one chain a lane
#pragma unroll
        for (int k = 0; k < 4; ++k) {
            float *corner = fields + g * STRIDE + 8 * k + 2 * t;
            *reinterpret_cast<Float2 *>(corner) = {sums[k][0], sums[k][1]};
            *reinterpret_cast<Float2 *>(corner + 8 * STRIDE) = {sums[k][2], sums[k][3]};
        }
        __syncwarp();  // the fields are there
        int gain;
        const u32 flips = decide(limit, first + TILE * tile, chain, gain, [&](int &gain, u32 &close) {
            float f[TILE];
#pragma unroll
            for (int q = 0; q < TILE; ++q)
                f[q] = fields[q * STRIDE + lane];
            return settle(f, limit, couplings, is_down, margin, gain, close);
        });
        total += gain;
        count += __popc(flips);
        // the changes of the spins: 2.0 is 0x4000 in half precision, -2.0 is 0xC000
        u32 *bytes = reinterpret_cast<u32 *>(steps + tile * 32);
#pragma unroll
        for (int x = 0; x < 4; ++x)
            bytes[4 * (4 * (lane % 8) + x) + lane / 8] = spread(flips, x) * 0x40 | spread(flips & ~is_down, x) * 0x80;
        if (flips && mine) {
            const u32 now = is_down ^ flips;
            own_downs[tile] = (unsigned short)now;
            Pack<u32> *spins = reinterpret_cast<Pack<u32> *>(own_spins + TILE * tile);
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                Pack<u32> out;
#pragma unroll
                for (int p = 0; p < 4; ++p)
                    out.x[p] = (ONE | ONE << 16) | (now >> (8 * half + 2 * p) & 1) << 15 |
                               (now >> (8 * half + 2 * p + 1) & 1) << 31;
                spins[half] = out;
            }
        }
        __syncwarp();  // every lane has read its fields; the steps are there
    }
    if (mine) {
        energy[c] += total;
        accepted[c] += count;
    }
}
