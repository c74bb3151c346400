#pragma once
#include <math.h>

/// How much.
static const float scale = 2;
static inline float scaled(float x) { return scale * x; }
/// From the header.
float of_header(float x) { return expf(scaled(x)); }
