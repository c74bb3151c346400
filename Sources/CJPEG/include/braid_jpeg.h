#pragma once
#include <stddef.h>
#include <stdint.h>

/// Decodes a JPEG in memory to interleaved 8-bit pixels: one channel where the file is grey, otherwise RGB.
/// Four components are inks (CMYK, or YCCK, which is CMYK as YCbCr), stored inverted where Adobe's marker stands in the file, and become
/// RGB by the plain formula, without a colour profile.
/// Returns 0 and a buffer to `free`, 1 and a message, or 2, width and height where these are more than `maximum_pixels`, or one is more than `maximum_side`.
/// A progressive file of more scans than any writer makes (32 of the largest pictures, up to 200 of small ones) is refused.
///
/// libjpeg reports errors through longjmp, which Swift cannot host: hence these few lines of C. The library's own interface without
/// longjmp, turbojpeg.h (2.1), gives the same pixels and cannot tell what is wrong: it either takes every warning as an error, and refuses
/// photos with a few bytes between two markers or a newer JFIF version, or keeps the first warning alone, behind which lost image data
/// go unseen; and it refuses samplings that have no name there, such as 3x1.
int braid_jpeg_decode(const uint8_t *bytes, size_t count, size_t maximum_pixels, size_t maximum_side, uint8_t **pixels, int *width,
                      int *height, int *channels, char *message, size_t message_size);
