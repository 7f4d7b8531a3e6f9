#include "survival/load.h"

#include <httplib.h>

#include <chrono>
#include <stdexcept>

#include "support/eventually.h"

namespace svc::test {
namespace {

const std::string order_body = R"({"items":[{"sku":"anvil","quantity":1}],"paymentMethod":"tok_visa"})";

}  // namespace

Load::Load(const System& system, std::function<int()> gateway, Options options)
    : gateway_(std::move(gateway)), options_(options) {
  const auto ops = bearer(system.operator_token());
  const int port = gateway_();
  const std::string unique = std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
  const auto user = send(port, "POST", "/users", {},
                         R"({"name":"Ann","email":"ann)" + unique + R"(@example.com","password":"correct horse"})");
  const auto session =
      send(port, "POST", "/sessions", {}, R"({"email":"ann)" + unique + R"(@example.com","password":"correct horse"})");
  const auto item = send(port, "PUT", "/items/anvil", ops,
                         R"({"name":"Anvil","unitPrice":{"amount":5,"currency":"USD"},"onHand":1000000})");
  if (user.status != 201 || session.status != 201 || item.status >= 300)
    throw std::runtime_error("no load: " + user.body + session.body + item.body);
  user_ = user.json()["id"];
  token_ = session.json()["accessToken"];
  for (int client = 0; client < options_.clients; ++client)
    clients_.emplace_back([this, client] { ask_all_the_time(client); });
}

Load::~Load() { stop(); }

void Load::stop() {
  ending_ = true;
  for (auto& client : clients_)
    if (client.joinable()) client.join();
}

void Load::pass(int requests) const {
  const int target = answered_ + requests;
  if (!eventually([&] { return answered_ >= target; })) throw std::runtime_error("the load stands still");
}

std::vector<std::string> Load::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

void Load::ask_all_the_time(int client) {
  std::unique_ptr<httplib::Client> connection;
  const auto ask = [&](const std::string& method, const std::string& path, const std::string& key = {},
                       const std::set<int>& no_failures = {}) {
    if (!connection || !options_.keep_alive) {
      connection = std::make_unique<httplib::Client>("127.0.0.1", gateway_());
      connection->set_keep_alive(options_.keep_alive);
      connection->set_read_timeout(20);
      connection->set_tcp_nodelay(true);
    }
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.headers = {{"Authorization", "Bearer " + token_}};
    if (!key.empty()) {
      request.headers.emplace("Idempotency-Key", key);
      request.headers.emplace("Content-Type", "application/json");
      request.body = order_body;
    }
    const auto answer = connection->send(request);
    const int status = answer ? answer->status : 0;
    if (status == 0 || (answer && answer->get_header_value("Connection") == "close")) connection.reset();
    if (no_failures.contains(status)) {
      ++repeated_;
    } else if (status < 200 || status >= 300) {
      const std::lock_guard lock(mutex_);
      failures_.push_back(method + " " + path + ": " + std::to_string(status) + " " +
                          (answer ? answer->body : httplib::to_string(answer.error())));
    }
    ++answered_;
    return answer ? nlohmann::json::parse(answer->body, nullptr, false) : nlohmann::json();
  };
  for (int number = 0; !ending_; ++number) {
    ask("GET", "/users/" + user_);
    ask("GET", "/items/anvil");
    if (!options_.writes) continue;
    const auto key = std::to_string(client) + "-" + std::to_string(number);
    nlohmann::json order;
    // That the first is still being answered is news for nobody but who has asked before.
    std::set<int> refusals;
    const auto taken = [&] {
      order = ask("POST", "/orders", key, refusals);
      refusals = {409, 503, 504};
      return order.is_object() && order.contains("id");
    };
    if (options_.repeats) refusals = {503, 504};
    if (!(options_.repeats ? eventually(taken) : taken())) continue;
    const std::string id = order["id"];
    ask("GET", "/orders/" + id);
    // The same again, of which nothing new may come.
    if (number % 8 == 0)
      if (const auto again = ask("POST", "/orders", key);
          again.is_object() && again.contains("id") && again["id"] != id)
        ++twice_;
    const std::lock_guard lock(mutex_);
    orders_.insert(id);
  }
}

}  // namespace svc::test
