// Hosting: whether calls to a module that this process hosts stay in it, decided anew for each.
#pragma once

#include <atomic>
#include <memory>

#include "contract/service.h"
#include "http/remote_service.h"
#include "module/module.h"

namespace svc::app {

/// A module of this process. Thread-safe.
class Hosting {
 public:
  /// What it refers to must outlive it.
  Hosting(const Module& module, const http::RemoteService& elsewhere) : module_(module), elsewhere_(elsewhere) {}

  /// Its calls stay here while it is ready. One that is not goes on here too when no other process serves it, for
  /// then the module itself says best what is wrong; but a drained one is taken out whatever happens.
  bool is_here() const { return !drained_ && (!module_.trouble() || !elsewhere_.known()); }

  bool drained() const { return drained_; }
  void drain() { drained_ = true; }
  void resume() { drained_ = false; }

 private:
  const Module& module_;
  const http::RemoteService& elsewhere_;
  std::atomic<bool> drained_{false};
};

/// The Via of a link `auto` to a module that is hosted here.
template <class S>
struct AutoLink {
  std::unique_ptr<S> here;
  std::unique_ptr<S> elsewhere;
  const Hosting* hosting;  ///< outlives the link

  template <class Op>
  Reply<Op> send(Call call, Op op) const {
    if (hosting->is_here()) return here->handle(std::move(call), std::move(op));
    return elsewhere->handle(std::move(call), std::move(op));
  }
};

}  // namespace svc::app
