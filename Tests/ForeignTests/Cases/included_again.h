#include "includes_itself.c"
#define SCALE 2
