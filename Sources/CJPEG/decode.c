#include "braid_jpeg.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>
#include <jerror.h>

struct braid_jpeg {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr manager;
    jmp_buf back;
    char text[JMSG_LENGTH_MAX];
};

static void fail(j_common_ptr info) {
    struct braid_jpeg *file = info->client_data;
    file->manager.format_message(info, file->text);
    longjmp(file->back, 1);
}

static int closed(struct braid_jpeg *file, int status, char *message, size_t message_size) {
    if (status == 1) snprintf(message, message_size, "%s", file->text);
    jpeg_destroy_decompress(&file->info);
    free(file);
    return status;
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

// The colours of a row of inks (cyan, magenta, yellow, black), with the formula and rounding of Pillow's convert("RGB").
static void mix(const uint8_t *inks, uint8_t *colours, size_t count, int is_inverted) {
    for (size_t pixel = 0; pixel < count; pixel++) {
        // What light the black ink lets through; where values are inverted, they say that themselves.
        const int black = is_inverted ? inks[4 * pixel + 3] : 255 - inks[4 * pixel + 3];
        for (int channel = 0; channel < 3; channel++) {
            const int value = inks[4 * pixel + channel];
            const int product = (is_inverted ? 255 - value : value) * black + 128;
            const int absorbed = ((product >> 8) + product) >> 8;
            colours[3 * pixel + channel] = (uint8_t)(black - absorbed);
        }
    }
}

// A file can ask for any number of passes over the whole picture, each for some bytes; real ones have about ten. Of the largest pictures
// 32 take two seconds.
static int maximum_scans(size_t pixels) {
    const size_t scans = ((size_t)1 << 31) / pixels;
    return scans < 32 ? 32 : scans > 200 ? 200 : (int)scans;
}

int braid_jpeg_open(const uint8_t *bytes, size_t count, size_t maximum_pixels, size_t maximum_side, struct braid_jpeg **result, int *width,
                    int *height, int *channels, char *message, size_t message_size) {
    struct braid_jpeg *file = calloc(1, sizeof *file);
    if (!file) {
        snprintf(message, message_size, "out of memory");
        return 1;
    }
    struct jpeg_decompress_struct *info = &file->info;
    info->err = jpeg_std_error(&file->manager);
    file->manager.error_exit = fail;
    file->manager.emit_message = warn;
    info->client_data = file;
    if (setjmp(file->back)) return closed(file, 1, message, message_size);
    jpeg_create_decompress(info);
    jpeg_mem_src(info, bytes, count);
    jpeg_read_header(info, TRUE);
    *width = (int)info->image_width;
    *height = (int)info->image_height;
    if (info->image_width > maximum_side || info->image_height > maximum_side
        || (size_t)info->image_width * info->image_height > maximum_pixels)
        return closed(file, 2, message, message_size);
    *channels = info->jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
    *result = file;
    return 0;
}

int braid_jpeg_read(struct braid_jpeg *file, uint8_t *pixels, char *message, size_t message_size) {
    struct jpeg_decompress_struct *info = &file->info;
    if (setjmp(file->back)) return closed(file, 1, message, message_size);
    const int has_inks = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
    info->out_color_space = has_inks ? JCS_CMYK : info->jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    if (jpeg_has_multiple_scans(info)) {
        info->buffered_image = TRUE;
        jpeg_start_decompress(info);
        const int scans = maximum_scans((size_t)info->image_width * info->image_height);
        while (!jpeg_input_complete(info)) {
            if (jpeg_consume_input(info) == JPEG_REACHED_SOS && info->input_scan_number > scans) {
                snprintf(file->text, sizeof file->text, "more than %d scans of %u x %u pixels", scans, info->image_width,
                         info->image_height);
                return closed(file, 1, message, message_size);
            }
        }
        jpeg_start_output(info, info->input_scan_number);
    } else {
        jpeg_start_decompress(info);
    }
    const size_t stride = (size_t)info->output_width * (info->out_color_space == JCS_GRAYSCALE ? 1 : 3);
    // libjpeg frees what comes from its pool, also when it fails.
    JSAMPROW inks = has_inks ? info->mem->alloc_large((j_common_ptr)info, JPOOL_IMAGE, (size_t)info->output_width * 4) : NULL;
    while (info->output_scanline < info->output_height) {
        JSAMPROW row = pixels + stride * info->output_scanline;
        jpeg_read_scanlines(info, has_inks ? &inks : &row, 1);
        if (has_inks) mix(inks, row, info->output_width, info->saw_Adobe_marker);
    }
    if (info->buffered_image) jpeg_finish_output(info);
    jpeg_finish_decompress(info);
    return closed(file, 0, message, message_size);
}
