#define TWICE(x) ((x) + (x))
#define NAME TWICE
float twice(float x) { return NAME(x); }
