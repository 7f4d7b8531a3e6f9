// Measures: what there is to measure of a process at one moment, as Prometheus reads it (Prometheus,
// "Exposition formats", text format 0.0.4). Made anew for each scrape: nothing is counted beside what is
// measured.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace svc {

class Measures {
 public:
  /// Names follow Prometheus' rules for labels; values may be any text.
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  /// One value that goes up and down. A name has one kind and one help, a sentence without its full stop.
  void gauge(std::string_view name, std::string_view help, const Labels& labels, std::int64_t value);
  /// One that only ever goes up, whatever is started anew in between; its name ends in _total.
  void counter(std::string_view name, std::string_view help, const Labels& labels, std::int64_t value);

  /// How values of one kind, all of them times, are spread.
  struct Histogram {
    struct Bucket {
      std::int64_t bound_us;  ///< not more than this, but more than the bucket before
      std::int64_t count;
    };
    std::vector<Bucket> buckets;  ///< by ascending bound
    std::int64_t longer = 0;      ///< more than the last bound
    std::int64_t sum_ns = 0;
    std::int64_t count() const;
  };
  /// Its name ends in _seconds.
  void histogram(std::string_view name, std::string_view help, const Labels& labels, const Histogram& times);

  std::string text() const;

  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Family {
    std::string head;     // HELP and TYPE
    std::string samples;  // all of one name stand together
  };
  std::string& samples(std::string_view kind, std::string_view name, std::string_view help);

  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace svc
