// OpenApi: the document that describes the outside (OpenAPI 3.1), put together from the contracts. It is
// committed as tests/golden/openapi.json, so a change of the API is a difference that somebody sees.
#pragma once

#include <memory>
#include <string>

namespace svc::http {

class OpenApi {
 public:
  OpenApi();
  ~OpenApi();
  /// The whole document as JSON text, two spaces deep.
  std::string print() const;

  struct Parts;  // openapi_of.h
  Parts& parts() { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace svc::http
