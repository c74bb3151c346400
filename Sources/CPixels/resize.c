#include "braid_resize.h"
#include "by_bytes.h"
#include <string.h>

// Compiled once for each of these kinds of processor; which is chosen when the program is loaded.
#if defined(__x86_64__) && defined(__linux__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif
// What is inlined is compiled for the processor of whoever calls it.
#define INLINED static inline __attribute__((always_inline))

typedef struct braid_resize_window window;
typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef int32_t sums4 __attribute__((vector_size(16)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef int32_t sums16 __attribute__((vector_size(64)));

static const int32_t half = 1 << (braid_resize_fraction_bits - 1);

INLINED uint8_t rounded(int32_t sum) {
    const int32_t value = sum >> braid_resize_fraction_bits;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

// A macro: to pass the larger of these vectors to a function is for each processor another way.
#define ROUNDED(sums) __builtin_elementwise_max(__builtin_elementwise_min((sums) >> braid_resize_fraction_bits, (sums) * 0 + 255), (sums) * 0)

// One channel of one pixel of the result.
INLINED uint8_t pixel(const uint8_t *row, ptrdiff_t channels, ptrdiff_t channel, window window, const int32_t *weights) {
    int32_t sum = half;
    for (ptrdiff_t tap = 0; tap < window.count; tap++)
        sum += row[(window.first + tap) * channels + channel] * weights[window.weights + tap];
    return rounded(sum);
}

// Four rows of colours at once, behind which at least one byte more can be read: a pixel is read with the byte that follows it, and makes a vector.
INLINED void colours4(const uint8_t *pixels, ptrdiff_t width, const window *windows, ptrdiff_t count, const int32_t *weights, uint8_t *result) {
    enum { rows = 4 };
    for (ptrdiff_t place = 0; place < count; place++) {
        const window window = windows[place];
        sums4 sums[rows];
        for (int row = 0; row < rows; row++) sums[row] = (sums4){half, half, half, half};
        for (ptrdiff_t tap = 0; tap < window.count; tap++) {
            const int32_t weight = weights[window.weights + tap];
            for (int row = 0; row < rows; row++) {
                bytes4 colour;
                memcpy(&colour, pixels + (row * width + window.first + tap) * 3, sizeof colour);
                sums[row] += __builtin_convertvector(colour, sums4) * weight;
            }
        }
        for (int row = 0; row < rows; row++) {
            const bytes4 colour = __builtin_convertvector(ROUNDED(sums[row]), bytes4);
            memcpy(result + (row * count + place) * 3, &colour, 3);
        }
    }
}

FOR_EACH_PROCESSOR
static void columns(const uint8_t *pixels, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t channels, const window *windows, ptrdiff_t count,
                    const int32_t *weights, uint8_t *result) {
    ptrdiff_t row = 0;
    if (channels == 3)
        for (; row + 4 < rows; row += 4)
            colours4(pixels + row * width * 3, width, windows, count, weights, result + row * count * 3);
    for (; row < rows; row++)
        for (ptrdiff_t place = 0; place < count; place++)
            for (ptrdiff_t channel = 0; channel < channels; channel++)
                result[(row * count + place) * channels + channel]
                    = pixel(pixels + row * width * channels, channels, channel, windows[place], weights);
}

void braid_resize_columns(const uint8_t *pixels, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t channels, const window *windows, ptrdiff_t count,
                          const int32_t *weights, uint8_t *result) {
#ifdef __x86_64__
    if (braid_resize_columns_by_bytes(pixels, rows, width, channels, windows, count, weights, result)) return;
#endif
    columns(pixels, rows, width, channels, windows, count, weights, result);
}

FOR_EACH_PROCESSOR
void braid_resize_rows(const uint8_t *values, ptrdiff_t stride, ptrdiff_t first_row, const window *windows, ptrdiff_t count,
                       const int32_t *weights, uint8_t *result) {
    for (ptrdiff_t place = 0; place < count; place++) {
        const window window = windows[place];
        const uint8_t *source = values + (window.first - first_row) * stride;
        const int32_t *own = weights + window.weights;
        uint8_t *target = result + place * stride;
        ptrdiff_t column = 0;
        for (; column + 16 <= stride; column += 16) {
            sums16 sums = (sums16){0} + half;
            for (ptrdiff_t tap = 0; tap < window.count; tap++) {
                bytes16 bytes;
                memcpy(&bytes, source + tap * stride + column, sizeof bytes);
                sums += __builtin_convertvector(bytes, sums16) * own[tap];
            }
            const bytes16 bytes = __builtin_convertvector(ROUNDED(sums), bytes16);
            memcpy(target + column, &bytes, sizeof bytes);
        }
        for (; column < stride; column++) {
            int32_t sum = half;
            for (ptrdiff_t tap = 0; tap < window.count; tap++) sum += source[tap * stride + column] * own[tap];
            target[column] = rounded(sum);
        }
    }
}
