// A shop of which it is watched what happens by events: mails, notifications, the order module's copy of
// users.
#pragma once

#include <string>
#include <vector>

#include "support/eventually.h"
#include "support/system.h"

namespace svc::test {

struct Customer {
  std::string id, token;
};

class Shop {
 public:
  /// With an item "anvil" that does not run out.
  explicit Shop(Placement placement, std::vector<std::string> flags = {});

  /// Signs up, with the address NAME@example.com, and in.
  Customer customer(const std::string& name, const std::string& locale = "en") const;
  void leave(const Customer& customer) const;
  /// Orders an anvil. `method`: "tok_visa" is confirmed, "tok_declined" cancelled.
  Answer ask_for_anvil(const Customer& customer, const std::string& method = "tok_visa") const;
  /// The same; it must be taken. The order's id.
  std::string order(const Customer& customer, const std::string& method = "tok_visa") const;

  /// What GET /notifications has of an order, the older first.
  nlohmann::json notifications(const std::string& order) const;
  /// Whether there is one, as is said here, before long.
  bool is_notified(const std::string& order, const std::string& kind, const std::string& status = "sent") const;
  /// The files of mails that were delivered and that nobody has read.
  std::size_t mails() const;

  /// What GET /admin/events has of a consumer.
  nlohmann::json events(const std::string& consumer) const;
  /// Why it gets none, where that is told.
  std::string trouble(const std::string& consumer) const;
  /// How many events it has not had, as far as is known.
  int lag(const std::string& consumer) const;
  /// Its parked event of a type; null while there is none.
  nlohmann::json parked(const std::string& consumer, const std::string& type) const;
  Answer administer(const std::string& method, const std::string& path) const;

  /// A number in a module's database.
  int count(const std::string& module, const std::string& query) const;
  /// Whether the order module knows of this customer, by events.
  bool is_copied(const Customer& customer) const;

  System system;
  const std::string ops;
};

}  // namespace svc::test
