#include "braid_memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

struct watch {
    atomic_int taken;
    // The end is 0 while nothing is watched.
    _Atomic(uintptr_t) start, end;
    atomic_int damaged;
};

// An index of weights may name that many files, all of which are mapped at once.
enum { COUNT = 1024 };
static struct watch watches[COUNT];
static struct sigaction previous;
static uintptr_t page_size;
static int is_installed;

/// Puts a page of zeros where one of a watched mapping cannot be read; any other fault takes its course.
static void on_bus_error(int number, siginfo_t *info, void *context) {
    uintptr_t address = (uintptr_t)info->si_addr;
    for (int i = 0; i < COUNT; i++) {
        if (address < atomic_load(&watches[i].start) || address >= atomic_load(&watches[i].end)) continue;
        int saved = errno;
        void *page = (void *)(address & ~(page_size - 1));
        void *zeros = mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
        errno = saved;
        if (zeros == MAP_FAILED) break;
        atomic_store(&watches[i].damaged, 1);
        return;
    }
    if ((previous.sa_flags & SA_SIGINFO) && previous.sa_sigaction) return previous.sa_sigaction(number, info, context);
    if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) return previous.sa_handler(number);
    // The instruction is repeated, and now the default ends the process.
    signal(SIGBUS, SIG_DFL);
}

static void install(void) {
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = {0};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    is_installed = sigaction(SIGBUS, &action, &previous) == 0;
}

int braid_mapping_watch(const void *start, size_t length) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    if (!is_installed) return -1;
    for (int i = 0; i < COUNT; i++) {
        int expected = 0;
        if (!atomic_compare_exchange_strong(&watches[i].taken, &expected, 1)) continue;
        atomic_store(&watches[i].damaged, 0);
        atomic_store(&watches[i].start, (uintptr_t)start);
        atomic_store(&watches[i].end, (uintptr_t)start + length);
        return i;
    }
    return -1;
}

int braid_mapping_is_damaged(int watch) { return atomic_load(&watches[watch].damaged); }

void braid_mapping_unwatch(int watch) {
    atomic_store(&watches[watch].end, 0);
    atomic_store(&watches[watch].taken, 0);
}
