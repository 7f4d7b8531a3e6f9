// What happens to users, for whoever wants to know.
#pragma once

#include "contract/event.h"
#include "user/types.h"

namespace svc::user {

struct UserCreated : User {
  static constexpr EventInfo event{.type = "user_created", .version = 1, .summary = "An account was made"};
  const std::string& subject() const { return id; }
};

struct UserUpdated : User {
  static constexpr EventInfo event{.type = "user_updated",
                                   .version = 1,
                                   .summary = "An account was changed: name, e-mail, locale, role or password"};
  const std::string& subject() const { return id; }
};

struct UserDeleted {
  std::string id;
  static constexpr auto fields() { return rows(field(&UserDeleted::id, "id", "Who it was")); }
  static constexpr EventInfo event{.type = "user_deleted", .version = 1, .summary = "An account was deleted"};
  const std::string& subject() const { return id; }
};

}  // namespace svc::user
