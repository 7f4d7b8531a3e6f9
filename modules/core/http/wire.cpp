#include "http/wire.h"

namespace svc::http::detail {

std::string fill(std::string_view path, const std::function<std::string(std::string_view name)>& text_of) {
  std::string filled;
  while (true) {
    const auto open = path.find('{');
    filled += path.substr(0, open);
    if (open == std::string_view::npos) return filled;
    const auto close = path.find('}', open);
    filled += segment_of(text_of(path.substr(open + 1, close - open - 1)));
    path.remove_prefix(close + 1);
  }
}

void add_to_query(std::string& query, std::string_view name, std::string_view text) {
  query += query.empty() ? '?' : '&';
  query += name;
  query += '=';
  query += percent_encode(text);
}

void read_parameters(std::string_view path, const Request& request, const PutParameter& put, Violations& found) {
  const auto read = [&](std::string_view name, std::string_view encoded, bool is_query) {
    // A misspelt wish must not go unheard.
    if (!put(name, is_query, percent_decode(encoded, is_query)))
      report(found, {Place{nullptr, name}.pointer(), "additionalProperties", "is not known here"});
  };
  std::size_t next = 0;
  for (auto at = path.find('{'); at != path.npos && next < request.parameters.size(); at = path.find('{', at + 1))
    read(path.substr(at + 1, path.find('}', at) - at - 1), request.parameters[next++], false);
  std::vector<std::string_view> given;
  for (auto rest = request.query; !rest.empty();) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = pair.substr(0, equals);
    if (std::ranges::find(given, name) != given.end())
      report(found, {Place{nullptr, name}.pointer(), "uniqueItems", "is given twice"});
    else read(name, pair.substr(std::min(equals + 1, pair.size())), true);
    given.push_back(name);
  }
}

}  // namespace svc::http::detail
