#define A(x) x + x + x + x + x + x + x + x + x + x
#define B(x) A(A(A(A(x))))
#define C B(B(1))
float f(float x) { return x * (C); }
