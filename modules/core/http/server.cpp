#include "http/server.h"

#include <algorithm>
#include <utility>

#include "base/memory.h"
#include "http/connection.h"
#include "http/listener.h"
#include "http/server_shared.h"

namespace svc::http {
namespace {

// So many connections, when they have gone, leave memory worth giving back: of a crowd at once, and of the last ones.
constexpr std::int64_t crowd = 100, few = 8;

}  // namespace

bool Server::Shared::count_in(const std::string& peer) {
  const std::lock_guard lock(mutex);
  ++open;
  most = std::max(most, open);
  return options.connections_per_address == 0 || ++by_address[peer] <= options.connections_per_address;
}

void Server::Shared::count_out(const std::string& peer) {
  bool receded = false;
  {
    const std::lock_guard lock(mutex);
    --open;
    receded = (open <= most / 2 && open <= most - crowd) || (open <= few && most >= 4 * few);
    if (receded) most = open;
    if (const auto known = by_address.find(peer); known != by_address.end() && --known->second == 0)
      by_address.erase(known);
    fewer.notify_all();
  }
  // What a crowd used lies in pieces among what is in use, and an allocator keeps such pieces unless told. It takes a
  // few milliseconds, each time the crowd has halved.
  if (receded) return_free_memory();
}

bool Server::Shared::full() {
  const std::lock_guard lock(mutex);
  return open >= options.connections;
}

Server::Server(Loops& loops, const std::string& host, int port, Handler handler, ServerOptions options,
               const TlsContext* tls)
    : loops_(loops),
      listener_(std::make_unique<Listener>(host, port)),
      port_(listener_->port()),
      shared_(std::make_shared<Shared>()) {
  shared_->handler = std::move(handler);
  shared_->options = options;
  shared_->tls = tls;
  shared_->by_loop.resize(loops.size());
}

Server::~Server() = default;

// Accepts on the first loop and deals connections out to all.
void Server::start() {
  started_ = true;
  const auto may_accept = [this] { return !shared_->full(); };
  const auto accepted = [this, next = std::size_t{0}](int fd, std::string peer) mutable {
    const bool welcome = shared_->count_in(peer);
    const std::size_t loop = next++ % loops_.size();
    loops_[loop].post([state = shared_, loop, fd, peer = std::move(peer), welcome] {
      detach(Connection::serve(state, loop, fd, peer, welcome));
    });
  };
  loops_[0].post([this, may_accept, accepted] { listener_->accept_on(loops_[0], may_accept, accepted); });
}

void Server::leave() { shared_->leaving = true; }

void Server::stop(Steady::duration limit) {
  if (!std::exchange(started_, false)) return;
  const auto until = Steady::now() + limit;
  shared_->leaving = true;
  shared_->stopping = true;
  loops_[0].post([this] {
    listener_->end();
    const std::lock_guard lock(shared_->mutex);
    listener_.reset();
    shared_->fewer.notify_all();
  });
  const auto on_every_connection = [this](void (Connection::*action)()) {
    for (std::size_t i = 0; i < loops_.size(); ++i)
      loops_[i].post([state = shared_, i, action] {
        const auto connections = state->by_loop[i];  // a copy: an ended one leaves the set
        for (Connection* connection : connections) (connection->*action)();
      });
  };
  on_every_connection(&Connection::end_if_idle);
  std::unique_lock lock(shared_->mutex);
  const auto all_gone = [this] { return shared_->open == 0 && !listener_; };
  if (shared_->fewer.wait_until(lock, until, all_gone)) return;
  lock.unlock();
  on_every_connection(&Connection::abort);
  lock.lock();
  shared_->fewer.wait_for(lock, seconds{1}, all_gone);
}

}  // namespace svc::http
