#include "async/priority.h"

#include <sys/resource.h>
#include <unistd.h>

namespace svc {

// Linux counts niceness by thread (setpriority(2), "C library/kernel differences"). To be nicer is always
// allowed. SCHED_IDLE instead takes less from requests while the machine is theirs alone; but beside two busy
// strangers a thread that had lost the processor with a lock in its hands held them up (p99 of an order: 63
// ms, with this 24 ms).
void take_priority(Priority priority) {
  if (priority == Priority::normal) return;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), priority == Priority::low ? 10 : 19);
}

}  // namespace svc
