// What Swift has no name for.
#pragma once
#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#ifdef __APPLE__
#include <pthread.h>
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

/// Lets other threads go before the calling one where there are more of them than cores.
static inline void braid_processor_go_behind(void) {
#ifdef __linux__
    // Of a thread, not of the process, as the system has it; 10 steps are a tenth of the time of a thread that it competes with.
    const id_t thread = (id_t)syscall(SYS_gettid);
    setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + 10);
#elif defined(__APPLE__)
    pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0);
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
