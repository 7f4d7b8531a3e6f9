// User: accounts and sessions. All that other modules may know of it.
#pragma once

#include "base/page.h"
#include "contract/service.h"
#include "identity/token.h"
#include "user/events.h"
#include "user/types.h"

namespace svc::user {

inline constexpr Length name_length{1, 100}, password_length{8, 128};

struct CreateUser {
  std::string name, email, password;
  Locale locale = Locale::en;
  static constexpr auto fields() {
    return rows(field(&CreateUser::name, "name", "What the user is called", name_length, is_visible),
                field(&CreateUser::email, "email", "Signs in; one account each, without regard to case", is_email),
                field(&CreateUser::password, "password", "Signs in", password_length),
                field(&CreateUser::locale, "locale", "The language of mails", Default{"en"}));
  }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/users",
                                     .success = 201,
                                     .name = "create_user",
                                     .summary = "Makes an account",
                                     .access = Access::anyone,
                                     .retry = Retry::never,
                                     .location = "/users/{id}",
                                     .fails = {Code::conflict}};
  using Response = User;
};

struct CreateSession {
  std::string email, password;
  static constexpr auto fields() {
    return rows(field(&CreateSession::email, "email", "Of the account", Length{1, 254}),
                field(&CreateSession::password, "password", "Of the account", Length{1, 1'000}));
  }
  static constexpr Endpoint endpoint{.verb = Verb::post,
                                     .path = "/sessions",
                                     .success = 201,
                                     .name = "create_session",
                                     .summary = "Signs in",
                                     .access = Access::anyone,
                                     .retry = Retry::never,
                                     .fails = {Code::unauthenticated, Code::exhausted}};
  using Response = Session;
};

struct GetUser {
  std::string id;
  static constexpr auto fields() { return rows(field(&GetUser::id, "id", "The user")); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/users/{id}",
                                     .name = "get_user",
                                     .summary = "Reads one's own account; admins any",
                                     .access = Access::signed_in,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = User;
};

struct UpdateUser {
  std::string id;
  std::optional<std::string> name, email;
  std::optional<Locale> locale;
  std::optional<std::string> password, current_password;
  static constexpr auto fields() {
    return rows(field(&UpdateUser::id, "id", "The user"),
                field(&UpdateUser::name, "name", "What the user is called", name_length, is_visible),
                field(&UpdateUser::email, "email", "Signs in; one account each, without regard to case", is_email),
                field(&UpdateUser::locale, "locale", "The language of mails"),
                field(&UpdateUser::password, "password", "The new password; wants currentPassword", password_length),
                field(&UpdateUser::current_password, "currentPassword", "The password as it is now", Length{1, 1'000}));
  }
  void check_whole(Violations& found) const {
    if (password && !current_password) report(found, {"/currentPassword", "required", "is missing"});
  }
  static constexpr Endpoint endpoint{.verb = Verb::patch,
                                     .path = "/users/{id}",
                                     .name = "update_user",
                                     .summary = "Changes one's own account; admins any",
                                     .access = Access::signed_in,
                                     .retry = Retry::never,
                                     .fails = {Code::not_found, Code::conflict, Code::exhausted}};
  using Response = User;
};

struct DeleteUser {
  std::string id;
  static constexpr auto fields() { return rows(field(&DeleteUser::id, "id", "The user")); }
  static constexpr Endpoint endpoint{.verb = Verb::del,
                                     .path = "/users/{id}",
                                     .success = 204,
                                     .name = "delete_user",
                                     .summary = "Deletes one's own account; admins any",
                                     .access = Access::signed_in,
                                     .retry = Retry::never,
                                     .fails = {Code::not_found}};
  using Response = Nothing;
};

struct ListUsers {
  int limit = page_default;
  std::optional<std::string> cursor;
  static constexpr auto fields() { return rows(limit_field<ListUsers>(), cursor_field<ListUsers>()); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/users",
                                     .name = "list_users",
                                     .summary = "Lists users, newest first",
                                     .access = Access::admin,
                                     .retry = Retry::read};
  using Response = UserPage;
};

struct SetRole {
  std::string id;
  Role role = Role::customer;
  static constexpr auto fields() {
    return rows(field(&SetRole::id, "id", "The user"), field(&SetRole::role, "role", "What the user may do"));
  }
  static constexpr Endpoint endpoint{.verb = Verb::put,
                                     .path = "/users/{id}/role",
                                     .name = "set_role",
                                     .summary = "Makes a user an admin, or a customer",
                                     .access = Access::admin,
                                     .retry = Retry::never,
                                     .fails = {Code::not_found}};
  using Response = User;
};

struct GetKeys {
  static constexpr auto fields() { return rows(); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/.well-known/jwks.json",
                                     .name = "get_keys",
                                     .summary = "The keys that access tokens are signed with (RFC 7517)",
                                     .access = Access::anyone,
                                     .retry = Retry::read};
  using Response = Jwks;
};

/// For services: whether there is such a user, whoever asks.
struct FindUser {
  std::string id;
  static constexpr auto fields() { return rows(field(&FindUser::id, "id", "The user")); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/internal/users/{id}",
                                     .name = "find_user",
                                     .summary = "Reads any account, on a service's own behalf",
                                     .access = Access::service,
                                     .retry = Retry::read,
                                     .fails = {Code::not_found}};
  using Response = User;
};

struct Users : Service<Users, CreateUser, CreateSession, GetUser, UpdateUser, DeleteUser, ListUsers, SetRole, GetKeys,
                       FindUser> {
  using Events = EventList<UserCreated, UserUpdated, UserDeleted>;
  static constexpr std::string_view name = "user";
  static constexpr std::string_view summary = "Accounts and sessions";
};

}  // namespace svc::user
