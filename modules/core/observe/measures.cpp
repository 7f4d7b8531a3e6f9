#include "observe/measures.h"

namespace svc {
namespace {

void append_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') text.push_back('\\');
    if (c == '\n') text += "\\n";
    else text.push_back(c);
  }
}

// One sample: a line.
void append(std::string& samples, std::string_view name, const Measures::Labels& labels, std::string_view value) {
  samples += name;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    samples += i == 0 ? '{' : ',';
    samples += labels[i].first;
    samples += "=\"";
    append_escaped(samples, labels[i].second);
    samples += '"';
  }
  if (!labels.empty()) samples += '}';
  samples += ' ';
  samples += value;
  samples += '\n';
}

// `value` of `units` to the second, as seconds.
std::string in_seconds(std::int64_t value, std::int64_t units) {
  std::string text = std::to_string(value / units);
  std::string part = std::to_string(units + value % units).substr(1);
  part.erase(part.find_last_not_of('0') + 1);
  return part.empty() ? text : text + '.' + part;
}

}  // namespace

std::string& Measures::samples(std::string_view kind, std::string_view name, std::string_view help) {
  auto& family = families_[std::string(name)];
  if (family.head.empty()) {
    const std::string of = std::string(name) + " ";
    family.head = "# HELP " + of + std::string(help) + "\n# TYPE " + of + std::string(kind) + "\n";
  }
  return family.samples;
}

void Measures::gauge(std::string_view name, std::string_view help, const Labels& labels, std::int64_t value) {
  append(samples("gauge", name, help), name, labels, std::to_string(value));
}

void Measures::counter(std::string_view name, std::string_view help, const Labels& labels, std::int64_t value) {
  append(samples("counter", name, help), name, labels, std::to_string(value));
}

std::int64_t Measures::Histogram::count() const {
  std::int64_t all = longer;
  for (const auto& bucket : buckets) all += bucket.count;
  return all;
}

void Measures::histogram(std::string_view name, std::string_view help, const Labels& labels, const Histogram& times) {
  auto& text = samples("histogram", name, help);
  const std::string of(name);
  auto bounded = labels;
  bounded.emplace_back();
  std::int64_t so_far = 0;
  for (const auto& bucket : times.buckets) {
    so_far += bucket.count;
    const auto bound = in_seconds(bucket.bound_us, 1'000'000);
    bounded.back() = {"le", bound};
    append(text, of + "_bucket", bounded, std::to_string(so_far));
  }
  const auto count = std::to_string(times.count());
  bounded.back() = {"le", "+Inf"};
  append(text, of + "_bucket", bounded, count);
  append(text, of + "_sum", labels, in_seconds(times.sum_ns, 1'000'000'000));
  append(text, of + "_count", labels, count);
}

std::string Measures::text() const {
  std::string text;
  for (const auto& [name, family] : families_) text += family.head + family.samples;
  return text;
}

}  // namespace svc
