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

void add_health(http::Router& router, Troubles parts, std::map<std::string, std::string> links) {
  router.add(Verb::get, "/health/live", [](http::Request&) {
    return Task<http::Response>(http::Response{200, "application/json", R"({"status":"live"})"});
  });
  std::string link_text = "{";
  for (const auto& [module, target] : links) append_member(link_text, module, target);
  link_text.push_back('}');
  router.add(Verb::get, "/health/ready", [parts = std::move(parts), link_text](http::Request&) {
    bool ready = true;
    std::string modules = "{";
    for (const auto& [name, ask] : parts) {
      const auto trouble = ask();
      ready = ready && !trouble;
      append_member(modules, name, trouble ? *trouble : "ready");
    }
    const std::string body = std::string(R"({"status":)") + (ready ? R"("ready")" : R"("not_ready")") +
                             R"(,"modules":)" + modules + R"(},"links":)" + link_text + "}";
    return Task<http::Response>(http::Response{ready ? 200 : 503, "application/json", body});
  });
}

}  // namespace svc::app
