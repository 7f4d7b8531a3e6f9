// Notification: mails to customers about their orders. All that other modules may know of it.
#pragma once

#include "base/page.h"
#include "contract/service.h"

namespace svc::notification {

/// What a mail is about.
enum class Kind { order_confirmed, order_cancelled };
constexpr auto names(std::type_identity<Kind>) {
  return std::array{EnumName{Kind::order_confirmed, "order_confirmed"},
                    EnumName{Kind::order_cancelled, "order_cancelled"}};
}

enum class NotificationStatus {
  waiting,  ///< to be sent, or being sent
  sent,     ///< in the hands of whoever carries mail
  skipped,  ///< not to be sent: there is nobody to get it any more
  failed,   ///< given up; its event is parked
};
constexpr auto names(std::type_identity<NotificationStatus>) {
  using enum NotificationStatus;
  return std::array{EnumName{waiting, "waiting"}, EnumName{sent, "sent"}, EnumName{skipped, "skipped"},
                    EnumName{failed, "failed"}};
}

struct Notification {
  std::string id, order_id, user_id;
  Kind kind = Kind::order_confirmed;
  NotificationStatus status = NotificationStatus::waiting;
  int attempts = 0;
  std::optional<std::string> failure;
  Time created_at;
  std::optional<Time> sent_at;
  static constexpr std::string_view schema_name = "Notification";
  static constexpr auto fields() {
    return rows(field(&Notification::id, "id", "That of the event it is about"),
                field(&Notification::order_id, "orderId", "The order"),
                field(&Notification::user_id, "userId", "Who gets it"),
                field(&Notification::kind, "kind", "What it is about"),
                field(&Notification::status, "status", "Whether it is sent"),
                field(&Notification::attempts, "attempts", "How often that was tried"),
                field(&Notification::failure, "failure", "Why the last try failed, for programs"),
                field(&Notification::created_at, "createdAt", "When it was to be sent"),
                field(&Notification::sent_at, "sentAt", "When it was sent, if it was"));
  }
  bool operator==(const Notification&) const = default;
};

struct NotificationPage {
  std::vector<Notification> items;
  std::optional<std::string> next_cursor;
  static constexpr std::string_view schema_name = "NotificationPage";
  static constexpr auto fields() {
    return rows(field(&NotificationPage::items, "items", "The notifications, newest first"),
                field(&NotificationPage::next_cursor, "nextCursor", "Leads to the next page; absent on the last"));
  }
};

struct ListNotifications {
  int limit = page_default;
  std::optional<std::string> cursor;
  static constexpr auto fields() { return rows(limit_field<ListNotifications>(), cursor_field<ListNotifications>()); }
  static constexpr Endpoint endpoint{.verb = Verb::get,
                                     .path = "/notifications",
                                     .name = "list_notifications",
                                     .summary = "Lists mails to customers, newest first",
                                     .access = Access::admin,
                                     .retry = Retry::read};
  using Response = NotificationPage;
};

struct Notifications : Service<Notifications, ListNotifications> {
  static constexpr std::string_view name = "notification";
  static constexpr std::string_view summary = "Mails to customers about their orders";
};

}  // namespace svc::notification
