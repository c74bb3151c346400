float assembly(float x) { __asm__("nop"); return x; }
float complex_number(float x) { _Complex float z = x; return x; }
#ifndef __RESERVED_H__
#define __RESERVED_H__
#define HALF(__x) (0.5f * (__x))
#define HOT __attribute__((hot))
#endif
static const int wide = (_BitInt(8388000))3 / 7;
float pasted(float x) { float __y = x; return __builtin_printf("x") + __y; }
[[noreturn]] float never(float x) { return x; }
#pragma STDC FP_CONTRACT ON
static const float far[1 << 28] = {[(1 << 28) - 1] = 1};
static const float all[1 << 28] = {[0 ... (1 << 28) - 1] = 1};
float sure(float x) { return __builtin_fabsf(HALF(x)); }
