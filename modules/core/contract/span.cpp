#include "contract/span.h"

#include <memory>

#include "base/ids.h"

namespace svc {
namespace {

// A counter behind a mixer (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014):
// ids of one thread never repeat, and those of two differ as random ones do.
std::uint64_t next_id() {
  thread_local std::uint64_t state = random_bits();
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return z != 0 ? z : next_id();  // 0 says that there is none
}

// The rings of all threads, so that none waits for another. One whose thread has ended is the next new thread's.
class Rings {
 public:
  void set(const SpanOptions& options) {
    const std::lock_guard lock(mutex_);
    options_ = options;
  }
  SpanRing* lend() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) free_.push_back(all_.emplace_back(new SpanRing(static_cast<std::size_t>(options_.spans))).get());
    SpanRing* const ring = free_.back();
    free_.pop_back();
    return ring;
  }
  void give_back(SpanRing* ring) {
    const std::lock_guard lock(mutex_);
    free_.push_back(ring);
  }
  std::vector<Span> find(const TraceId& number) const {
    const std::lock_guard lock(mutex_);
    std::vector<Span> found;
    for (const auto& ring : all_) ring->find(number, found);
    return found;
  }

 private:
  mutable std::mutex mutex_;
  SpanOptions options_;
  std::vector<std::unique_ptr<SpanRing>> all_;
  std::vector<SpanRing*> free_;
};

Rings& rings() {
  static auto* const all = new Rings;  // never destroyed: threads may end behind main()
  return *all;
}

SpanRing& ring_of_thread() {
  struct Lent {
    ~Lent() { rings().give_back(ring); }
    SpanRing* const ring = rings().lend();
  };
  thread_local const Lent lent;
  return *lent.ring;
}

}  // namespace

Span Span::begin(Call& call, std::string_view service, std::string_view operation, SpanKind kind) {
  const Origin& origin = *call.origin;
  Span span{origin.trace.id, origin.number, next_id(), call.span, service, operation, kind, Steady::now(), {}, {}};
  call.span = span.id;
  return span;
}

Steady::duration Span::end(std::string_view how) {
  took = Steady::now() - begun;
  outcome = how;
  ring_of_thread().keep(*this);
  return took;
}

void SpanRing::keep(const Span& span) {
  if (limit_ == 0) return;
  const std::lock_guard lock(mutex_);
  if (spans_.size() < limit_) {
    spans_.push_back(span);
    return;
  }
  spans_[next_] = span;
  next_ = next_ + 1 == limit_ ? 0 : next_ + 1;
}

void SpanRing::find(const TraceId& number, std::vector<Span>& found) const {
  const std::lock_guard lock(mutex_);
  for (const auto& span : spans_)
    if (span.trace == number || span.request == number) found.push_back(span);
}

void set_span_options(const SpanOptions& options) { rings().set(options); }

std::vector<Span> find_spans(std::string_view id) {
  const auto trace = read_trace_id(id);
  return rings().find(trace ? *trace : number_of(id));
}

}  // namespace svc
