#include <math.h>
struct pair { float a; };
static const struct pair one = {1};
static float twice(float x) { return 2 * x; }
float takes_address(float x) { return *&x; }
float bits(float x) { return ~3 * x; }
float modulo(float x) { return (int)x ^ 3; }
float infinite(float x) { return fminf(x, INFINITY); }
float member(float x) { return x + one.a; }
float block_value(float x) { return ({ x + 1; }); }
float literal(float x) { return x + (float){1}; }
float text(float x) { return x + "abc"[0]; }
float function_pointer(float x) { float (*f)(float) = twice; return f(x); }
float calls_pointer(float x) { return (x > 0 ? twice : twice)(x); }
float swapped(float x) { float t[2] = {1, 2}; return 1[t] * x; }
float unknown(float x) { return sinf(x) + cosf(x); }
float designated(float x) { float t[2] = {[1] = x}; return t[1]; }
float nested(float x) { float t[2][2] = {{1, 2}, {3, 4}}; return t[0][1] * x; }
float long_table(float x) { float t[65] = {1}; return t[64] * x; }
float letters(float x) { char t[] = "abc"; return t[1] * x; }
float sized(float x) { int n = 3; float t[n]; t[0] = x; return t[0]; }
float pointer(float x) { float *p = &x; return *p; }
float array_value(float x) { float t[2] = {1, 2}; return t ? x : 1; }
float wide(float x) { double y = x; return y; }
float converts(float x) { return (double)x; }
float function_value(float x) { return twice ? x : 1; }
float compares_array(float x) { float t[2] = {1, 2}; return t == 0 ? x : 1; }
float moves(float x) { float t[2] = {1, 2}; return (t + 1)[0] * x; }
float empty(float x) { float y = {}; return x + y; }
