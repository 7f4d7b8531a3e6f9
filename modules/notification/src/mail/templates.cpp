#include "mail/templates.h"

#include <algorithm>
#include <stdexcept>

#include "base/rules.h"
#include "identity/secret_file.h"

namespace svc::notification {

std::span<const std::string_view> placeholders(Kind kind) {
  static constexpr std::array<std::string_view, 5> all{"name", "orderId", "items", "total", "reason"};
  return std::span(all).first(kind == Kind::order_cancelled ? 5 : 4);
}

std::string item_line(std::int64_t quantity, std::string_view item, const Money& price) {
  return std::to_string(quantity) + " × " + std::string(item) + "  " + to_text(price);
}

Templates::Templates(const std::filesystem::path& directory) {
  std::vector<std::string> all_faults;
  for (const auto [kind, kind_name] : names(std::type_identity<Kind>{}))
    for (const auto [locale, locale_name] : names(std::type_identity<user::Locale>{})) {
      const auto name = std::string(locale_name) + "/" + std::string(kind_name) + ".txt";
      std::vector<std::string> faults;
      try {
        const auto text = directory.empty() ? std::string(built_in_template(name)) : read_file(directory / name);
        templates_[{kind, locale}] = parse(kind, text, faults);
      } catch (const std::runtime_error& unreadable) {
        all_faults.push_back(unreadable.what());
      }
      for (const auto& fault : faults) all_faults.push_back((directory / name).string() + ": " + fault);
    }
  std::string told;
  for (const auto& fault : all_faults) told += (told.empty() ? "" : "\n") + fault;
  if (!told.empty()) throw std::runtime_error(told);
}

Text Templates::fill(Kind kind, user::Locale locale, const std::map<std::string, std::string>& values) const {
  const auto join = [&](const Pieces& pieces) {
    std::string text;
    for (std::size_t i = 0; i < pieces.size(); ++i) text += i % 2 == 0 ? pieces[i] : values.at(pieces[i]);
    return text;
  };
  const auto& filled = templates_.at({kind, locale});
  return {join(filled.subject), join(filled.body)};
}

Templates::Template Templates::parse(Kind kind, const std::string& text, std::vector<std::string>& faults) {
  constexpr std::string_view subject = "Subject: ";
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // as some editors write it
  std::string unix_text = text.substr(text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
  std::erase(unix_text, '\r');
  if (!is_utf8(unix_text)) {
    faults.push_back("is not UTF-8");
    return {};
  }
  const auto end = unix_text.find("\n\n");
  const auto line_end = unix_text.find('\n');
  if (!unix_text.starts_with(subject) || end == std::string::npos || end != line_end || end == subject.size()) {
    faults.push_back("must begin with a line \"Subject: …\" and an empty line");
    return {};
  }
  return {cut(kind, std::string_view(unix_text).substr(subject.size(), end - subject.size()), faults),
          cut(kind, std::string_view(unix_text).substr(end + 2), faults)};
}

Templates::Pieces Templates::cut(Kind kind, std::string_view text, std::vector<std::string>& faults) {
  Pieces pieces;
  while (true) {
    const auto open = text.find("{{");
    const auto before = text.substr(0, open);
    if (before.find("}}") != std::string_view::npos) faults.push_back("}} without {{");
    pieces.emplace_back(before);
    if (open == std::string_view::npos) return pieces;
    text.remove_prefix(open + 2);
    const auto close = text.find("}}");
    const auto name = text.substr(0, std::min(close, text.find_first_of("{\n")));
    if (close == std::string_view::npos || name.size() != close) {
      faults.push_back("{{" + std::string(name) + " is not closed");
      text.remove_prefix(name.size());
      pieces.emplace_back();
      continue;
    }
    if (std::ranges::find(placeholders(kind), name) == placeholders(kind).end())
      faults.push_back("unknown placeholder {{" + std::string(name) + "}}");
    pieces.emplace_back(name);
    text.remove_prefix(close + 2);
  }
}

}  // namespace svc::notification
