#pragma once
#include <stddef.h>
#include <stdint.h>

struct braid_jpeg;

/// Opens a JPEG in memory, which must stay there: one channel where the file is grey, otherwise RGB.
/// Returns 0 and what `braid_jpeg_read` reads, 1 and a message, or 2, width and height where these are more than `maximum_pixels`, or one is more
/// than `maximum_side`.
///
/// libjpeg reports errors through longjmp, which Swift cannot host: hence these few lines of C. The library's own interface without
/// longjmp, turbojpeg.h (2.1), gives the same pixels and cannot tell what is wrong: it either takes every warning as an error, and refuses
/// photos with a few bytes between two markers or a newer JFIF version, or keeps the first warning alone, behind which lost image data
/// go unseen; and it refuses samplings that have no name there, such as 3x1.
int braid_jpeg_open(const uint8_t *bytes, size_t count, size_t maximum_pixels, size_t maximum_side, struct braid_jpeg **file, int *width,
                    int *height, int *channels, char *message, size_t message_size);

/// Decodes interleaved 8-bit pixels, row after row, and closes the file, whatever comes of it. Returns 0, or 1 and a message.
/// Four components are inks (CMYK, or YCCK, which is CMYK as YCbCr), stored inverted where Adobe's marker stands in the file, and become
/// RGB by the plain formula, without a colour profile.
/// A progressive file of more scans than any writer makes (32 of the largest pictures, up to 200 of small ones) is refused.
int braid_jpeg_read(struct braid_jpeg *file, uint8_t *pixels, char *message, size_t message_size);
