// Things, which move and are painted: events of a module "maker" that there is only in tests.
#pragma once

#include <cstdint>
#include <string>

#include "contract/event.h"
#include "sql/migrations.h"

namespace svc::test_things {
/// The tables of an outbox, of an inbox, and of things.sql.
sql::Migrations migrations();
}  // namespace svc::test_things

namespace svc::test {

struct Moved {
  std::string thing;
  std::int64_t number = 0;
  static constexpr auto fields() {
    return rows(field(&Moved::thing, "thing", "What was moved"),
                field(&Moved::number, "number", "How many times it then had been"));
  }
  static constexpr EventInfo event{.type = "thing_moved", .version = 2, .summary = "A thing stands elsewhere"};
  const std::string& subject() const { return thing; }
};

struct Painted {
  std::string thing;
  static constexpr auto fields() { return rows(field(&Painted::thing, "thing", "What was painted")); }
  static constexpr EventInfo event{.type = "thing_painted", .summary = "A thing looks new"};
  const std::string& subject() const { return thing; }
};

}  // namespace svc::test
