// The trace that something is part of, as it travels (W3C Trace Context).
#pragma once

#include <string>
#include <string_view>

#include "contract/call.h"

namespace svc {

/// Whether it is a `traceparent` of version 00 (W3C Trace Context section 3.2).
bool is_traceparent(std::string_view text);

/// The `traceparent` of what follows from `origin`: the one its request came with; else one named after the
/// request, or the saga, so that all that follows from it shares a trace. Empty when the request's id is no
/// UUID, or one of zeros.
std::string trace_of(const Origin& origin);

}  // namespace svc
