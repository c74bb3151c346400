#define _GNU_SOURCE
#include "tile_trap.h"

#if defined(__linux__) && defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { TILES = 8, ROWS = 16, ROW_BYTES = 64 };

struct configuration {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

// Of each thread. A thread that has not configured its tiles has none.
static __thread struct configuration configuration;
static __thread uint8_t tiles[TILES][ROWS][ROW_BYTES] __attribute__((aligned(64)));

static struct sigaction before;

// An instruction with a three-byte VEX prefix, a ModRM byte and perhaps an address.
struct instruction {
    unsigned prefix, opcode, mode, reg, rm, source;
    uint8_t *address;
    int64_t stride;
    unsigned length;
};

static int64_t value(const ucontext_t *context, unsigned number) {
    static const int places[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                   REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return context->uc_mcontext.gregs[places[number]];
}

// Returns 0 for what is no instruction of map 0F38 with 128 bits and W0.
static int decode(const uint8_t *code, const ucontext_t *context, struct instruction *out) {
    if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || (code[2] & 0x84) != 0) return 0;
    unsigned x = (~code[1] >> 6 & 1) << 3, b = (~code[1] >> 5 & 1) << 3;
    out->prefix = code[2] & 3;
    out->source = ~code[2] >> 3 & 15;
    out->opcode = code[3];
    out->mode = code[4] >> 6;
    out->reg = code[4] >> 3 & 7;
    out->rm = code[4] & 7;
    out->length = 5;
    out->address = 0;
    out->stride = 0;
    if (out->mode == 3) return 1;
    int64_t address = 0;
    unsigned base = out->rm;
    if (out->rm == 4) {
        unsigned sib = code[out->length++], index = (sib >> 3 & 7) | x;
        base = sib & 7;
        if (index != 4) out->stride = value(context, index) << (sib >> 6);
        if (out->opcode != 0x4b) address += out->stride;
    }
    int32_t wide = 0;
    if (base == 5 && out->mode == 0) {
        memcpy(&wide, code + out->length, 4);
        out->length += 4;
        address += wide;
        // Relative to the next instruction, but for an address with an index.
        if (out->rm == 5) address += (int64_t)(intptr_t)code + out->length;
    } else {
        address += value(context, base | b);
        if (out->mode == 1) address += (int8_t)code[out->length++];
        if (out->mode == 2) {
            memcpy(&wide, code + out->length, 4);
            out->length += 4;
            address += wide;
        }
    }
    out->address = (uint8_t *)(intptr_t)address;
    return 1;
}

static int is_configured(unsigned tile) {
    return tile < TILES && configuration.palette == 1 && configuration.rows[tile] == ROWS && configuration.row_bytes[tile] == ROW_BYTES;
}

// Denormal numbers are zero on both sides, rounding is to the nearest: set by the caller.
__attribute__((target("avx512f"))) static void multiply(unsigned sum, unsigned a, unsigned b) {
    const __m512i upper = _mm512_set1_epi32((int)0xffff0000);
    for (int row = 0; row < ROWS; row++) {
        __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
        for (int pair = 0; pair < ROWS; pair++) {
            uint32_t bits;
            memcpy(&bits, tiles[a][row] + 4 * pair, 4);
            __m512i factor = _mm512_load_si512(tiles[b][pair]), element = _mm512_set1_epi32((int)bits);
            even = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_slli_epi32(element, 16)),
                                   _mm512_castsi512_ps(_mm512_slli_epi32(factor, 16)), even);
            odd = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_and_epi32(element, upper)),
                                  _mm512_castsi512_ps(_mm512_and_epi32(factor, upper)), odd);
        }
        float *to = (float *)tiles[sum][row];
        _mm512_store_ps(to, _mm512_add_ps(_mm512_load_ps(to), _mm512_add_ps(even, odd)));
    }
}

// Returns 0 for what it does not know.
static int carry_out(const struct instruction *in) {
    enum { NONE, OPERAND, F3, F2 };
    if (in->opcode == 0x49 && in->prefix == NONE && in->mode == 3) {
        memset(&configuration, 0, sizeof configuration);
        return 1;
    }
    if (in->opcode == 0x49 && in->prefix == NONE) {
        memcpy(&configuration, in->address, sizeof configuration);
        memset(tiles, 0, sizeof tiles);
        return configuration.palette == 1;
    }
    if (!is_configured(in->reg)) return 0;
    if (in->opcode == 0x49 && in->prefix == F2 && in->mode == 3) {
        memset(tiles[in->reg], 0, sizeof tiles[0]);
        return 1;
    }
    if (in->opcode == 0x4b && in->mode != 3 && in->rm == 4) {
        for (int row = 0; row < ROWS; row++) {
            uint8_t *place = in->address + row * in->stride;
            if (in->prefix == F3) memcpy(place, tiles[in->reg][row], ROW_BYTES);
            else if (in->prefix == F2 || in->prefix == OPERAND) memcpy(tiles[in->reg][row], place, ROW_BYTES);
            else return 0;
        }
        return 1;
    }
    if (in->opcode == 0x5c && in->prefix == F3 && in->mode == 3 && is_configured(in->rm) && is_configured(in->source)) {
        unsigned control = _mm_getcsr();
        _mm_setcsr(0x9fc0);  // all exceptions masked, to the nearest, denormal operands and results are zero
        multiply(in->reg, in->rm, in->source);
        _mm_setcsr(control);
        return 1;
    }
    return 0;
}

static void trap(int signal, siginfo_t *information, void *opaque) {
    ucontext_t *context = opaque;
    struct instruction instruction;
    if (decode((const uint8_t *)(intptr_t)context->uc_mcontext.gregs[REG_RIP], context, &instruction) && carry_out(&instruction)) {
        context->uc_mcontext.gregs[REG_RIP] += instruction.length;
        return;
    }
    // Not ours: as if nobody had asked. The instruction traps again.
    (void)signal;
    (void)information;
    sigaction(SIGILL, &before, 0);
}

static int works;

static void install(void) {
    unsigned a, b, c, d;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && syscall(SYS_arch_prctl, 0x1023, 18) == 0) {
        works = 1;
        return;
    }
    if (!__builtin_cpu_supports("avx512f")) return;
    struct sigaction action = {.sa_sigaction = trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    works = sigaction(SIGILL, &action, &before) == 0;
}

int braid_tiles_are_carried_out(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    return works;
}
#else
int braid_tiles_are_carried_out(void) { return 0; }
#endif
