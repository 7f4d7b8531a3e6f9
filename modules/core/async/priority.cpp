#include "async/priority.h"

#include <sys/resource.h>
#include <unistd.h>

namespace svc {

// Linux counts niceness by thread (setpriority(2), "C library/kernel differences"). To be nicer is always allowed.
void take_priority(Priority priority) {
  if (priority == Priority::background) ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10);
}

}  // namespace svc
