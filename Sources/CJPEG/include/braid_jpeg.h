#pragma once
#include <stddef.h>
#include <stdint.h>

/// Decodes a JPEG in memory to interleaved 8-bit pixels: one channel where the file is grey, otherwise RGB.
/// Returns 0 and a buffer to `free`, or nonzero and a message.
/// (libjpeg reports errors through longjmp, which Swift cannot host: hence these few lines of C.)
int braid_jpeg_decode(const uint8_t *bytes, size_t count, size_t maximum_pixels, uint8_t **pixels, int *width, int *height,
                      int *channels, char *message, size_t message_size);
