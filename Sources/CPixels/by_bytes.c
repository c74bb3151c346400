#include "by_bytes.h"
#ifdef __x86_64__
#include <immintrin.h>
#include <stdlib.h>

typedef struct braid_resize_window window;

enum { lanes = 16, taps = 4, digits = 3 };

// For 16 values of a row of the result and four taps of each, value after value: where their bytes lie behind the first that the 16 values read, and
// their weights, as digits to the base 256 from -128 to 127, the lowest first. Weights below 2 have three.
struct step {
    uint8_t places[lanes * taps];
    int8_t weights[digits][lanes * taps];
};

// The first byte of a row that 16 values read.
static ptrdiff_t base(const window *windows, ptrdiff_t group, ptrdiff_t channels) {
    return windows[group * lanes / channels].first * channels;
}

// The most taps of a window; 0 where the bytes of some 16 values are too far from each other.
static ptrdiff_t most_taps(const window *windows, ptrdiff_t count, ptrdiff_t channels) {
    const ptrdiff_t values = count * channels;
    ptrdiff_t most = 1;
    for (ptrdiff_t value = 0; value < values; value++) {
        const window window = windows[value / channels];
        const ptrdiff_t start = base(windows, value / lanes, channels);
        if (window.first * channels < start || (window.first + window.count) * channels > start + lanes * taps) return 0;
        if (window.count > most) most = window.count;
    }
    return most;
}

// Returns 0 where a weight has more digits.
static int prepare(struct step *steps, ptrdiff_t blocks, const window *windows, ptrdiff_t count, ptrdiff_t channels, const int32_t *weights) {
    for (ptrdiff_t value = 0; value < count * channels; value++) {
        const ptrdiff_t group = value / lanes;
        const window window = windows[value / channels];
        const ptrdiff_t start = window.first * channels + value % channels - base(windows, group, channels);
        for (ptrdiff_t tap = 0; tap < window.count; tap++) {
            struct step *step = &steps[group * blocks + tap / taps];
            const ptrdiff_t place = value % lanes * taps + tap % taps;
            step->places[place] = (uint8_t)(start + tap * channels);
            int32_t rest = weights[window.weights + tap];
            for (int digit = 0; digit < digits; digit++) {
                step->weights[digit][place] = (int8_t)(rest & 255);
                rest = (rest - step->weights[digit][place]) >> 8;
            }
            if (rest != 0) return 0;
        }
    }
    return 1;
}

#define FOR_BYTES __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")))

// 16 values of each of some rows of the result, `stride` bytes behind each other as those of the source are `width`.
FOR_BYTES
static inline __attribute__((always_inline)) void sum(const uint8_t *start, const uint8_t *end, ptrdiff_t width, int rows, const struct step *steps,
                                                      ptrdiff_t blocks, uint8_t *result, ptrdiff_t stride, __mmask16 wanted) {
    enum { most = 4 };
    __m512i source[most], sums[digits][most];
    for (int row = 0; row < rows; row++) {
        const ptrdiff_t left = end - (start + row * width);
        source[row] = _mm512_maskz_loadu_epi8(left < 64 ? ((__mmask64)1 << left) - 1 : ~(__mmask64)0, start + row * width);
        sums[0][row] = _mm512_set1_epi32(1 << (braid_resize_fraction_bits - 1));
        sums[1][row] = sums[2][row] = _mm512_setzero_si512();
    }
    for (ptrdiff_t block = 0; block < blocks; block++) {
        const __m512i places = _mm512_loadu_si512(steps[block].places);
        for (int row = 0; row < rows; row++) {
            const __m512i bytes = _mm512_permutexvar_epi8(places, source[row]);
            for (int digit = 0; digit < digits; digit++)
                sums[digit][row] = _mm512_dpbusd_epi32(sums[digit][row], bytes, _mm512_loadu_si512(steps[block].weights[digit]));
        }
    }
    for (int row = 0; row < rows; row++) {
        const __m512i upper = _mm512_add_epi32(_mm512_slli_epi32(sums[1][row], 8), _mm512_slli_epi32(sums[2][row], 16));
        const __m512i values = _mm512_srai_epi32(_mm512_add_epi32(sums[0][row], upper), braid_resize_fraction_bits);
        const __m128i rounded = _mm512_cvtusepi32_epi8(_mm512_max_epi32(values, _mm512_setzero_si512()));
        if (wanted == (__mmask16)~0) {
            _mm_storeu_si128((__m128i *)(result + row * stride), rounded);
        } else {
            _mm_mask_storeu_epi8(result + row * stride, wanted, rounded);
        }
    }
}

FOR_BYTES
static void sum_rows(const uint8_t *pixels, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t channels, const struct step *steps, ptrdiff_t blocks,
                     const window *windows, ptrdiff_t count, uint8_t *result) {
    const ptrdiff_t stride = count * channels, length = width * channels;
    const uint8_t *end = pixels + rows * length;
    for (ptrdiff_t row = 0; row < rows; row += 4) {
        for (ptrdiff_t group = 0; group * lanes < stride; group++) {
            const ptrdiff_t left = stride - group * lanes;
            const __mmask16 wanted = left < lanes ? (__mmask16)((1 << left) - 1) : (__mmask16)~0;
            const uint8_t *start = pixels + row * length + base(windows, group, channels);
            const struct step *own = steps + group * blocks;
            uint8_t *target = result + row * stride + group * lanes;
            if (row + 4 <= rows) {
                sum(start, end, length, 4, own, blocks, target, stride, wanted);
            } else {
                for (ptrdiff_t last = 0; row + last < rows; last++)
                    sum(start + last * length, end, length, 1, own, blocks, target + last * stride, stride, wanted);
            }
        }
    }
}

int braid_resize_columns_by_bytes(const uint8_t *pixels, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t channels, const window *windows,
                                  ptrdiff_t count, const int32_t *weights, uint8_t *result) {
    if (!__builtin_cpu_supports("avx512vbmi") || !__builtin_cpu_supports("avx512vnni")) return 0;
    const ptrdiff_t blocks = (most_taps(windows, count, channels) + taps - 1) / taps;
    if (blocks == 0) return 0;
    struct step *steps = calloc((size_t)((count * channels + lanes - 1) / lanes * blocks), sizeof *steps);
    if (!steps) return 0;
    const int fits = prepare(steps, blocks, windows, count, channels, weights);
    if (fits) sum_rows(pixels, rows, width, channels, steps, blocks, windows, count, result);
    free(steps);
    return fits;
}
#endif
