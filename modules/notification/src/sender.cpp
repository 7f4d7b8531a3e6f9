#include "sender.h"

#include <algorithm>

#include "base/ids.h"
#include "contract/span.h"
#include "observe/log.h"
#include "resilience/backoff.h"

namespace svc::notification {
namespace {

constexpr milliseconds look_interval{1'000};  // for what other processes have noted, and what is to be tried again
constexpr seconds write_limit{10};
constexpr resilience::BackoffOptions carrier_backoff{500, 30'000};
// Sending takes the disk from requests, or the mail server from others. So a round of many is followed by a rest of
// some times its length, unless that is long.
constexpr int rest_for_work = 3;
constexpr milliseconds longest_rest{100};

// Why an order was cancelled, in the words of its customer's language.
std::string reason_of(user::Locale locale, const order::OrderFailure* failure) {
  const bool korean = locale == user::Locale::ko;
  if (failure == nullptr) return korean ? "고객님의 요청" : "you cancelled it";
  if (failure->code == "out_of_stock") return korean ? "재고 부족" : "an item is out of stock";
  if (failure->step == order::FailedStep::pay) return korean ? "결제 실패" : "the payment could not be made";
  return korean ? "주문을 처리할 수 없음" : "it could not be carried out";
}

std::map<std::string, std::string> values_of(const user::User& user, const order::Order& order) {
  std::string items;
  for (const auto& line : order.items) {
    const Money whole{line.quantity * line.unit_price.amount, line.unit_price.currency};
    items += (items.empty() ? "" : "\n") + item_line(line.quantity, line.sku, whole);
  }
  return {{"name", user.name},
          {"orderId", order.id},
          {"items", items},
          {"total", to_text(order.total_amount)},
          {"reason", reason_of(user.locale, order.failure ? &*order.failure : nullptr)}};
}

}  // namespace

Sender::Sender(sql::Database& database, events::Consumer& consumer, user::Users& users, Bell& noted, const Clock& clock,
               const Config& config, const std::filesystem::path& data)
    : database_(database),
      consumer_(consumer),
      users_(users),
      noted_(noted),
      clock_(clock),
      config_(config),
      templates_(config.mail.templates),
      mailer_(make_mailer(config.mail, data)) {}

void Sender::stop() {
  ending_ = true;
  mailer_->hang_up();
  noted_.ring();
  background_.stop();
}

// Its mail, to the address that its customer has now. Code::not_found: there is no such customer any more.
Task<Result<Mail>> Sender::compose(Notification notification, Envelope event, Call call) {
  auto finding = users_.handle(call.within(seconds{5}), user::FindUser{notification.user_id});
  auto user = co_await finding;
  if (!user) co_return refusal(user);
  auto text = templates_.fill(notification.kind, user->locale, values_of(*user, order_of(event)));
  co_return Mail{notification.id,         config_.mail.from,    user->email, user->name,
                 std::move(text.subject), std::move(text.body), event.time,  notification.attempts > 1};
}

Task<Sender::Tried> Sender::send(StoredNotification stored) {
  Tried tried{stored.notification, stored.event};
  Notification& notification = tried.notification;
  notification.failure.reset();
  std::optional<Error> why;
  // Well before somebody else may claim it.
  const auto deadline = Steady::now() + milliseconds{seconds{config_.sender.claim_seconds}} / 2;
  Span span;
  try {
    auto event = event_of(stored.event);
    auto call = call_about(event).within(deadline - Steady::now());
    call.from_service = true;
    span = Span::begin(call, Notifications::name, "send_mail", SpanKind::call);
    auto composing = compose(notification, std::move(event), std::move(call));
    auto mail = co_await composing;
    if (mail) {
      auto sending = mailer_->send(std::move(*mail), deadline);
      auto sent = co_await sending;
      if (!sent) why = sent.error();
      tried.carrier_failed = why && why->code != Code::invalid;
    } else if (mail.error().code == Code::not_found) {
      notification.status = NotificationStatus::skipped;
      notification.failure = "no_such_user";
    } else {
      why = mail.error();
    }
  } catch (const std::exception& defect) {
    why = Error{Code::invalid, "defect", defect.what()};
  }
  const bool skipped = notification.status == NotificationStatus::skipped;
  if (span.id != 0) span.end(skipped ? "skipped" : why ? outcome_of(why->code) : "ok");
  if (skipped) co_return tried;
  if (!why) {
    notification.status = NotificationStatus::sent;
    notification.sent_at = clock_.now();
    co_return tried;
  }
  notification.failure = why->reason;
  const bool long_enough = notification.created_at <= clock_.now() - std::chrono::hours{config_.sender.patience_hours};
  if (why->code == Code::invalid || (long_enough && notification.attempts >= config_.sender.attempts)) {
    notification.status = NotificationStatus::failed;
    tried.given_up = std::move(why);
  } else {
    const resilience::BackoffOptions backoff{config_.sender.backoff_ms, config_.sender.backoff_limit_ms};
    tried.next_try_at = clock_.now() + resilience::pause_before(backoff, notification.attempts, random_unit());
    log::warn("mail_retried", {{"notification", notification.id},
                               {"attempt", notification.attempts},
                               {"reason", why->reason},
                               {"detail", why->detail}});
  }
  co_return tried;
}

Task<Result<std::vector<StoredNotification>>> Sender::claim_some() {
  const Time now = clock_.now();
  if (!database_.read([&](sql::Session& session) { return are_due(session, now, 1); }))
    co_return std::vector<StoredNotification>{};
  auto writing = database_.write(Steady::now() + write_limit,
                                 [&](sql::Transaction& transaction) -> Result<std::vector<StoredNotification>> {
                                   return claim(transaction, now, now + seconds{config_.sender.claim_seconds},
                                                static_cast<int>(config_.sender.at_once));
                                 });
  auto claimed = co_await writing;
  co_return claimed;
}

Task<Result<Nothing>> Sender::note(std::vector<Tried> tried) {
  auto writing = database_.write(sql::deadline_of_a_note(), [&](sql::Transaction& transaction) -> Result<Nothing> {
    for (auto& one : tried) {
      if (!note_try(transaction, one.notification, one.next_try_at)) one.given_up.reset();
      if (one.given_up) consumer_.park(transaction, event_of(one.event), *one.given_up);
    }
    return Nothing{};
  });
  auto noted = co_await writing;
  if (noted)
    for (const auto& one : tried)
      if (one.given_up)
        log::error("mail_given_up", {{"notification", one.notification.id},
                                     {"attempts", one.notification.attempts},
                                     {"reason", one.given_up->reason}});
  co_return noted;
}

// Sends some. False: there is no more to be done now.
Task<bool> Sender::round() {
  hands_full_ = false;  // whatever is thrown
  auto claiming = claim_some();
  auto claimed = co_await claiming;
  hands_full_ = claimed && static_cast<std::int64_t>(claimed->size()) == config_.sender.at_once;
  if (!claimed || claimed->empty()) co_return false;
  std::vector<Task<Tried>> sending;
  for (auto& stored : *claimed) sending.push_back(send(std::move(stored)));
  std::vector<Tried> tried;
  bool any_gone = false;
  for (auto& task : sending) {
    tried.push_back(co_await task);
    any_gone = any_gone || !tried.back().carrier_failed;
  }
  failures_ = any_gone ? 0 : failures_ + 1;
  auto noting = note(std::move(tried));
  auto noted = co_await noting;
  if (!noted) log::warn("mails_not_noted", {{"reason", noted.error().reason}});  // tried again when the claim lapses
  co_return noted.has_value();
}

Task<> Sender::run() {
  while (!ending_) {
    const auto heard = noted_.rings();
    const auto begun = Steady::now();
    bool more = false;
    try {
      auto sending = round();
      more = co_await sending;
    } catch (const std::exception& defect) {
      log::error("mails_not_sent", {{"what", defect.what()}});
    }
    if (ending_) co_return;
    if (failures_ > 0) {
      // The carrier takes none: no mail is the better for being tried now.
      auto pausing =
          background_.pause_until(Steady::now() + resilience::pause_before(carrier_backoff, failures_, random_unit()));
      co_await pausing;
    } else if (more) {
      const auto rest = std::min<Steady::duration>(rest_for_work * (Steady::now() - begun), longest_rest);
      auto resting = background_.pause_until(Steady::now() + rest);
      co_await resting;
    } else {
      auto waiting = noted_.wait_until(heard, Steady::now() + look_interval);
      co_await waiting;
    }
  }
}

}  // namespace svc::notification
