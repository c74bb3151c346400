#pragma once
#include "braid_resize.h"

#ifdef __x86_64__
/// `braid_resize_columns` for processors that multiply bytes and pick any of 64 (AVX-512 VNNI and VBMI). Returns 0 where this is none of them, where
/// 16 values of the result are of more than 64 of the source, as when a picture becomes much smaller, or there is no memory.
int braid_resize_columns_by_bytes(const uint8_t *pixels, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t channels,
                                  const struct braid_resize_window *windows, ptrdiff_t count, const int32_t *weights, uint8_t *result);
#endif
