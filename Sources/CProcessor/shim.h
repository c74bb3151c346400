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

/// Asks Linux for the tile registers (ARCH_REQ_XCOMP_PERM for XFEATURE_XTILEDATA): their state is 8 KiB a thread, so a process has to ask before
/// it uses them, and before it makes threads that do. Returns whether they may be used; never where the system has no such call.
static inline int braid_processor_request_tiles(void) {
#if defined(__linux__) && defined(__x86_64__)
    return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
    return 0;
#endif
}
