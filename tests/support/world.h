// A process's surroundings for tests of one module: clock, keys, loops, and the three lanes by which others may
// reach a service. One test body runs over all of them:
//
//   const auto lane = GENERATE(from_range(lanes));
//   World world;
//   auto module = inventory::make({}, world.environment, world.dir / "inventory.db");
//   auto inventory = world.open(lane, module->service());
//   auto item = world.ask(*inventory, world.admin(), GetItem{"anvil"});
#pragma once

#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>

#include "async/loop.h"
#include "base/ids.h"
#include "contract/service.h"
#include "events/carrier.h"
#include "http/client.h"
#include "http/outside.h"
#include "http/server.h"
#include "identity/cluster_key.h"
#include "identity/key_ring.h"
#include "identity/token_verifier.h"
#include "module/module.h"
#include "support/temp_dir.h"

namespace svc::test {

enum class Lane { local, loopback, http };
inline const std::vector<Lane> lanes{Lane::local, Lane::loopback, Lane::http};
inline const char* name_of(Lane lane) {
  return lane == Lane::local ? "local" : lane == Lane::loopback ? "loopback" : "http";
}

class World {
 public:
  TempDir dir;
  ManualClock clock{{1'700'000'000'000}};
  Uuid7 ids{clock};
  Loops loops{1};
  events::Embedded carrier;
  events::Setup events{carrier, {}, {}};
  Environment environment{loops, clock, ids, "test", dir.path(), events};
  ClusterKey cluster{dir / "cluster", clock};
  KeyRing keys{{dir / "keys", milliseconds{0}, milliseconds{0}}, clock};
  TokenVerifier tokens{clock, [this]() -> Task<Result<Jwks>> { return keys.published(); }, {}};
  http::Identify identify{tokens, cluster, {}};

  ~World() {
    for (auto& server : servers_) server->stop(seconds{5});
    loops.stop();
  }

  /// Runs a task on the loop, and waits for what it answers.
  template <class Make>
  auto run(Make make) -> decltype(make().take()) {
    std::optional<decltype(make().take())> answer;
    std::exception_ptr thrown;
    std::binary_semaphore ended{0};
    loops[0].post([&] { detach(fulfil(answer, thrown, ended, make)); });
    ended.acquire();
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*answer);
  }

  /// Waits until the loops have done what they were given so far.
  void settle() {
    for (Loop* loop : {&loops[0], &loops.background()}) {
      std::binary_semaphore done{0};
      loop->post([&] { loop->post([&done] { done.release(); }); });
      done.acquire();
    }
  }

  /// `service` as others see it by this lane.
  template <class S>
  std::unique_ptr<S> open(Lane lane, S& service) {
    if (lane == Lane::local) return http::Outside<S>::enter(service);
    auto& router = routers_.emplace_back();
    for (const auto where : {Surface::open, Surface::internal, Surface::operations})
      http::Outside<S>::mount(router, where, service, identify);
    std::shared_ptr<http::Transport> transport;
    if (lane == Lane::loopback) {
      transport = std::make_shared<http::Loopback>(router);
    } else {
      auto& server = servers_.emplace_back(std::make_unique<http::Server>(
          loops, "127.0.0.1", 0, [&router](http::Request& request) { return router.dispatch(request); },
          http::ServerOptions{}));
      server->start();
      transport = std::make_shared<http::RemoteTransport>(client_, http::Address{"127.0.0.1", server->port()});
    }
    return http::Outside<S>::connect({transport, &cluster, "test", std::string(S::name)});
  }

  /// A call by nobody, or by somebody with a token that is good.
  Call anyone() const { return call(nullptr); }
  Call customer(const std::string& id) { return call(caller(id, "customer", true)); }
  Call admin(const std::string& id = "ops") { return call(caller(id, "admin", false)); }
  Call signed_in_admin(const std::string& id) { return call(caller(id, "admin", true)); }

  template <class S, class Op>
  Result<typename Op::Response> ask(S& service, Call with, Op op) {
    return run([&] { return service.handle(with, op); });
  }

 private:
  template <class T, class Make>
  static Task<> fulfil(std::optional<T>& answer, std::exception_ptr& thrown, std::binary_semaphore& ended, Make& make) {
    try {
      auto task = make();
      answer.emplace(co_await task);
    } catch (...) {
      thrown = std::current_exception();
    }
    ended.release();
  }

  std::shared_ptr<const Caller> caller(const std::string& id, const std::string& scope, bool session) {
    Claims claims;
    claims.sub = id;
    claims.scope = scope;
    if (session) claims.sid = "session";
    claims.iat = clock.now().ms / 1000;
    claims.exp = claims.iat + 900;
    auto made = std::make_shared<Caller>();
    made->subject = id;
    made->admin = scope == "admin";
    made->customer = scope == "customer";
    made->session = session;
    made->token = keys.sign(claims);
    made->expires = Time{claims.exp * 1000};
    return made;
  }

  Call call(std::shared_ptr<const Caller> by) const {
    auto origin = std::make_shared<Origin>(Origin::of("test-request"));
    origin->client_address = "192.0.2.1";
    Call made;
    made.deadline = Steady::now() + seconds{10};
    made.caller = std::move(by);
    made.origin = std::move(origin);
    return made;
  }

  std::list<http::Router> routers_;
  http::Client client_{{}};
  std::vector<std::unique_ptr<http::Server>> servers_;
};

}  // namespace svc::test
