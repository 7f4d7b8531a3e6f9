#include "notification_service.h"

#include "notification_store.h"

namespace svc::notification {

Reply<ListNotifications> NotificationService::handle(Call, ListNotifications query) {
  auto before = key_of_cursor(query.cursor, [](std::string_view id) { return !id.empty(); });
  if (!before) return refusal(before);
  NotificationPage page;
  page.items = database_.read([&](sql::Session& session) { return list_before(session, *before, query.limit + 1); });
  page.next_cursor =
      cut_page(page.items, query.limit, [](const Notification& notification) { return notification.id; });
  return page;
}

}  // namespace svc::notification
