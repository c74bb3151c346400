#pragma once
#include <stddef.h>
#include <stdint.h>

/// What one pixel of the result sums along an axis: `count` pixels of the source from `first` on, with the weights from `weights` on.
struct braid_resize_window {
    ptrdiff_t first;
    ptrdiff_t count;
    ptrdiff_t weights;
};

/// The bits behind the point of a weight; Pillow's precision: 8 bits of pixel and 2 of head room in 32.
enum { braid_resize_fraction_bits = 22 };

// Sums of a separable filter over 8-bit pixels, in fixed point, each rounded and clamped to 0...255. The absolute weights of a window add up to
// less than 2 (a cubic's to 1.25), so that no sum leaves 32 bits.
//
// They are in C since Swift compiles a function for one kind of processor: the oldest, which multiplies no vectors of 32 bits.

/// Resizes each of some rows of `width` pixels of 1 or 3 channels to `count` pixels.
void braid_resize_columns(const uint8_t *pixels, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t channels, const struct braid_resize_window *windows,
                          ptrdiff_t count, const int32_t *weights, uint8_t *result);

/// Makes `count` rows of rows of `stride` values, whose first the windows call `first_row`.
void braid_resize_rows(const uint8_t *values, ptrdiff_t stride, ptrdiff_t first_row, const struct braid_resize_window *windows,
                       ptrdiff_t count, const int32_t *weights, uint8_t *result);
