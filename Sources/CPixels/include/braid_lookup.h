#pragma once
#include <stddef.h>
#include <stdint.h>

/// Stores what a table of 256 numbers has for one of the 1 or 3 channels of `count` pixels.
void braid_lookup_channel(const uint8_t *pixels, ptrdiff_t count, ptrdiff_t channels, ptrdiff_t channel, const float *table, float *result);
