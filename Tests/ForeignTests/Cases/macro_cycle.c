#define FIRST SECOND SECOND
#define SECOND FIRST
float f(float x) { return FIRST; }
