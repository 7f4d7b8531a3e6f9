// Priority: how much of the processors a thread is given when others want them too.
#pragma once

namespace svc {

enum class Priority {
  normal,
  background,  ///< nice 19, about a seventieth: what follows from requests is not to slow the requests
};

/// Sets the priority of the calling thread.
void take_priority(Priority priority);

}  // namespace svc
