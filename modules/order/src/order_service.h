// The order module's operations.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "events/outbox.h"
#include "keys_in_use.h"
#include "order/module.h"
#include "order_store.h"
#include "saga/runner.h"
#include "sql/database.h"

namespace svc::order {

class OrderService final : public Orders {
 public:
  /// What it refers to must outlive it.
  OrderService(sql::Database& database, events::Outbox& outbox, saga::Runner& runner, const Environment& environment,
               const Config& config, const Links& links)
      : database_(database),
        outbox_(outbox),
        runner_(runner),
        clock_(environment.clock),
        ids_(environment.ids),
        config_(config),
        links_(links) {}

  Reply<PlaceOrder> handle(Call call, PlaceOrder command) override;
  Reply<GetOrder> handle(Call call, GetOrder query) override;
  Reply<ListOrders> handle(Call call, ListOrders query) override;
  Reply<CancelOrder> handle(Call call, CancelOrder command) override;
  Reply<GetTimeline> handle(Call call, GetTimeline query) override;
  Reply<RetryOrder> handle(Call call, RetryOrder command) override;
  Reply<AbandonOrder> handle(Call call, AbandonOrder command) override;

 private:
  enum class Turn { cancel, retry, abandon };
  /// What the other modules have said of an order to be placed.
  struct Checked {
    std::vector<inventory::PricedLine> lines;
    bool ample = false;      ///< there is so much of all of them that it may be counted on
    bool from_copy = false;  ///< the user could not be asked for, and is one that the module has heard of
  };

  Reply<PlaceOrder> place_keyed(Call call, PlaceOrder command);
  Reply<PlaceOrder> place(Call call, PlaceOrder command, std::string user_id, std::optional<KnownKey> key);
  Reply<PlaceOrder> answer_repeated(KnownKey known, std::string body_hash);
  Task<Result<Checked>> check_with_others(Call call, PlaceOrder command, std::string user_id);
  bool is_known_customer(const std::string& user_id);
  Task<bool> give_units_back(Call call, std::string id);
  Reply<GetOrder> turn(Call call, std::string id, Turn how);
  std::optional<saga::Record> turn_saga(sql::Transaction& transaction, const std::string& id, Turn how,
                                        const std::string& detail);
  seconds wait_of(const Call& call) const;
  Reply<GetOrder> await_cancelled(Call call, std::string id);
  Reply<GetOrder> run_to_end(Call call, saga::Record record, StoredOrder order, bool ample);
  std::optional<StoredOrder> find(const std::string& id);
  Result<StoredOrder> find_visible(const Call& call, const std::string& id);

  sql::Database& database_;
  events::Outbox& outbox_;
  saga::Runner& runner_;
  const Clock& clock_;
  Ids& ids_;
  const Config config_;
  const Links links_;
  KeysInUse keys_in_use_;
};

}  // namespace svc::order
