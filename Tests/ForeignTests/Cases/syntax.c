#include <math.h>
float unfinished(float x) { return x +; }
float misspelt(float value) { return valeu * expff(value); }
float undeclared(float x) { return sigmoid(x) + mistake; }
int missing_semicolon(float x) { return x > 0 }
