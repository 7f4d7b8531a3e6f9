#include "health.h"

#include "base/encode.h"

namespace svc::app {
namespace {

void append_member(std::string& object, std::string_view name, std::string_view value) {
  if (object.size() > 1) object.push_back(',');
  append_json(object, name);
  object.push_back(':');
  append_json(object, value);
}

}  // namespace

void add_health(http::Router& router, Troubles parts, std::function<std::map<std::string, std::string>()> links) {
  router.add(Verb::get, "/health/live", [](http::Request&) {
    return Task<http::Response>(http::Response{200, "application/json", R"({"status":"live"})"});
  });
  router.add(Verb::get, "/health/ready", [parts = std::move(parts), links = std::move(links)](http::Request&) {
    bool ready = true;
    std::string modules = "{";
    for (const auto& [name, ask] : parts) {
      const auto trouble = ask();
      ready = ready && !trouble;
      append_member(modules, name, trouble ? *trouble : "ready");
    }
    std::string reached = "{";
    for (const auto& [module, target] : links()) append_member(reached, module, target);
    const std::string body = std::string(R"({"status":)") + (ready ? R"("ready")" : R"("not_ready")") +
                             R"(,"modules":)" + modules + R"(},"links":)" + reached + "}}";
    return Task<http::Response>(http::Response{ready ? 200 : 503, "application/json", body});
  });
}

}  // namespace svc::app
