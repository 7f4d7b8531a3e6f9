// Administration of this process: see administration.h.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "administration.h"
#include "links.h"
#include "registration.h"

namespace svc::app {

/// A module that this process hosts, or the gateway, which is none (`module` is null).
struct HostedPart {
  const Module* module = nullptr;
  Hosting* hosting = nullptr;            ///< null: it cannot be taken out
  Registration* registration = nullptr;  ///< null: others cannot reach it
};

/// The modules that consume events, by name, wherever they are.
using Consumers = std::map<std::string, std::unique_ptr<ParkedEvents>, std::less<>>;

class AdministrationService final : public Administration {
 public:
  /// What it refers to must outlive it. `hosted` and `consumers` are complete before the first call.
  AdministrationService(const Settings& settings, const Links& links,
                        const std::map<std::string, HostedPart, std::less<>>& hosted, const Consumers& consumers,
                        order::Orders& orders, payment::Payments& payments)
      : settings_(settings),
        links_(links),
        hosted_(hosted),
        consumers_(consumers),
        orders_(orders),
        payments_(payments) {}

  Reply<GetStatus> handle(Call call, GetStatus query) override;
  Reply<DrainModule> handle(Call call, DrainModule command) override;
  Reply<ResumeModule> handle(Call call, ResumeModule command) override;
  Reply<ListEvents> handle(Call call, ListEvents query) override;
  Reply<GetEvent> handle(Call call, GetEvent query) override;
  Reply<RetryEvent> handle(Call call, RetryEvent command) override;
  Reply<DropEvent> handle(Call call, DropEvent command) override;
  Reply<FindSpans> handle(Call call, FindSpans query) override;
  Reply<TellOrder> handle(Call call, TellOrder query) override;

 private:
  Result<HostedModule> change(const std::string& module, void (Hosting::*action)());

  const Settings& settings_;
  const Links& links_;
  const std::map<std::string, HostedPart, std::less<>>& hosted_;
  const Consumers& consumers_;
  order::Orders& orders_;
  payment::Payments& payments_;
};

}  // namespace svc::app
