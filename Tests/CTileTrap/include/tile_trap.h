// Tiles for processors that have none, in tests.
#pragma once

/// Makes machine code with tiles of bf16 (Intel AMX) run on a processor of x86-64 with AVX-512 that has none: every instruction of tiles that
/// it does not know is carried out when it traps (SIGILL). Each takes some microseconds. Other illegal instructions end as they did before.
///
/// What a product of tiles computes is written here from the processor's manual a second time, with the processor's own arithmetic, for
/// comparison with the interpreter.
///
/// Returns whether such code runs after it, be it so or because there are tiles: 0 on other machines.
int braid_tiles_are_carried_out(void);
