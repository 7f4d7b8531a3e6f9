#include "base/memory.h"

#ifdef SVC_JEMALLOC
#include <jemalloc/jemalloc.h>
#else
#include <malloc.h>
#endif

namespace svc {

#ifdef SVC_JEMALLOC
#define SVC_TEXT_OF(number) SVC_TEXT(number)
#define SVC_TEXT(number) #number
void return_free_memory() {
  ::mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  ::mallctl("arena." SVC_TEXT_OF(MALLCTL_ARENAS_ALL) ".purge", nullptr, nullptr, nullptr, 0);
}
#else
void return_free_memory() { ::malloc_trim(0); }
#endif

}  // namespace svc
