// JSON and what is made of it. An input is a method and a target in its first line, and a body behind that:
//   PUT /items/lamp
//   {"name":"Lamp","unitPrice":{"amount":1999,"currency":"EUR"},"onHand":5}
// The router finds the operation, of all that the modules have. For every input:
//   - what parse_json accepts is JSON, no member of it comes twice, it is at most max_depth deep, and it says the
//     same when it is written and read again; read for some of its members alone, it has these
//   - a command that is accepted keeps the rules of its fields; said again as clients say it, it reaches the same
//     operation and is the same command
//   - an answer that is understood, written and read again, is the same answer
//   - a refusal is a sound problem document, of a hundred violations at most
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/decode.h"
#include "fuzz.h"
#include "http/problem.h"
#include "http/router.h"
#include "http/wire.h"
#include "inventory/inventory.h"
#include "order/order.h"
#include "payment/payment.h"
#include "user/user.h"

namespace {

using namespace svc;
using svc::fuzz::Exact;
using svc::fuzz::must;

// A command that was accepted, said again as a client says it.
struct Command {
  std::string operation, target, body;
  std::string content;  // all of its fields
  bool operator==(const Command&) const = default;
};
struct Asked {
  std::string_view body;
  std::optional<Command> accepted;
};

template <class Op>
void read_command(const http::Request& request, Asked& asked) {
  Op op{};
  Violations found;
  if constexpr (has_body(Op::endpoint.verb))
    if (const auto readable = http::read_body(asked.body, op, found); !readable) {
      must(parse_json(http::problem(readable.error()).body).has_value(), "a refusal is JSON");
      return;
    }
  http::read_path_and_query(request, op, found);
  const bool is_readable = found.empty();
  if (is_readable) check(op, found);
  else add_broken_rules(op, found);
  if (!found.empty()) {
    must(found.size() <= 100, "an answer stays small");
    for (const auto& violation : found)
      must(violation.pointer.empty() || violation.pointer.front() == '/', "a violation has a JSON Pointer");
    must(parse_json(http::problem(refuse(std::move(found)).value()).body).has_value(), "a refusal is JSON");
    return;
  }
  Violations again;
  check(op, again);
  must(again.empty(), "what is accepted keeps its rules");
  asked.accepted = Command{std::string(Op::endpoint.name), http::fill_path(Op::endpoint.path, op) + http::query_of(op),
                           http::body_of(op), encode(op)};
}

template <class Answer>
void read_answer(std::string_view text) {
  if constexpr (Described<Answer>) {
    const auto answer = decode_answer<Answer>(text);
    if (!answer) return;
    const auto written = encode(*answer);
    const auto again = decode_answer<Answer>(written);
    must(again.has_value() && encode(*again) == written, "an answer written and read again is the same");
  }
}

Asked* asking = nullptr;

// Some operations are offered by many modules, each on its own router.
template <class Op>
bool is_there = false;

template <class S>
void add_routes(http::Router& router) {
  S::each_operation([&]<class Op>() {
    if (std::exchange(is_there<Op>, true)) return;
    router.add(Op::endpoint.verb, Op::endpoint.path, [](http::Request& request) -> Task<http::Response> {
      read_command<Op>(request, *asking);
      read_answer<typename Op::Response>(asking->body);
      return http::Response{};
    });
  });
}

std::optional<Command> ask(std::string_view method, std::string_view target, std::string_view body) {
  static const http::Router router = [] {
    http::Router made;
    add_routes<inventory::Inventory>(made);
    add_routes<order::Orders>(made);
    add_routes<payment::Payments>(made);
    add_routes<user::Users>(made);
    return made;
  }();
  http::Request request;
  const auto question = std::min(target.find('?'), target.size());
  request.method = method;
  request.target = target;
  request.path = target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  Asked asked{body, {}};
  asking = &asked;
  auto answer = router.dispatch(request);
  must(answer.ready(), "a route is found without waiting");
  const auto response = answer.take();
  must(response.status == 200 || parse_json(response.body).has_value(), "a refusal is JSON");
  return asked.accepted;
}

std::size_t count_members(const Json& json) {
  std::size_t count = json.is_object() ? json.size() : 0;
  if (json.is_structured())
    for (const auto& inner : json) count += count_members(inner);
  return count;
}

void check_json(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return;
  std::size_t members = 0;
  int depth = 0;
  const auto plain = Json::parse(
      text,
      [&](int at, Json::parse_event_t event, Json&) {
        using Event = Json::parse_event_t;
        if (event == Event::key) ++members;
        if (event == Event::object_start || event == Event::array_start) depth = std::max(depth, at + 1);
        return true;
      },
      false);
  must(!plain.is_discarded() && plain == *json, "what is accepted is JSON, and taken for what it is");
  must(depth <= max_depth, "what is accepted is not nested deeply");
  must(members == count_members(*json), "no member comes twice");
  const auto again = parse_json(json->dump());
  must(again.has_value() && *again == *json, "a document written and read again is the same");
  const auto wanted = [](std::string_view name) { return name.size() % 2 == 0; };
  const auto some = parse_json(text, wanted);
  Json expected = *json;
  if (json->is_object())
    for (const auto& [name, value] : json->items())
      if (!wanted(name)) expected.erase(name);
  must(some.has_value() && *some == expected, "of a document, members that are wanted are all that is read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = svc::fuzz::text_of(data, size);
  const auto line = input.substr(0, input.find('\n'));
  const auto space = std::min(line.find(' '), line.size());
  const Exact method(line.substr(0, space)), target(line.substr(std::min(space + 1, line.size()))),
      body(input.substr(std::min(line.size() + 1, size)));
  check_json(body.view());

  const auto command = ask(method.view(), target.view(), body.view());
  if (!command) return 0;
  const auto again = ask(method.view(), command->target, command->body);
  must(again.has_value(), "a command that was accepted, said again, is accepted");
  must(again == command, "a command said again is the same command");
  return 0;
}
