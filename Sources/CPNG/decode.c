#include "braid_png.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct braid_png {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count;
    int passes;
    jmp_buf back;
    char text[256];
};

static void fail(png_structp png, png_const_charp text) {
    struct braid_png *file = png_get_error_ptr(png);
    snprintf(file->text, sizeof file->text, "%s", text);
    longjmp(file->back, 1);
}

// What is only doubtful leaves the pixels whole; libpng has errors for what does not.
static void warn(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    struct braid_png *file = png_get_io_ptr(png);
    if (count > file->count) png_error(png, "the file is cut off");
    memcpy(target, file->bytes, count);
    file->bytes += count;
    file->count -= count;
}

static int closed(struct braid_png *file, int status, char *message, size_t message_size) {
    if (status == 1) snprintf(message, message_size, "%s", file->text);
    png_destroy_read_struct(&file->png, &file->info, NULL);
    free(file);
    return status;
}

int braid_png_open(const uint8_t *bytes, size_t count, size_t maximum_pixels, size_t maximum_side, struct braid_png **result, int *width,
                   int *height, int *channels, char *message, size_t message_size) {
    struct braid_png *file = calloc(1, sizeof *file);
    if (!file) {
        snprintf(message, message_size, "out of memory");
        return 1;
    }
    file->bytes = bytes;
    file->count = count;
    file->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, file, fail, warn);
    if (file->png) file->info = png_create_info_struct(file->png);
    if (!file->info) {
        snprintf(file->text, sizeof file->text, "out of memory");
        return closed(file, 1, message, message_size);
    }
    png_structp png = file->png;
    png_infop info = file->info;
    if (setjmp(file->back)) return closed(file, 1, message, message_size);
    png_set_read_fn(png, file, read_bytes);
#ifdef PNG_HANDLE_AS_UNKNOWN_SUPPORTED
    // Texts, profiles and whatever else does not make the pixels is not even unpacked.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
#endif
    // Our own bound on the pixels is the one that counts.
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(png, info);
    const size_t columns = png_get_image_width(png, info), rows = png_get_image_height(png, info);
    *width = (int)columns;
    *height = (int)rows;
    if (columns > maximum_side || rows > maximum_side || columns > maximum_pixels / rows) return closed(file, 2, message, message_size);
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    file->passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    const size_t stored = png_get_channels(png, info);
    if (png_get_bit_depth(png, info) != 8 || (stored != 1 && stored != 3) || png_get_rowbytes(png, info) != columns * stored) {
        png_error(png, "unknown form of pixels");
    }
    *channels = (int)stored;
    *result = file;
    return 0;
}

int braid_png_read(struct braid_png *file, uint8_t *pixels, char *message, size_t message_size) {
    if (setjmp(file->back)) return closed(file, 1, message, message_size);
    const size_t rows = png_get_image_height(file->png, file->info), stride = png_get_rowbytes(file->png, file->info);
    for (int pass = 0; pass < file->passes; pass++) {
        for (size_t row = 0; row < rows; row++) png_read_row(file->png, pixels + stride * row, NULL);
    }
    png_read_end(file->png, NULL);
    return closed(file, 0, message, message_size);
}
