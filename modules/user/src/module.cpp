#include "user/module.h"

#include "observe/log.h"
#include "sql/database.h"
#include "user_service.h"
#include "user_store.h"

namespace svc::user {
namespace {

// Operators' tokens may be made for up to a year (`svc token --ttl`), and a key is published until the last
// token it signed has expired.
constexpr seconds longest_token{366 * 86'400};

class UserModule final : public Hosted<Users> {
 public:
  UserModule(const Config& config, const Environment& environment, const std::filesystem::path& database)
      : loops_(environment.loops),
        database_(database, migrations()),
        outbox_(database_, "user", environment),
        service_(database_, outbox_, environment, config) {}

  Users& service() override { return service_; }
  EventFeed* feed() override { return &outbox_; }
  void start() override {
    loops_[0].post([this] { detach(bootstrap()); });
    outbox_.start(loops_.background());
  }
  void stopping() override { outbox_.stopping(); }
  void stop() override { outbox_.stop(); }
  void measure(Measures& measures) const override { outbox_.measure(measures); }
  std::optional<std::string> trouble() const override { return database_.unwritable(); }

 private:
  Task<> bootstrap() {
    auto promoting = service_.bootstrap();
    auto promoted = co_await promoting;
    if (!promoted) log::error("bootstrap_failed", {{"reason", promoted.error().reason}});
  }

  Loops& loops_;
  sql::Database database_;
  events::Outbox outbox_;
  UserService service_;
};

}  // namespace

KeyRing::Options key_ring_options(const Config& config, const std::filesystem::path& data) {
  return {data / "keys", std::chrono::hours{24 * config.signing_key_days}, longest_token};
}

std::unique_ptr<Hosted<Users>> make(const Config& config, const Environment& environment,
                                    const std::filesystem::path& database) {
  return std::make_unique<UserModule>(config, environment, database);
}

}  // namespace svc::user
