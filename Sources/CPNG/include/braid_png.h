#pragma once
#include <stddef.h>
#include <stdint.h>
#include <png.h>

struct braid_png;

/// Opens a PNG in memory, which must stay there: one channel where the file is grey, otherwise RGB; transparency is dropped.
/// Returns 0 and what `braid_png_read` reads, 1 and a message, or 2, width and height where these are more than `maximum_pixels`, or one is more
/// than `maximum_side` (libpng holds two rows as they are stored, up to 16 bytes a column).
/// (libpng reports errors through longjmp, which Swift cannot host: hence these few lines of C. Its simplified interface, which
/// Swift could call, converts colours by gAMA and gives wrong pixels for interlaced files of 16 bits.)
int braid_png_open(const uint8_t *bytes, size_t count, size_t maximum_pixels, size_t maximum_side, struct braid_png **file, int *width,
                   int *height, int *channels, char *message, size_t message_size);

/// Decodes interleaved 8-bit pixels, row after row, and closes the file, whatever comes of it. Returns 0, or 1 and a message.
/// The samples are those that are stored, whatever the file says of colour (gAMA, cHRM, iCCP, sRGB); 16 bits are rounded to 8.
int braid_png_read(struct braid_png *file, uint8_t *pixels, char *message, size_t message_size);
