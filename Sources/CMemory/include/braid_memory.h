// What Braid asks of the system's memory and Swift has no name for.
#pragma once
#include <stddef.h>

/// Watches a page-aligned read-only mapping of a file, at most 64 at a time: where its pages can no longer be read because the file was
/// cut off, readers get zeros instead of a signal that ends the process.
///
/// Returns a number for the other functions, or -1 where no more can be watched.
int braid_mapping_watch(const void *start, size_t length);

/// Whether something of a watched mapping could not be read so far.
int braid_mapping_is_damaged(int watch);

/// Ends a watch; nothing reads the mapping any more.
void braid_mapping_unwatch(int watch);

/// Gives the pages of a loaded library's code and constants back to the system, which maps them again when they are needed. `name` is a
/// part of the library's path. Does nothing where the system has no way to say it.
void braid_memory_release_library(const char *name);

/// Gives freed memory that the allocator holds back to the system, where it can.
void braid_memory_trim(void);
