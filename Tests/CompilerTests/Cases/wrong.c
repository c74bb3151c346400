#include "operators.c"

void wrong(
    const float *image, const float *gradient, float *image_gradient, const int64_t *shape, int radius, float space, float range) {
    bilateral_gradient(image, gradient, image_gradient, shape, radius, space, 2 * range);
}

/// Leaves an element as it was.
void incomplete(const float *image, float *result, const int64_t *shape, int radius, float space, float range) {
    for (int64_t e = 1; e < shape[0] * shape[1] * shape[2]; e++) result[e] = radius + space + range + image[e];
}

/// Defined where numbers are positive.
void logarithm(const float *image, float *result, const int64_t *shape, int radius, float space, float range) {
    for (int64_t e = 0; e < shape[0] * shape[1] * shape[2]; e++) result[e] = logf(image[e]);
}

void logarithm_gradient(
    const float *image, const float *gradient, float *image_gradient, const int64_t *shape, int radius, float space, float range) {
    for (int64_t e = 0; e < shape[0] * shape[1] * shape[2]; e++) image_gradient[e] = gradient[e] / image[e];
}

/// The same in both precisions, and no numbers.
void infinite(const float *image, float *result, const int64_t *shape, int radius, float space, float range) {
    for (int64_t e = 0; e < shape[0] * shape[1] * shape[2]; e++) result[e] = e % 2 ? INFINITY : NAN;
}

/// Adds to what is there.
void adding(const float *image, const float *gradient, float *image_gradient, const int64_t *shape, int radius, float space, float range) {
    for (int64_t e = 0; e < shape[0] * shape[1] * shape[2]; e++) image_gradient[e] += gradient[e] / image[e];
}
