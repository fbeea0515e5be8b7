// What the single-spin kernels share: streams of random numbers, shared memory, packs.
#pragma once
#include "philox.cuh"

enum : u32 { WARP = 0xffffffffu };  // all 32 lanes
enum : u32 { ACCEPT = 4, SITES = 5, SWAP = 6 };  // random.Stream

// Shared memory whose size is set at launch (the shim that runs these kernels on a CPU brings its own).
#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
#endif

/// Part of a row that one lane works on at a time, 16 bytes unless told otherwise.  Rows are padded to whole
/// packs.
template <typename T, int SIZE = 16 / sizeof(T)> struct alignas(16) Pack {
    static constexpr int size = SIZE;
    T x[SIZE];
};
