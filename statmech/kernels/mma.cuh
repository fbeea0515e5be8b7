// Products of small matrices on tensor cores.
#pragma once

/// c += a b:  a is 16 x 16 and b 16 x 8 in half precision, c 16 x 8 in single, spread over a warp as PTX says (ISA,
/// mma.m16n8k16; lane = 4 g + t):  a = rows g, g + 8 at columns 2t, 2t + 1, then at columns 2t + 8, 2t + 9;
/// b = rows 2t, 2t + 1, then 2t + 8, 2t + 9, of column g;  c = row g, then g + 8, at columns 2t, 2t + 1.
/// Integers up to 2048 in size are exact in half precision, and their sums below 2^24 in single.
#ifndef SHIM
__device__ __forceinline__ void mma_16x8x16(float (&c)[4], const u32 (&a)[4], const u32 (&b)[2])
{
#if __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    __trap();
#endif
}
#endif
