// The types of the user module's contract.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"

namespace svc::user {

enum class Locale { en, ko };
constexpr auto names(std::type_identity<Locale>) {
  return std::array{EnumName{Locale::en, "en"}, EnumName{Locale::ko, "ko"}};
}

enum class Role { customer, admin };
constexpr auto names(std::type_identity<Role>) {
  return std::array{EnumName{Role::customer, "customer"}, EnumName{Role::admin, "admin"}};
}

struct User {
  std::string id, name, email;
  Locale locale = Locale::en;
  Role role = Role::customer;
  Time created_at;
  static constexpr std::string_view schema_name = "User";
  static constexpr auto fields() {
    return rows(
        field(&User::id, "id", "What the user is known by"), field(&User::name, "name", "What the user is called"),
        field(&User::email, "email", "Where mail reaches the user; signs in"),
        field(&User::locale, "locale", "The language of mails"), field(&User::role, "role", "What the user may do"),
        field(&User::created_at, "createdAt", "When the account was made"));
  }
  bool operator==(const User&) const = default;
};

struct UserPage {
  std::vector<User> items;
  std::optional<std::string> next_cursor;
  static constexpr std::string_view schema_name = "UserPage";
  static constexpr auto fields() {
    return rows(field(&UserPage::items, "items", "The users, newest first"),
                field(&UserPage::next_cursor, "nextCursor", "Leads to the next page; absent on the last"));
  }
};

struct Session {
  std::string access_token;
  std::string token_type = "Bearer";
  std::int64_t expires_in = 0;
  static constexpr std::string_view schema_name = "Session";
  static constexpr auto fields() {
    return rows(field(&Session::access_token, "accessToken", "Goes into Authorization: Bearer"),
                field(&Session::token_type, "tokenType", "How it is shown: Bearer"),
                field(&Session::expires_in, "expiresIn", "Seconds it is good for"));
  }
};

}  // namespace svc::user
