#include "registration.h"

#include "base/ids.h"
#include "observe/log.h"

namespace svc::app {
namespace {

// Renewing at a third of the lease survives one renewal that is lost. A little sooner or later by chance, so that
// processes that started together do not all come at once.
Steady::duration beat_of(const registry::Granted& granted) {
  const double third = static_cast<double>(granted.lease_seconds) * 1'000 / 3;
  return milliseconds{static_cast<std::int64_t>(third * (0.9 + 0.2 * random_unit()))};
}

}  // namespace

void Registration::start(Loop& loop) {
  loop_ = &loop;
  background_.start(loop);
}

void Registration::leave(Steady::duration limit) {
  if (loop_ == nullptr) return;
  loop_->post([this, until = Steady::now() + limit] {
    ending_ = true;
    end_by_ = until;
    changed_.ring();
  });
}

Call Registration::call() const {
  Call call;
  call.deadline = Steady::now() + seconds{2};
  if (ending_) call.deadline = std::min(call.deadline, end_by_);
  return call;
}

// Brings the registry to what is wanted now.
Task<Result<Nothing>> Registration::step() {
  const bool wanted = !ending_ && ready_();
  if (!wanted) {
    if (!granted_) co_return Nothing{};
    auto leaving = registry_.handle(call(), registry::Deregister{instance_.service_name, granted_->instance_id});
    auto left = co_await leaving;
    if (!left) co_return refusal(left);
    granted_.reset();
    co_return Nothing{};
  }
  if (granted_) {
    auto renewing = registry_.handle(call(), registry::Renew{instance_.service_name, granted_->instance_id});
    auto renewed = co_await renewing;
    if (renewed) co_return Nothing{};
    if (renewed.error().code != Code::not_found) co_return refusal(renewed);
    granted_.reset();  // the lease ended, or the registry is another one now
  }
  auto registering = registry_.handle(call(), instance_);
  auto granted = co_await registering;
  if (!granted) co_return refusal(granted);
  granted_ = std::move(*granted);
  co_return Nothing{};
}

Task<> Registration::run() {
  bool failing = false;
  while (true) {
    const auto heard = changed_.rings();
    auto stepping = step();
    const auto done = co_await stepping;
    if (!done && !failing)
      log::warn(
          "not_registered",
          {{"service", instance_.service_name}, {"reason", done.error().reason}, {"detail", done.error().detail}});
    failing = !done;
    if (ending_) break;
    // Not registered yet, or the registry is away: more often than the beat, so that it fills within one.
    const auto pause =
        granted_ && done ? beat_of(*granted_) : milliseconds{200 + static_cast<std::int64_t>(200 * random_unit())};
    auto waiting = changed_.wait_until(heard, Steady::now() + pause);
    co_await waiting;
  }
}

}  // namespace svc::app
