#include "/etc/passwd"
#include TABLES
#include <stdio.h>
#include <mat.h>
#embed "table.bin"
#pragma pack(1)
#define LIST(...) __VA_ARGS__
#define PASTE(a, b) a ## b
#if __has_include("other.h")
#endif
_Pragma("once")
float \u0061bc(float x) { return x; }
