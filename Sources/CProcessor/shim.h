// What Swift has no name for.
#pragma once
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

/// Tells the processor that the caller waits in a loop, so that it saves power and leaves its sibling thread the execution units.
static inline void braid_processor_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/// Keeps the calling thread on one core (Linux only). Returns whether it worked.
static inline int braid_processor_pin(unsigned core) {
#ifdef __linux__
    unsigned long mask[16] = {0};
    if (core >= sizeof mask * 8) return 0;
    mask[core / (8 * sizeof *mask)] = 1ul << core % (8 * sizeof *mask);
    return syscall(SYS_sched_setaffinity, 0, sizeof mask, mask) == 0;
#else
    (void)core;
    return 0;
#endif
}
