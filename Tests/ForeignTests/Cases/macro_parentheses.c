#define OPEN (x
float f(float x) { return OPEN); }
