#include <stdint.h>
struct pair { float a, b; };
float pointer(const float *x) { return x[0]; }
void nothing(float x) {}
double wide(float x) { return x; }
float wide_parameter(double x) { return x; }
float structure(struct pair x) { return x.a; }
float many(float x, ...) { return x; }
float changing(volatile float x) { return x; }
float array(float x[4]) { return x[0]; }
float integer(float x, int n) { return x + n; }
/// @param slope = steep The slope.
float no_number(float x, float slope) { return slope * x; }
/// @param n = 2.5 How often.
float no_integer(float x, int n) { return n * x; }
/// @param x = 1 Nothing is left.
float no_element(float x) { return x; }
/// @param x = 1
/// @param n = 99999999999 Too many.
float large(float y, float x, int n) { return n * x * y; }
