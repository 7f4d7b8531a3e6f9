#include "contract/span.h"

#include <algorithm>
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

// What one thread remembers. What only reads is apart: it comes in floods, and would take the rest along.
struct Memory {
  explicit Memory(std::size_t places) : changes(places), reads(places) {}
  SpanRing changes, reads;
};

// Those of all threads, so that none waits for another. When a thread has ended, its is the next new thread's.
class Memories {
 public:
  void set(const SpanOptions& options) {
    const std::lock_guard lock(mutex_);
    options_ = options;
  }
  Memory* lend() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) free_.push_back(all_.emplace_back(new Memory(static_cast<std::size_t>(options_.spans))).get());
    Memory* const memory = free_.back();
    free_.pop_back();
    return memory;
  }
  void give_back(Memory* memory) {
    const std::lock_guard lock(mutex_);
    free_.push_back(memory);
  }
  std::vector<Span> find(const SpanKeys& keys, std::size_t limit) const {
    std::vector<const SpanRing*> rings;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& memory : all_) rings.insert(rings.end(), {&memory->changes, &memory->reads});
    }
    std::vector<Span> found;
    for (const auto* ring : rings) ring->find(keys, found.size() + limit, found);
    return found;
  }

 private:
  mutable std::mutex mutex_;
  SpanOptions options_;
  std::vector<std::unique_ptr<Memory>> all_;  // only ever added to
  std::vector<Memory*> free_;
};

Memories& memories() {
  static auto* const all = new Memories;  // never destroyed: threads may end behind main()
  return *all;
}

Memory& memory_of_thread() {
  struct Lent {
    ~Lent() { memories().give_back(memory); }
    Memory* const memory = memories().lend();
  };
  thread_local const Lent lent;
  return *lent.memory;
}

}  // namespace

Span Span::begin(Call& call, std::string_view service, std::string_view operation, SpanKind kind) {
  const Origin& origin = *call.origin;
  Span span{
      origin.trace.id, origin.number, next_id(), call.span, service, operation, kind, Steady::now(), {}, {}, false};
  call.span = span.id;
  return span;
}

Steady::duration Span::end(std::string_view how) {
  took = Steady::now() - begun;
  outcome = how;
  Memory& memory = memory_of_thread();
  (is_read ? memory.reads : memory.changes).keep(*this);
  return took;
}

SpanKeys keys_of(std::string_view id) {
  const auto request = number_of(id);
  return {read_trace_id(id).value_or(request), request};
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
  // The next place was written thousands of spans ago: by the time it is wanted it will be near.
  const auto* const place = reinterpret_cast<const char*>(&spans_[next_]);
  for (std::size_t at = 0; at < sizeof(Span); at += 64) __builtin_prefetch(place + at, 1);
}

// In pieces: the thread whose ring it is waits for one of them at most. What it keeps meanwhile may take the place of
// what was yet to be looked at.
void SpanRing::find(const SpanKeys& keys, std::size_t limit, std::vector<Span>& found) const {
  constexpr std::size_t piece = 1'024;
  std::size_t newest = 0, count = 0;
  {
    const std::lock_guard lock(mutex_);
    count = spans_.size();
    newest = next_ + count;
  }
  for (std::size_t looked = 0; looked < count && found.size() < limit;) {
    const std::lock_guard lock(mutex_);
    for (const auto end = std::min(count, looked + piece); looked < end && found.size() < limit; ++looked)
      if (const Span& span = spans_[(newest - 1 - looked) % count]; keys.match(span)) found.push_back(span);
  }
}

void set_span_options(const SpanOptions& options) { memories().set(options); }

FoundSpans find_spans(std::string_view id, std::size_t limit) {
  FoundSpans found{memories().find(keys_of(id), limit + 1), false};
  std::ranges::sort(found.spans, {}, &Span::begun);
  found.more = found.spans.size() > limit;
  if (found.more) found.spans.erase(found.spans.begin(), found.spans.end() - static_cast<std::ptrdiff_t>(limit));
  return found;
}

}  // namespace svc
