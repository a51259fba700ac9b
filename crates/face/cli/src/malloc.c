// Holds the thresholds of the system's allocator (glibc) where they are; ADR 11 says why. C, since Rust reaches
// `mallopt` only with `unsafe`. Runs before `main`, with one thread. Other C libraries are left alone.

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>

// Blocks of this many bytes are mapped, and go back to the system when they are freed.
#define MAPPED_FROM_BYTES (1 << 20)
// Free bytes that may stay at the end of an arena.
#define IDLE_END_BYTES (2 << 20)
// Arenas, each of which keeps its own free blocks: by default eight for each core.
#define ARENAS 4

__attribute__((constructor)) static void hold_malloc_thresholds(void) {
    // What a person set for this process counts.
    if (getenv("GLIBC_TUNABLES") || getenv("MALLOC_MMAP_THRESHOLD_") || getenv("MALLOC_ARENA_MAX")) {
        return;
    }
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
    mallopt(M_TRIM_THRESHOLD, IDLE_END_BYTES);
    mallopt(M_ARENA_MAX, ARENAS);
}
#endif
