#include <math.h>
float depends(float x) { float y = x; for (int i = 0; i < x; i++) y *= x; return y; }
float while_large(float x) { while (x > 1) x *= 0.5f; return x; }
float leaves(float x) { for (int i = 0; i < 4; i++) { if (x > i) break; x += 1; } return x; }
float long_loop(float x) { float y = 0; for (int i = 0; i < 1000000; i++) y = x; return y; }
float long_formula(float x) { for (int i = 0; i < 12; i++) x = x * x + x; return x; }
float deep_formula(float x) { for (int i = 0; i < 400; i++) x = sqrtf(x); return x; }
float recursive(float x) { return x > 0 ? recursive(x - 1) : x; }
static float second(float x);
static float first(float x) { return second(x); }
static float second(float x) { return first(x); }
float mutual(float x) { return first(x); }
float sometimes(float x) { if (x > 0) return 1; }
float unset(float x) { float y; if (x > 0) y = 1; return y; }
float unset_element(float x) { float t[2]; t[0] = x; return t[1]; }
float unset_table(float x) { float t[2]; t[0] = x; return t[(int)x]; }
float outside(float x) { float t[2] = {1, 2}; int i = 2; return t[i] * x; }
float writes_outside(float x) { float t[2] = {1, 2}; int i = 3; t[i] = x; return t[0]; }
float scatters(float x) { float t[2] = {1, 2}; t[(int)x] = 3; return t[0]; }
float overflows(float x) { int i = 2147483647; i = i + 1; return x + i; }
float wraps(float x) { unsigned i = 0; i = i - 1; return x + i; }
float narrow(float x) { int i = 300; signed char c = i; return x + c; }
float wide(float x) { float y = 1e20f; int i = y; return x + i; }
float zero(float x) { int i = 0; return x + 1 / i; }
float infinite(float x) { float y = 0; return x + 1 / y; }
float divides(float x) { int i = x; return i / 2; }
float power(float x, float y) { return powf(x, y); }
float odd_power(float x) { return powf(x, 1.5f); }
float large_power(float x) { x = x * x + x; return powf(powf(x, 60), 60); }
float no_logarithm(float x) { return x + logf(-1.0f); }
float long_condition(float x) {
    int c = 0;
    for (int i = 0; i < 100; i++) c = c || x == i;
    return c ? 1 : x;
}
