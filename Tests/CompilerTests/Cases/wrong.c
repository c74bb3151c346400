#include "operators.c"

void wrong(
    const float *image, const float *gradient, float *image_gradient, const int64_t *shape, int radius, float space, float range) {
    bilateral_gradient(image, gradient, image_gradient, shape, radius, space, 2 * range);
}

/// Leaves an element as it was.
void incomplete(const float *image, float *result, const int64_t *shape, int radius, float space, float range) {
    for (int64_t e = 1; e < shape[0] * shape[1] * shape[2]; e++) result[e] = radius + space + range + image[e];
}
