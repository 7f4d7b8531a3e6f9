// Sender: sends the mails that are noted, each until it is gone or given up. Several processes may share the database:
// each mail is claimed first.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "async/background.h"
#include "async/bell.h"
#include "events/consumer.h"
#include "mail/mailer.h"
#include "mail/templates.h"
#include "notification/module.h"
#include "notification_store.h"
#include "sql/database.h"

namespace svc::notification {

class Sender {
 public:
  /// What it refers to must outlive it. `noted` rings when there is something to send.
  Sender(sql::Database& database, events::Consumer& consumer, user::Users& users, Bell& noted, const Clock& clock,
         const Config& config, const std::filesystem::path& data);

  void start(Loop& loop) { background_.start(loop); }
  /// Whether there was more to send than it takes at once when it last looked. On the loop that it was started on.
  bool has_its_hands_full() const { return hands_full_; }
  /// Not from a loop's thread.
  void stop();

 private:
  /// What became of one try.
  struct Tried {
    Notification notification;
    std::string event;
    Time next_try_at{};
    std::optional<Error> given_up{};
    bool carrier_failed = false;
  };

  Task<> run();
  Task<bool> round();
  Task<Tried> send(StoredNotification stored);
  Task<Result<Mail>> compose(Notification notification, Envelope event, Call call);
  Task<Result<std::vector<StoredNotification>>> claim_some();
  Task<Result<Nothing>> note(std::vector<Tried> tried);

  sql::Database& database_;
  events::Consumer& consumer_;
  user::Users& users_;
  Bell& noted_;
  const Clock& clock_;
  const Config config_;
  const Templates templates_;
  const std::unique_ptr<Mailer> mailer_;
  std::atomic<bool> ending_{false};
  int failures_ = 0;
  bool hands_full_ = false;
  Background background_{[this] { return run(); }};
};

/// The envelope as it was stored, and the order in it. std::runtime_error: it is none of ours.
Envelope event_of(const std::string& stored);
order::Order order_of(const Envelope& event);

}  // namespace svc::notification
