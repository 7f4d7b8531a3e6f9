// ChangeLog: which instances changed last, so that who watches hears of them. Counts every change; remembers the
// last ones.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace svc::registry {

class ChangeLog {
 public:
  struct Touched {
    std::string service_name, instance_id;
    bool operator==(const Touched&) const = default;
  };

  /// `kept`: how many changes are remembered.
  explicit ChangeLog(std::size_t kept) : kept_(kept) {}

  std::int64_t revision() const { return revision_; }
  void add(Touched touched);
  /// What was touched after `since`, each once, the latest last. Nothing when that is no longer known, or is yet to
  /// come.
  std::optional<std::vector<Touched>> after(std::int64_t since) const;

 private:
  const std::size_t kept_;
  std::int64_t revision_ = 0;
  std::deque<Touched> last_;  // the youngest, of `revision_`, at the back
};

}  // namespace svc::registry
