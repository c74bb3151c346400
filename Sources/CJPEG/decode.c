#include "braid_jpeg.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>

struct failure {
    struct jpeg_error_mgr manager;
    jmp_buf back;
    char text[JMSG_LENGTH_MAX];
};

static void fail(j_common_ptr info) {
    struct failure *failure = (struct failure *)info->err;
    failure->manager.format_message(info, failure->text);
    longjmp(failure->back, 1);
}

// A truncated file is only a warning to libjpeg, which then invents grey pixels; to us it is an error.
static void warn(j_common_ptr info, int level) {
    if (level < 0) fail(info);
}

int braid_jpeg_decode(const uint8_t *bytes, size_t count, size_t maximum_pixels, uint8_t **pixels, int *width, int *height,
                      char *message, size_t message_size) {
    struct jpeg_decompress_struct info;
    struct failure failure;
    uint8_t *volatile image = NULL;
    info.err = jpeg_std_error(&failure.manager);
    failure.manager.error_exit = fail;
    failure.manager.emit_message = warn;
    if (setjmp(failure.back)) {
        snprintf(message, message_size, "%s", failure.text);
        jpeg_destroy_decompress(&info);
        free(image);
        return 1;
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, bytes, count);
    jpeg_read_header(&info, TRUE);
    if ((size_t)info.image_width * info.image_height > maximum_pixels) {
        snprintf(message, message_size, "%u x %u pixels are more than %zu", info.image_width, info.image_height, maximum_pixels);
        jpeg_destroy_decompress(&info);
        return 1;
    }
    info.out_color_space = JCS_RGB;
    jpeg_start_decompress(&info);
    size_t stride = (size_t)info.output_width * 3;
    image = malloc(stride * info.output_height);
    if (!image) {
        snprintf(message, message_size, "out of memory");
        jpeg_destroy_decompress(&info);
        return 1;
    }
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = image + stride * info.output_scanline;
        jpeg_read_scanlines(&info, &row, 1);
    }
    *width = (int)info.output_width;
    *height = (int)info.output_height;
    *pixels = image;
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    return 0;
}
