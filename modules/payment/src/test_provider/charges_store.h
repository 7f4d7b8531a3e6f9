// The test provider's table: what it decided about each charge.
#pragma once

#include <optional>
#include <string>

#include "base/money.h"
#include "sql/migrations.h"
#include "sql/session.h"

namespace svc::payment::test_provider {

sql::Migrations migrations();

enum class State { trying, approved, declined, refunded, voided };
constexpr auto names(std::type_identity<State>) {
  return std::array{EnumName{State::trying, "trying"}, EnumName{State::approved, "approved"},
                    EnumName{State::declined, "declined"}, EnumName{State::refunded, "refunded"},
                    EnumName{State::voided, "void"}};
}

struct Known {
  State state = State::trying;
  int tries = 0;
};

std::optional<Known> find(sql::Session& session, const std::string& key);
/// False, and nothing is done, when the key is known.
bool add(sql::Transaction& transaction, const std::string& key, const Known& known, const Money& amount);
/// `amount` is taken with the first.
void save(sql::Transaction& transaction, const std::string& key, const Known& known, const Money& amount);

}  // namespace svc::payment::test_provider
