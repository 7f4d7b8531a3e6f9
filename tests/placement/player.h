// Player: plays a scenario against a running system and writes down what the outside saw, in a form that can be
// compared between placements: each distinct id by its ordinal, so that equal ids stay equal; times, tokens and
// keys masked; everything else as it came.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/system.h"

namespace svc::test {

/// The people of a system, made once for all scenarios.
struct People {
  std::string ops;          ///< token of an operator
  std::string ann_id, ann;  ///< id and token of a customer
  std::string bob_id, bob;  ///< and of another
};

class Player {
 public:
  Player(System& system, const People& known) : people(known), system_(system) {}

  /// Sends a request to the gateway, writes request and answer down, and hands the answer back.
  Answer ask(const std::string& method, const std::string& path, const std::string& token = {},
             const std::string& body = {}, HeaderList headers = {},
             const std::string& content_type = "application/json");
  /// The same to the operations port.
  Answer ask_operations(const std::string& method, const std::string& path, const std::string& token = {});

  Answer get(const std::string& path, const std::string& token) { return ask("GET", path, token); }
  Answer post(const std::string& path, const std::string& token, const std::string& body, HeaderList headers = {}) {
    return ask("POST", path, token, body, std::move(headers));
  }
  Answer put(const std::string& path, const std::string& token, const std::string& body) {
    return ask("PUT", path, token, body);
  }
  /// Makes an item, in a scenario that is not about items.
  void stock(const std::string& sku, int on_hand, int amount = 100, const std::string& currency = "USD");
  /// Asks until the order has left `pending`; writes only the last answer down.
  Answer settled(const std::string& order_id, const std::string& token);
  /// Asks until there are `count` notifications of an order, and all are sent; writes only those down.
  void notified(const std::string& order_id, std::size_t count);
  /// Follows a list to its end, page by page; writes each page down, with its cursor masked.
  std::vector<std::string> follow(const std::string& path, const std::string& token, const std::string& member);

  const People& people;
  System& system() { return system_; }
  const std::vector<std::string>& transcript() const { return lines_; }

 private:
  Answer play(int port, const std::string& method, const std::string& path, const std::string& token,
              const std::string& body, HeaderList headers, const std::string& content_type, bool note);
  void write(const std::string& request, const Answer& answer);
  std::string masked(const std::string& text);

  System& system_;
  std::map<std::string, int> ids_;
  std::vector<std::string> lines_;
};

}  // namespace svc::test
