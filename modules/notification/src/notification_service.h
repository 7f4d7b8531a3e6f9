// The notification module's operations.
#pragma once

#include "notification/notification.h"
#include "sql/database.h"

namespace svc::notification {

class NotificationService final : public Notifications {
 public:
  /// `database` must outlive it.
  explicit NotificationService(sql::Database& database) : database_(database) {}

  Reply<ListNotifications> handle(Call call, ListNotifications query) override;

 private:
  sql::Database& database_;
};

}  // namespace svc::notification
