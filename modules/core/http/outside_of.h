// The definition of Outside (outside.h). Slow to compile; included by each module's *_http.cpp only.
#pragma once

#include "contract/door.h"
#include "http/link.h"
#include "http/openapi_of.h"
#include "http/outside.h"
#include "http/routes.h"

namespace svc::http {

template <class S>
void Outside<S>::mount(Router& router, Surface where, S& service, const Identify& identify) {
  add_routes(router, where, service, identify);
}

template <class S>
std::unique_ptr<S> Outside<S>::enter(S& service) {
  return std::make_unique<Stub<S, Local<S>>>(Local<S>{Door<S>(service)});
}

template <class S>
std::unique_ptr<S> Outside<S>::connect(LinkTo link) {
  return std::make_unique<Stub<S, Link>>(Link{std::move(link), S::name});
}

template <class S>
void Outside<S>::describe(OpenApi& document) {
  describe_service<S>(document);
}

}  // namespace svc::http
