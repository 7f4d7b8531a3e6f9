// Outside: what is made of a service's contract for those who are not in its module. Declared here, cheap to
// include; defined in outside_of.h, slow to compile, which each module includes once, in its *_http.cpp:
//
//   template struct svc::http::Outside<svc::inventory::Inventory>;
#pragma once

#include <memory>
#include <string>

#include "contract/endpoint.h"
#include "http/identify.h"
#include "http/openapi.h"
#include "http/router.h"
#include "http/transport.h"
#include "identity/cluster_key.h"

namespace svc::http {

/// How a link reaches the other side.
struct LinkTo {
  std::shared_ptr<Transport> transport;
  const ClusterKey* cluster;  ///< outlives the link
  std::string service;        ///< who asks
  std::string target;         ///< who is asked
};

template <class S>
struct Outside {
  /// Puts the operations offered on `where` on a router. `service` and `identify` must outlive it.
  static void mount(Router& router, Surface where, S& service, const Identify& identify);
  /// An S whose implementation is in this process, entered by its door (contract/door.h). `service` must
  /// outlive it.
  static std::unique_ptr<S> enter(S& service);
  /// An S whose implementation is behind a link.
  static std::unique_ptr<S> connect(LinkTo link);
  /// Adds the operations that outsiders may use to a document.
  static void describe(OpenApi& document);
};

}  // namespace svc::http
