// Priority: how much of the processors a thread is given when others want them too.
#pragma once

namespace svc {

enum class Priority {
  normal,
  low,         ///< nice 10, about a tenth: what must keep up with requests, but stands in nobody's way
  background,  ///< nice 19, about a seventieth: what follows from requests is not to slow the requests
};

/// Sets the priority of the calling thread.
void take_priority(Priority priority);

}  // namespace svc
