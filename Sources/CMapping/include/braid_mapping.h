// Mapped files that may become shorter while they are read.
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
