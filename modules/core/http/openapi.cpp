#include "http/openapi.h"

#include "http/openapi_of.h"
#include "http/problem_document.h"

namespace svc::http {
namespace {

constexpr std::string_view operations_url = "http://127.0.0.1:9000";

OrderedJson header_parameter(std::string_view name, std::string_view doc, OrderedJson schema) {
  return {{"name", name}, {"in", "header"}, {"description", doc}, {"required", false}, {"schema", std::move(schema)}};
}

std::string problem_name(int status) { return "Problem" + std::to_string(status); }

OrderedJson problem_response(int status) {
  OrderedJson response{{"description", reason_phrase(status)}};
  if (status == 401) response["headers"]["WWW-Authenticate"] = {{"description", "How to sign in (RFC 6750)"}, {"schema", {{"type", "string"}}}};
  if (status == 429 || status == 503)
    response["headers"]["Retry-After"] = {{"description", "Seconds to wait"}, {"schema", {{"type", "integer"}}}};
  response["content"][std::string(problem_type)]["schema"]["$ref"] = "#/components/schemas/Problem";
  return response;
}

}  // namespace

std::set<int> detail::refusals_of(const RefusalTraits& traits) {
  const Endpoint& endpoint = traits.endpoint;
  std::set<int> statuses{503, 504};
  if (traits.takes_body) statuses.insert({400, 413, 415});
  if (endpoint.retry == Retry::keyed) statuses.insert(400);
  if (traits.has_fields) statuses.insert(422);
  if (endpoint.access != Access::anyone) statuses.insert({401, 403});
  if (traits.limits_caller) statuses.insert(403);
  for (const auto& known : code_table)
    if (endpoint.fails.contains(known.code)) statuses.insert(known.status);
  return statuses;
}

OrderedJson detail::describe_endpoint(const Endpoint& endpoint, std::string_view service) {
  OrderedJson operation{{"operationId", endpoint.name}, {"summary", endpoint.summary}, {"tags", {service}}};
  operation["security"] = OrderedJson::array();
  if (endpoint.access != Access::anyone)
    operation["security"].push_back({{"bearer", OrderedJson::array()}});
  if (surface(endpoint) == Surface::operations)
    operation["servers"].push_back({{"url", operations_url}, {"description", "The operations port"}});
  if (endpoint.retry == Retry::keyed)
    operation["parameters"].push_back(header_parameter(
        "Idempotency-Key", "Makes repeating safe: the same key within 24 hours is the same request",
        {{"type", "string"}, {"minLength", 1}, {"maxLength", 255}}));
  if (endpoint.waits)
    operation["parameters"].push_back(header_parameter(
        "Prefer", "How long the answer may wait for the end of the work: wait=SECONDS, or respond-async (RFC 7240)",
        {{"type", "string"}}));
  return operation;
}

void detail::add_refusals(OrderedJson& operation, OpenApi::Parts& parts, const std::set<int>& refusals) {
  for (const int status : refusals) {
    operation["responses"][std::to_string(status)]["$ref"] = "#/components/responses/" + problem_name(status);
    parts.problems.insert(status);
  }
}

OrderedJson& detail::place_for(OpenApi::Parts& parts, const Endpoint& endpoint) {
  std::string verb{method_name(endpoint.verb)};
  for (char& c : verb) c = static_cast<char>(c - 'A' + 'a');
  return parts.paths[std::string(endpoint.path)][verb];
}

OpenApi::OpenApi() : parts_(std::make_unique<Parts>()) {}
OpenApi::~OpenApi() = default;

std::string OpenApi::print() const {
  OrderedJson document{{"openapi", "3.1.0"}};
  document["info"] = {{"title", "svc"},
                      {"version", "1"},
                      {"summary", "An order platform"},
                      {"description", "Users, items, orders and payments. Money is counted in minor units, times are "
                                      "UTC, lists come in pages, and refusals are problem documents (RFC 9457)."},
                      {"license", {{"name", "MIT"}, {"identifier", "MIT"}}}};
  document["servers"].push_back({{"url", "http://127.0.0.1:8000"}, {"description", "The gateway"}});
  document["tags"] = parts_->tags;
  document["paths"] = parts_->paths;
  document["components"]["securitySchemes"]["bearer"] = {
      {"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}, {"description", "The accessToken of a session"}};
  for (const int status : parts_->problems)
    document["components"]["responses"][problem_name(status)] = problem_response(status);
  Schemas schemas = parts_->schemas;
  schema_of<Problem>(schemas, false);
  document["components"]["schemas"] = std::move(schemas.named);
  return document.dump(2) + "\n";
}

}  // namespace svc::http
