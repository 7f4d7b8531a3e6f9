// Templates: the texts of mails. A file has the line "Subject: …", an empty line, and the body; {{name}} in
// either stands for a value. Each kind of mail has a file for each language, "en/order_confirmed.txt".
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "notification/notification.h"
#include "user/types.h"

namespace svc::notification {

/// What may stand between braces in a mail of this kind, and what fill() is given.
std::span<const std::string_view> placeholders(Kind kind);

/// A line of {{items}}, without its end: "2 × anvil  24.68 USD". `price` is that of the whole line.
std::string item_line(std::int64_t quantity, std::string_view item, const Money& price);

struct Text {
  std::string subject, body;
};

/// Safe to use from any thread.
class Templates {
 public:
  /// Reads all of `directory`, or of those built in where it is empty. Throws std::runtime_error that tells
  /// every fault of every file, a line each: one that is missing, has another form, names an unknown
  /// placeholder, or leaves a brace open.
  explicit Templates(const std::filesystem::path& directory);

  /// `values` has all of placeholders(kind). They are put in as they are: braces in them mean nothing.
  Text fill(Kind kind, user::Locale locale, const std::map<std::string, std::string>& values) const;

 private:
  /// A text in pieces: every second one is a placeholder's name.
  using Pieces = std::vector<std::string>;
  struct Template {
    Pieces subject, body;
  };
  static Template parse(Kind kind, const std::string& text, std::vector<std::string>& faults);
  static Pieces cut(Kind kind, std::string_view text, std::vector<std::string>& faults);

  std::map<std::pair<Kind, user::Locale>, Template> templates_;
};

/// A template of those built in, or empty text: `name` as "en/order_confirmed.txt". Made from templates/.
std::string_view built_in_template(std::string_view name);

}  // namespace svc::notification
