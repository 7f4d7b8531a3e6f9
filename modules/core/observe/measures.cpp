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

}  // namespace

void Measures::gauge(std::string_view name, std::string_view help, const Labels& labels, std::int64_t value) {
  add("gauge", name, help, labels, value);
}

void Measures::counter(std::string_view name, std::string_view help, const Labels& labels,
                       std::int64_t value) {
  add("counter", name, help, labels, value);
}

void Measures::add(std::string_view kind, std::string_view name, std::string_view help, const Labels& labels,
                   std::int64_t value) {
  auto& family = families_[std::string(name)];
  if (family.head.empty()) {
    const std::string of = std::string(name) + " ";
    family.head = "# HELP " + of + std::string(help) + "\n# TYPE " + of + std::string(kind) + "\n";
  }
  auto& text = family.samples;
  text += name;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text += i == 0 ? '{' : ',';
    text += labels[i].first;
    text += "=\"";
    append_escaped(text, labels[i].second);
    text += '"';
  }
  if (!labels.empty()) text += '}';
  text += ' ' + std::to_string(value) + '\n';
}

std::string Measures::text() const {
  std::string text;
  for (const auto& [name, family] : families_) text += family.head + family.samples;
  return text;
}

}  // namespace svc
