#include "scale.h"
#include "missing.h"
float f(float x) { return x * SCALE; }
