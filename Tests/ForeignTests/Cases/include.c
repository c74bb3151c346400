#include "scale.h"
#include "./scale.h"
float f(float x) { return scaled(x) + of_header(x); }
