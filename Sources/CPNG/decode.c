#include "braid_png.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct failure {
    jmp_buf back;
    char *text;
    size_t size;
};

static void fail(png_structp png, png_const_charp text) {
    struct failure *failure = png_get_error_ptr(png);
    snprintf(failure->text, failure->size, "%s", text);
    longjmp(failure->back, 1);
}

// What is only doubtful leaves the pixels whole; libpng has errors for what does not.
static void warn(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

struct source {
    const uint8_t *bytes;
    size_t count;
};

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    struct source *source = png_get_io_ptr(png);
    if (count > source->count) png_error(png, "the file is cut off");
    memcpy(target, source->bytes, count);
    source->bytes += count;
    source->count -= count;
}

int braid_png_decode(const uint8_t *bytes, size_t count, size_t maximum_pixels, size_t maximum_side, uint8_t **pixels, int *width,
                     int *height, int *channels, char *message, size_t message_size) {
    struct failure failure = {.text = message, .size = message_size};
    struct source source = {bytes, count};
    png_infop info = NULL;
    // What is set between setjmp and longjmp must be in memory to be seen afterwards.
    uint8_t *volatile image = NULL;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &failure, fail, warn);
    if (png) info = png_create_info_struct(png);
    if (!info) {
        snprintf(message, message_size, "out of memory");
        png_destroy_read_struct(&png, NULL, NULL);
        return 1;
    }
    if (setjmp(failure.back)) {
        png_destroy_read_struct(&png, &info, NULL);
        free(image);
        return 1;
    }
    png_set_read_fn(png, &source, read_bytes);
#ifdef PNG_HANDLE_AS_UNKNOWN_SUPPORTED
    // Texts, profiles and whatever else does not make the pixels is not even unpacked.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
#endif
    // Our own bound on the pixels is the one that counts.
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(png, info);
    const size_t columns = png_get_image_width(png, info), rows = png_get_image_height(png, info);
    if (columns > maximum_side || rows > maximum_side || columns > maximum_pixels / rows) {
        *width = (int)columns;
        *height = (int)rows;
        png_destroy_read_struct(&png, &info, NULL);
        return 2;
    }
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    const size_t stored = png_get_channels(png, info);
    const size_t stride = png_get_rowbytes(png, info);
    if (png_get_bit_depth(png, info) != 8 || (stored != 1 && stored != 3) || stride != columns * stored) {
        png_error(png, "unknown form of pixels");
    }
    image = malloc(stride * rows);
    if (!image) png_error(png, "out of memory");
    for (int pass = 0; pass < passes; pass++) {
        for (size_t row = 0; row < rows; row++) png_read_row(png, image + stride * row, NULL);
    }
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    *pixels = image;
    *width = (int)columns;
    *height = (int)rows;
    *channels = (int)stored;
    return 0;
}
