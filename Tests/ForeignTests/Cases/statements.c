#include <math.h>
static float total;
extern float elsewhere;
float keeps(float x) { static float sum = 0; sum += x; return sum; }
float global(float x) { total = x; return total; }
float other_file(float x) { extern float shared; return x + shared; }
float jumps(float x) { again: if (x > 1) goto again; return x; }
float goes(float x) { goto end; end: return x; }
float switches(float x) { switch ((int)x) { case 1: return 2; default: return x; } }
float endless(float x) { for (;;) x += 1; return x; }
float discards(float x) { expf(x); return x; }
float unused(float x) { x + 1; return x; }
float lone(float x) { x; return x; }
float shifts(float x) { int i = 1; i <<= 2; return i * x; }
float declares(float x) { struct pair { float a; }; return x; }
float changes(float x) { float y; return x + (y = 2 * x); }
float counts(float x) { int i = 0; return x + i++; }
float commas(float x) { return (x + 1, x + 2); }
float compound(float x) { return x + (x *= 2); }
