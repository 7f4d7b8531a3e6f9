// The allocator, where a program has to speak to it.
//
// It is jemalloc, unless a sanitizer brings its own. Requests are begun on a loop's thread and written on a database's,
// so most of what one thread allocates another frees; glibc's malloc keeps seven pieces of a size for that and takes a
// lock for the rest (GLIBC_TUNABLES can change it, a program cannot). It cost 5 % of the rate of orders and of reads.
// mimalloc gained half of that; pools of our own would be more code than they save.
#pragma once

namespace svc {

/// Gives memory that is free back to the system, as far as it lies in whole pages. Takes milliseconds. Thread-safe.
void return_free_memory();

}  // namespace svc
