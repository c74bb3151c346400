#include "braid_jpeg.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>
#include <jerror.h>

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

// Lost image data are only warnings to libjpeg, which then invents grey pixels; to us they are errors.
// Other warnings (bytes between two markers, a newer JFIF version) leave the pixels whole.
static void warn(j_common_ptr info, int level) {
    if (level >= 0) return;
    switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
        fail(info);
    }
}

// A file can ask for any number of passes over the whole picture; real ones have about ten.
static const int maximum_scans = 200;

int braid_jpeg_decode(const uint8_t *bytes, size_t count, size_t maximum_pixels, uint8_t **pixels, int *width, int *height,
                      int *channels, char *message, size_t message_size) {
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
    info.out_color_space = info.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    if (jpeg_has_multiple_scans(&info)) {
        info.buffered_image = TRUE;
        jpeg_start_decompress(&info);
        while (!jpeg_input_complete(&info)) {
            if (jpeg_consume_input(&info) == JPEG_REACHED_SOS && info.input_scan_number > maximum_scans) {
                snprintf(message, message_size, "more than %d scans", maximum_scans);
                jpeg_destroy_decompress(&info);
                return 1;
            }
        }
        jpeg_start_output(&info, info.input_scan_number);
    } else {
        jpeg_start_decompress(&info);
    }
    size_t stride = (size_t)info.output_width * info.output_components;
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
    if (info.buffered_image) jpeg_finish_output(&info);
    *width = (int)info.output_width;
    *height = (int)info.output_height;
    *channels = info.output_components;
    *pixels = image;
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    return 0;
}
