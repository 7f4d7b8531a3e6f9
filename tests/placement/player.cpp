#include "placement/player.h"

#include <regex>

#include "support/catch.h"
#include "support/eventually.h"

namespace svc::test {
namespace {

const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
const std::regex time_text(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
const std::regex token_text(R"(eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)");
const std::regex secret_members(R"re("(nextCursor|kid|x)":"[^"]*")re");

}  // namespace

std::string Player::masked(const std::string& text) {
  std::string out = std::regex_replace(text, time_text, "<time>");
  out = std::regex_replace(out, token_text, "<token>");
  out = std::regex_replace(out, secret_members, R"("$1":"<masked>")");
  std::string numbered;
  auto at = out.cbegin();
  for (std::sregex_iterator id(out.begin(), out.end(), uuid), end; id != end; ++id) {
    numbered.append(at, out.cbegin() + id->position());
    const auto [known, is_new] = ids_.emplace(id->str(), static_cast<int>(ids_.size()) + 1);
    numbered += "<id " + std::to_string(known->second) + ">";
    at = out.cbegin() + id->position() + id->length();
  }
  numbered.append(at, out.cend());
  return numbered;
}

void Player::write(const std::string& request, const Answer& answer) {
  std::string line = masked(request) + "\n  " + std::to_string(answer.status);
  for (const auto* name : {"Content-Type", "Location", "WWW-Authenticate", "Allow", "Retry-After"})
    if (const auto value = answer.header(name); !value.empty())
      line += std::string("\n  ") + name + ": " + masked(value);
  if (request.starts_with("HEAD ")) line += "\n  Content-Length: " + answer.header("Content-Length");
  if (answer.header("X-Request-Id").empty()) line += "\n  no X-Request-Id";
  line += "\n  " + masked(answer.body);
  lines_.push_back(line);
}

Answer Player::play(int port, const std::string& method, const std::string& path, const std::string& token,
                    const std::string& body, HeaderList headers, const std::string& content_type, bool note) {
  if (!token.empty()) headers.emplace_back("Authorization", "Bearer " + token);
  const auto answer = send(port, method, path, headers, body, content_type);
  if (note) write(method + " " + path + " " + body.substr(0, 2'000), answer);
  return answer;
}

Answer Player::ask(const std::string& method, const std::string& path, const std::string& token,
                   const std::string& body, HeaderList headers, const std::string& content_type) {
  return play(system_.gateway(), method, path, token, body, std::move(headers), content_type, true);
}

Answer Player::ask_operations(const std::string& method, const std::string& path, const std::string& token) {
  return play(system_.operations(), method, path, token, "", {}, "", true);
}

void Player::stock(const std::string& sku, int on_hand, int amount, const std::string& currency) {
  put("/items/" + sku, people.ops,
      R"({"name":"Item )" + sku + R"(","unitPrice":{"amount":)" + std::to_string(amount) + R"(,"currency":")" +
          currency + R"("},"onHand":)" + std::to_string(on_hand) + "}");
}

Answer Player::settled(const std::string& order_id, const std::string& token) {
  Answer answer;
  REQUIRE(eventually([&] {
    answer = play(system_.gateway(), "GET", "/orders/" + order_id, token, "", {}, "", false);
    return answer.json().value("status", "") != "pending";
  }));
  write("GET /orders/" + order_id, answer);
  return answer;
}

void Player::notified(const std::string& order_id, std::size_t count) {
  Answer answer;
  nlohmann::json ours;
  CHECK(eventually([&] {
    answer = play(system_.gateway(), "GET", "/notifications?limit=200", people.ops, "", {}, "", false);
    const auto all = answer.json();
    ours = nlohmann::json::array();
    bool sent = true;
    for (const auto& notification : all.value("items", nlohmann::json::array())) {
      if (notification["orderId"] != order_id) continue;
      ours.push_back(notification);
      sent = sent && notification["status"] == "sent";
    }
    return sent && ours.size() == count;
  }));
  answer.body = ours.dump();
  write("GET /notifications of " + order_id, answer);
}

std::vector<std::string> Player::follow(const std::string& path, const std::string& token, const std::string& member) {
  std::vector<std::string> seen;
  std::string cursor;
  do {
    const auto page =
        play(system_.gateway(), "GET", path + (cursor.empty() ? "" : "&cursor=" + cursor), token, "", {}, "", false);
    write("GET " + path, page);
    const auto json = page.json();
    if (!json.is_object()) break;
    for (const auto& entry : json["items"]) seen.push_back(entry.value(member, ""));
    cursor = json.value("nextCursor", "");
  } while (!cursor.empty());
  return seen;
}

}  // namespace svc::test
