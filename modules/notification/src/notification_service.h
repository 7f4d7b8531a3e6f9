// The notification module's operations.
#pragma once

#include "events/consumer.h"
#include "notification/notification.h"
#include "sql/database.h"

namespace svc::notification {

class NotificationService final : public Notifications {
 public:
  /// What it refers to must outlive it.
  NotificationService(sql::Database& database, events::Consumer& consumer) : database_(database), consumer_(consumer) {}

  Reply<ListNotifications> handle(Call call, ListNotifications query) override;
  Reply<ListParked> handle(Call call, ListParked query) override { return consumer_.list(std::move(call), std::move(query)); }
  Reply<GetParked> handle(Call call, GetParked query) override { return consumer_.get(std::move(call), std::move(query)); }
  Reply<RetryParked> handle(Call call, RetryParked command) override {
    return consumer_.retry(std::move(call), std::move(command));
  }
  Reply<DropParked> handle(Call call, DropParked command) override {
    return consumer_.drop(std::move(call), std::move(command));
  }

 private:
  sql::Database& database_;
  events::Consumer& consumer_;
};

}  // namespace svc::notification
