#include <braid.h>
#include <math.h>
#include <stdint.h>

/// A bilateral filter: each pixel becomes a mean of those around it, the less weighted the further they are away
/// (Tomasi and Manduchi 1998).
/// @param image The picture.
/// @param radius How many pixels around are looked at.
/// @param space How far away half of the weight is, in pixels.
/// @param range How different a pixel is that weighs little.
void bilateral(const float *image, float *result, const int64_t *shape, int radius, float space, float range) {
    int64_t channels = shape[0], height = shape[1], width = shape[2];
    for (int64_t c = 0; c < channels; c++) {
        const float *x = image + c * height * width;
        for (int64_t i = 0; i < height; i++)
            for (int64_t j = 0; j < width; j++) {
                float sum = 0, total = 0, here = x[i * width + j];
                for (int64_t k = i - radius; k <= i + radius; k++)
                    for (int64_t l = j - radius; l <= j + radius; l++) {
                        if (k < 0 || k >= height || l < 0 || l >= width) continue;
                        float there = x[k * width + l], d = there - here;
                        float far = (float)((k - i) * (k - i) + (l - j) * (l - j));
                        float weight = expf(-far / (2 * space * space) - d * d / (2 * range * range));
                        sum += weight * there;
                        total += weight;
                    }
                result[(c * height + i) * width + j] = sum / total;
            }
    }
}

void bilateral_gradient(
    const float *image, const float *gradient, float *image_gradient, const int64_t *shape, int radius, float space, float range) {
    int64_t channels = shape[0], height = shape[1], width = shape[2];
    for (int64_t e = 0; e < channels * height * width; e++) image_gradient[e] = 0;
    for (int64_t c = 0; c < channels; c++) {
        const float *x = image + c * height * width;
        float *dx = image_gradient + c * height * width;
        for (int64_t i = 0; i < height; i++)
            for (int64_t j = 0; j < width; j++) {
                float sum = 0, total = 0, here = x[i * width + j];
                for (int pass = 0; pass < 2; pass++)
                    for (int64_t k = i - radius; k <= i + radius; k++)
                        for (int64_t l = j - radius; l <= j + radius; l++) {
                            if (k < 0 || k >= height || l < 0 || l >= width) continue;
                            float there = x[k * width + l], d = there - here;
                            float far = (float)((k - i) * (k - i) + (l - j) * (l - j));
                            float weight = expf(-far / (2 * space * space) - d * d / (2 * range * range));
                            if (pass == 0) {
                                sum += weight * there;
                                total += weight;
                                continue;
                            }
                            float up = gradient[(c * height + i) * width + j] / total;
                            float inner = (there - sum / total) * weight * -d / (range * range);
                            dx[k * width + l] += up * (weight + inner);
                            dx[i * width + j] -= up * inner;
                        }
            }
    }
}

/// What a place between pixels has, by the four around it; outside of the picture there is zero.
typedef struct {
    int64_t row, column;
    float down, right;
} place;

/// The place, or one of a row of -2 where it is not near the picture.
static place place_of(float row, float column, int64_t height, int64_t width) {
    place found = {-2, -2, 0, 0};
    if (!(row > -1 && row < height && column > -1 && column < width)) return found;
    found.row = (int64_t)floorf(row);
    found.column = (int64_t)floorf(column);
    found.down = row - floorf(row);
    found.right = column - floorf(column);
    return found;
}

static float pixel(const float *x, int64_t row, int64_t column, int64_t height, int64_t width) {
    return row < 0 || row >= height || column < 0 || column >= width ? 0 : x[row * width + column];
}

/// Deformable sampling: each pixel is taken from where its offset points, between pixels by the four around (Dai et al. 2017).
/// @param image The picture.
/// @param offsets How far down, and how far right, each pixel lies that is taken.
void deform(const float *image, const float *offsets, float *result, const int64_t *shape) {
    int64_t channels = shape[0], height = shape[1], width = shape[2], area = height * width;
    for (int64_t i = 0; i < area; i++) {
        place at = place_of(i / width + offsets[i], i % width + offsets[area + i], height, width);
        for (int64_t c = 0; c < channels; c++) {
            const float *x = image + c * area;
            float upper = (1 - at.right) * pixel(x, at.row, at.column, height, width)
                + at.right * pixel(x, at.row, at.column + 1, height, width);
            float lower = (1 - at.right) * pixel(x, at.row + 1, at.column, height, width)
                + at.right * pixel(x, at.row + 1, at.column + 1, height, width);
            result[c * area + i] = (1 - at.down) * upper + at.down * lower;
        }
    }
}

static void add(float *x, int64_t row, int64_t column, int64_t height, int64_t width, float value) {
    if (row >= 0 && row < height && column >= 0 && column < width) x[row * width + column] += value;
}

void deform_gradient(
    const float *image, const float *offsets, const float *gradient, float *image_gradient, float *offsets_gradient,
    const int64_t *shape) {
    int64_t channels = shape[0], height = shape[1], width = shape[2], area = height * width;
    for (int64_t e = 0; e < channels * area; e++) image_gradient[e] = 0;
    for (int64_t e = 0; e < 2 * area; e++) offsets_gradient[e] = 0;
    for (int64_t i = 0; i < area; i++) {
        place at = place_of(i / width + offsets[i], i % width + offsets[area + i], height, width);
        for (int64_t c = 0; c < channels; c++) {
            const float *x = image + c * area;
            float *dx = image_gradient + c * area, up = gradient[c * area + i];
            add(dx, at.row, at.column, height, width, up * (1 - at.down) * (1 - at.right));
            add(dx, at.row, at.column + 1, height, width, up * (1 - at.down) * at.right);
            add(dx, at.row + 1, at.column, height, width, up * at.down * (1 - at.right));
            add(dx, at.row + 1, at.column + 1, height, width, up * at.down * at.right);
            float a = pixel(x, at.row, at.column, height, width), b = pixel(x, at.row, at.column + 1, height, width);
            float c0 = pixel(x, at.row + 1, at.column, height, width), d = pixel(x, at.row + 1, at.column + 1, height, width);
            offsets_gradient[i] += up * ((1 - at.right) * (c0 - a) + at.right * (d - b));
            offsets_gradient[area + i] += up * ((1 - at.down) * (b - a) + at.down * (d - c0));
        }
    }
}

/// Each channel times the gate of its own, which all pictures share.
void gate(const float *image, const float *gates, float *result, const int64_t *shape) {
    int64_t channels = shape[0], area = shape[1] * shape[2];
    for (int64_t e = 0; e < channels * area; e++) result[e] = image[e] * braid_sigmoid(gates[e / area]);
}

void gate_gradient(
    const float *image, const float *gates, const float *gradient, float *image_gradient, float *gates_gradient, const int64_t *shape) {
    int64_t channels = shape[0], area = shape[1] * shape[2];
    for (int64_t c = 0; c < channels; c++) {
        float open = braid_sigmoid(gates[c]), sum = 0;
        for (int64_t e = c * area; e < (c + 1) * area; e++) {
            image_gradient[e] = gradient[e] * open;
            sum += gradient[e] * image[e];
        }
        gates_gradient[c] = sum * open * (1 - open);
    }
}
