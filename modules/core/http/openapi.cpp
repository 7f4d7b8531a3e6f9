#include "http/openapi.h"

#include <algorithm>

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
  if (status == 401)
    response["headers"]["WWW-Authenticate"] = {{"description", "How to sign in (RFC 6750)"},
                                               {"schema", {{"type", "string"}}}};
  if (status == 429 || status == 503)
    response["headers"]["Retry-After"] = {{"description", "Seconds to wait"}, {"schema", {{"type", "integer"}}}};
  response["content"][std::string(problem_type)]["schema"]["$ref"] = "#/components/schemas/Problem";
  return response;
}

using Operation = OpenApi::Parts::Operation;

bool takes_body(const Operation& operation) {
  return std::ranges::any_of(operation.parameters, &Operation::Parameter::in_body);
}

std::set<int> refusals_of(const Operation& operation) {
  const Endpoint& endpoint = operation.endpoint;
  std::set<int> statuses{503, 504};
  if (has_body(operation.endpoint.verb)) statuses.insert({400, 413, 415});
  if (endpoint.retry == Retry::keyed) statuses.insert(400);
  if (!operation.parameters.empty()) statuses.insert(422);
  if (endpoint.access != Access::anyone) statuses.insert({401, 403});
  if (operation.limits_caller) statuses.insert(403);
  for (const auto& known : code_table)
    if (endpoint.fails.contains(known.code)) statuses.insert(known.status);
  return statuses;
}

void add_parameters(OrderedJson& described, Operation& operation) {
  svc::detail::ObjectSchema body;
  for (auto& parameter : operation.parameters) {
    if (parameter.in_body) {
      body.add(parameter.name, std::move(parameter.schema), parameter.required);
      continue;
    }
    parameter.schema.erase("description");
    described["parameters"].push_back({{"name", parameter.name},
                                       {"in", parameter.in_path ? "path" : "query"},
                                       {"description", parameter.doc},
                                       {"required", parameter.in_path || parameter.required},
                                       {"schema", std::move(parameter.schema)}});
  }
  if (takes_body(operation))
    described["requestBody"] = {{"required", true},
                                {"content", {{"application/json", {{"schema", body.finish(true)}}}}}};
}

void add_headers(OrderedJson& described, const Endpoint& endpoint) {
  if (endpoint.retry == Retry::keyed)
    described["parameters"].push_back(
        header_parameter("Idempotency-Key", "Makes repeating safe: the same key within 24 hours is the same request",
                         {{"type", "string"}, {"minLength", 1}, {"maxLength", 255}}));
  if (endpoint.waits)
    described["parameters"].push_back(header_parameter(
        "Prefer", "How long the answer may wait for the end of the work: wait=SECONDS, or respond-async (RFC 7240)",
        {{"type", "string"}}));
}

void add_answer(OrderedJson& described, const Operation& operation, int status) {
  OrderedJson& answer = described["responses"][std::to_string(status)];
  answer["description"] = status == 201 ? "Made" : status == 204 ? "Done" : "As asked";
  if (status == 201 && !operation.endpoint.location.empty())
    answer["headers"]["Location"] = {{"description", "Where it is found"}, {"schema", {{"type", "string"}}}};
  if (operation.answer) answer["content"]["application/json"]["schema"] = *operation.answer;
}

}  // namespace

void OpenApi::Parts::add_service(std::string_view name, std::string_view summary) {
  tags.push_back({{"name", name}, {"description", summary}});
}

void OpenApi::Parts::add_operation(Operation operation) {
  const Endpoint& endpoint = operation.endpoint;
  OrderedJson described{{"operationId", endpoint.name}, {"summary", endpoint.summary}, {"tags", {operation.service}}};
  described["security"] = OrderedJson::array();
  if (endpoint.access != Access::anyone) described["security"].push_back({{"bearer", OrderedJson::array()}});
  if (surface(endpoint) == Surface::operations)
    described["servers"].push_back({{"url", operations_url}, {"description", "The operations port"}});
  if (!operation.own_url.empty())
    described["servers"].push_back(
        {{"url", operation.own_url}, {"description", "The " + std::string(operation.service) + "'s port"}});
  add_parameters(described, operation);
  add_headers(described, endpoint);
  if (operation.says_created) add_answer(described, operation, 201);
  add_answer(described, operation, endpoint.success);
  for (const int status : refusals_of(operation)) {
    described["responses"][std::to_string(status)]["$ref"] = "#/components/responses/" + problem_name(status);
    problems.insert(status);
  }
  std::string verb{method_name(endpoint.verb)};
  for (char& c : verb) c = static_cast<char>(c - 'A' + 'a');
  paths[std::string(endpoint.path)][verb] = std::move(described);
}

OpenApi::OpenApi() : parts_(std::make_unique<Parts>()) {}
OpenApi::~OpenApi() = default;

std::string OpenApi::print() const {
  OrderedJson document{{"openapi", "3.1.0"}};
  document["info"] = {{"title", "svc"},
                      {"version", "1"},
                      {"summary", "An order platform"},
                      {"description",
                       "Users, items, orders and payments. Money is counted in minor units, times are "
                       "UTC, lists come in pages, and refusals are problem documents (RFC 9457)."}};
  document["servers"].push_back({{"url", "http://127.0.0.1:8000"}, {"description", "The gateway"}});
  document["tags"] = parts_->tags;
  document["paths"] = parts_->paths;
  document["components"]["securitySchemes"]["bearer"] = {
      {"type", "http"},
      {"scheme", "bearer"},
      {"bearerFormat", "JWT"},
      {"description", "The accessToken of a session; or what `svc token` prints, of scope admin or register:NAME"}};
  for (const int status : parts_->problems)
    document["components"]["responses"][problem_name(status)] = problem_response(status);
  Schemas schemas = parts_->schemas;
  schema_of<Problem>(schemas, false);
  document["components"]["schemas"] = std::move(schemas.named);
  return document.dump(2) + "\n";
}

}  // namespace svc::http
