// How a process hosts the notification module. Included by app and tests only.
#pragma once

#include <filesystem>
#include <memory>

#include "base/fields.h"
#include "contract/feed.h"
#include "module/module.h"
#include "notification/mail_options.h"
#include "notification/notification.h"
#include "order/order.h"
#include "user/user.h"

namespace svc::notification {

struct SenderOptions {
  std::int64_t attempts = 12;
  std::int64_t patience_hours = 48;
  std::int64_t backoff_ms = 500;
  std::int64_t backoff_limit_ms = 300'000;
  std::int64_t at_once = 16;
  std::int64_t claim_seconds = 60;
  std::int64_t backlog = 10'000;
  static constexpr auto fields() {
    return rows(
        field(&SenderOptions::attempts, "attempts",
              "Tries of a mail, at least, before it is given up and its event is parked", Range{1, 1'000}, Default{12}),
        field(&SenderOptions::patience_hours, "patience_hours",
              "Time, at least, before a mail is given up: a mail server may be away for long", Range{0, 8'760},
              Default{48}),
        field(&SenderOptions::backoff_ms, "backoff_ms",
              "Longest pause before the second try; doubled for each further one, and cut short by chance",
              Range{1, 60'000}, Default{500}),
        field(&SenderOptions::backoff_limit_ms, "backoff_limit_ms", "Longest pause before a try", Range{1, 3'600'000},
              Default{300'000}),
        field(&SenderOptions::at_once, "at_once", "Mails that are sent together", Range{1, 1'000}, Default{16}),
        field(&SenderOptions::claim_seconds, "claim_seconds",
              "Time after which another process may send what one has begun to send and said nothing more of",
              Range{1, 86'400}, Default{60}),
        field(
            &SenderOptions::backlog, "backlog",
            "Mails noted ahead of their sending; while so many could be sent, further events are left where they wait",
            Range{1, 10'000'000}, Default{10'000}));
  }
};

struct Config {
  MailOptions mail{};
  SenderOptions sender{};
  static constexpr auto fields() {
    return rows(field(&Config::mail, "mail", "How mail leaves"), field(&Config::sender, "sender", "How it is retried"));
  }
};

/// What notification hears of others.
using Hears = EventList<order::OrderConfirmed, order::OrderCancelled>;

/// The modules that notification asks, and whose events it hears. They outlive it.
struct Links {
  user::Users& users;
  EventFeed& order_events;
};

/// `database`: the module's SQLite file. Throws std::runtime_error when it, the templates or the carrier of mail cannot
/// be used.
std::unique_ptr<Hosted<Notifications>> make(const Config& config, const Environment& environment,
                                            const std::filesystem::path& database, const Links& links);

}  // namespace svc::notification
