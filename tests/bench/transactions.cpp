// What the transactions of an order cost on the databases alone: the same statements on the same tables, one after the
// other or side by side as the order module has them, for N orders at once; no HTTP, no checks, no saga logic, and no
// mails, which svc too leaves for later while many wait. Prints orders per second as JSON. Run by scripts/bench.
//
//   bench_transactions ORDERS_AT_ONCE SECONDS
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/ids.h"
#include "sql/database.h"
#include "support/temp_dir.h"

namespace {

using namespace svc;
using sql::Transaction;

std::string text_of(const std::string& file) {
  std::ifstream in(std::filesystem::path(SVC_SOURCE_DIR) / "modules" / file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A database with the tables of a module.
struct Tables {
  Tables(const test::TempDir& dir, const std::string& name, const std::vector<std::string>& files) {
    for (const auto& file : files) texts.push_back(text_of(file));
    for (std::size_t i = 0; i < texts.size(); ++i) migrations.push_back({static_cast<int>(i) + 1, "bench", texts[i]});
    database = std::make_unique<sql::Database>(dir / (name + ".db"), migrations);
  }
  std::vector<std::string> texts;
  std::vector<sql::Migration> migrations;
  std::unique_ptr<sql::Database> database;
};

struct Bench {
  test::TempDir dir;
  Tables orders{dir,
                "order",
                {"core/saga/schema.sql", "order/migrations/001_orders.sql", "core/events/outbox.sql",
                 "order/migrations/003_written_once.sql", "order/migrations/004_confirmed_in_no_index_of_states.sql"}};
  Tables stock{dir,
               "inventory",
               {"inventory/migrations/001_items.sql", "core/events/outbox.sql",
                "inventory/migrations/002_lines_in_their_reservation.sql"}};
  Tables payments{dir, "payment", {"payment/migrations/001_payments.sql", "core/events/outbox.sql"}};
  Tables provider{dir, "provider", {"payment/src/test_provider/001_charges.sql"}};
  SystemClock clock;
  Uuid7 ids{clock};
  std::string user = ids.next();
  std::size_t done = 0;
  int running = 0;  // coroutines
};

template <class Do>
Task<> commit(sql::Database& database, Do work) {
  auto writing = database.write(Steady::time_point::max(), [&](Transaction& transaction) -> Result<Nothing> {
    work(transaction);
    return Nothing{};
  });
  auto written = co_await writing;
  if (!written) std::abort();
}

// Events as long as those of an order with one line.
void tell(Transaction& t, Bench& bench, const char* type, const std::string& subject, std::size_t length) {
  t.execute("INSERT INTO outbox (id, type, version, subject, time, traceparent, data) VALUES (?, ?, 1, ?, ?, ?, ?)",
            bench.ids.next(), type, subject, bench.clock.now(), std::string(55, 'x'), std::string(length, 'x'));
}

// Once for all orders of a commit, as the module does it.
void tell_of_stock(Transaction& t, Bench& bench) {
  t.before_commit("stock_changed anvil", [&bench](Transaction& closing) {
    closing.first("SELECT sku, name, amount, currency, on_hand, reserved FROM items WHERE sku = 'anvil'",
                  [](const sql::Row& row) { return row.integer(4); });
    tell(closing, bench, "stock_changed", "anvil", 70);
  });
}

Task<> one_order(Bench& bench) {
  const std::string id = bench.ids.next(), payment = bench.ids.next();
  const Time now = bench.clock.now();
  auto creating = commit(*bench.orders.database, [&](Transaction& t) {
    t.execute(
        "INSERT INTO orders (id, user_id, total, currency, status, payment_id, payment_method, paid, created_at, "
        "updated_at, lines) VALUES (?, ?, 1999, 'USD', 'pending', ?, 'tok_visa', 0, ?, ?, ?)",
        id, bench.user, payment, now, now, std::string("1 1999 USD anvil\n"));
    t.execute(
        "INSERT INTO sagas (id, state, step, attempt, fence, owner, lease_until, history) "
        "VALUES (?, 'forward', 0, 1, 1, ?, ?, ?)",
        id, bench.user, now, std::string(37, 'x'));
    tell(t, bench, "order_created", id, 390);
  });
  co_await creating;
  auto selling = commit(*bench.stock.database, [&](Transaction& t) {
    t.execute("INSERT INTO reservations (order_id, state, expires_at, lines) VALUES (?, 'committed', ?, ?)", id, now,
              std::string("1 anvil\n"));
    t.execute(
        "UPDATE items SET on_hand = on_hand + ?, reserved = reserved + ? WHERE sku = 'anvil' AND on_hand - reserved >= "
        "?",
        -1, 0, 1);
    tell_of_stock(t, bench);
  });
  auto charging = commit(*bench.provider.database, [&](Transaction& t) {
    t.execute("INSERT INTO charges (key, state, tries, amount, currency) VALUES (?, 'approved', 1, 1999, 'USD')",
              payment);
  });
  co_await selling;
  co_await charging;
  auto paying = commit(*bench.payments.database, [&](Transaction& t) {
    t.execute(
        "INSERT INTO payments (id, order_id, user_id, amount, currency, status, created_at) "
        "VALUES (?, ?, ?, 1999, 'USD', 'captured', ?)",
        payment, id, bench.user, now);
    t.execute("INSERT INTO ledger (payment_id, kind, amount, currency, at) VALUES (?, 'charge', 1999, 'USD', ?)",
              payment, now);
    tell(t, bench, "payment_captured", payment, 200);
  });
  co_await paying;
  auto confirming = commit(*bench.orders.database, [&](Transaction& t) {
    t.execute("UPDATE sagas SET state = 'done', step = 3, history = history || ? WHERE id = ? AND fence = 1",
              std::string(110, 'x'), id);
    t.execute("UPDATE orders SET status = 'confirmed', paid = 1, updated_at = ? WHERE id = ?", now, id);
    tell(t, bench, "order_confirmed", id, 440);
  });
  co_await confirming;
}

Task<> orders_until(Bench& bench, Steady::time_point end) {
  while (Steady::now() < end) {
    auto ordering = one_order(bench);
    co_await ordering;
    ++bench.done;
  }
  --bench.running;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int at_once = std::atoi(argv[1]);
  Bench bench;
  Loop loop;
  const auto begun = Steady::now();
  const auto end = begun + seconds{std::atoi(argv[2])};
  loop.post([&] {
    detach([](Bench& b, int count, Steady::time_point until) -> Task<> {
      auto stocking = commit(*b.stock.database, [](Transaction& t) {
        t.execute(
            "INSERT INTO items (sku, name, amount, currency, on_hand) VALUES ('anvil', 'Anvil', 1999, 'USD', "
            "100000000)");
      });
      co_await stocking;
      for (int i = 0; i < count; ++i) {
        ++b.running;
        detach(orders_until(b, until));
      }
    }(bench, at_once, end));
  });
  loop.run_until([&] { return bench.running == 0 && bench.done > 0; });
  const std::chrono::duration<double> took = Steady::now() - begun;
  std::printf("{\"per_second\": %.0f}\n", static_cast<double>(bench.done) / took.count());
}
