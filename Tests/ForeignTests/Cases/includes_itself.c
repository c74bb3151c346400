#include "included_again.h"
float f(float x) { return x * SCALE; }
