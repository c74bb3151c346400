#include <math.h>
#include <braid.h>
#include <stdbool.h>

/// A rectifier with a slope for negative elements.
/// @param x The element.
/// @param slope = 0.01 The slope of
///     negative elements.
/// @return the larger of both lines.
float leaky(float x, float slope) { return x > 0 ? x : slope * x; }

// A helper is no function of the language.
static inline float horner(const float x) {
    static const float coefficients[] = {1.0f, 0.5f, 0.25, 0.125f, 0.0f};
    float sum = 0;
    for (int i = 4; i >= 0; i--) sum = sum * x + coefficients[i];
    return sum;
}

float rational(float x) { return horner(x) / (1 + fabsf(x)); }

float swish(float x, float beta) { return x * braid_sigmoid(beta * x); }

/** Early returns.
 *  \param low = -1 What it is cut off at. */
float early(float x, float low) {
    if (x < low) return low;
    if (isnan(x)) return 0;
    float y = x * x;
    if (x > 1 && x < 2) {
        y += 1;
        if (y > 3) return y;
    } else {
        y = -y;
    }
    return y;
}

/// @param n = 3 how often
/// @param twice = false whether it is doubled
float repeated(float x, int n, bool twice) {
    float y = x;
    int i = 0;
    while (true) {
        if (i == n) break;
        i++;
        if (i == 2) continue;
        y = tanhf(y);
    }
    do { y = y + i; } while (0);
    if (twice) y *= 2;
    return y;
}

static const float steps[4] = {0.5f, 1, 2};

float table(float x) {
    int i = (int)floorf(x);
    return steps[i];
}

float table_towards_zero(float x) {
    int i = x * 3;
    return steps[2] + steps[i + 1];
}

enum { FIRST = 1, SECOND };
#define SQUARE(a) ((a) * (a))
#define HALF 0.5f

float constants(float x) {
    const int size = sizeof(int) * SECOND;
    int odd = size % 3 + 7 / 2 - 'a';
    return SQUARE(x) * HALF + odd * (float)size + M_PI + (x > 0) - !x + (1 < 2);
}

float functions(float x, float y) {
    float a = expf(x) + logf(x) + expm1f(x) + log1pf(x) + sqrtf(x) + fabsf(x) + erff(x) + erfcf(x) + floorf(x) + ceilf(x);
    float b = fmaxf(x, y) + fminf(x, y) + fmaf(x, y, 1) + fdimf(x, y) + truncf(x) + roundf(y);
    return a + b + powf(x, 3) + powf(x, -1) + powf(x, 0.5f) + expf(0) + pow(2, 10);
}

float logic(float x, float y) {
    int inside = x > 0 && x < 1 || y == 2;
    bool outside = !inside;
    return inside ? x : outside + (y != 0 ? 1 : 2);
}

float in_place(float x) {
    float window[3] = {x, 2 * x};
    window[2] = window[0] + window[1];
    for (int i = 0; i < 3; ++i) window[i] -= 1;
    if (x > 0) window[1] = 7;
    return window[0] + window[1] * window[2];
}
