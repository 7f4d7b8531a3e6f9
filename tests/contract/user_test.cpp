// What the user module promises, over each lane.
#include "user/user.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/world.h"
#include "user/module.h"

namespace svc::user {
namespace {

using test::World;

struct Fixture {
  explicit Fixture(Config config = {}) : module(make(config, world.environment, world.dir / "user.db")) {}
  test::Lane lane = GENERATE(from_range(test::lanes));
  World world;
  std::unique_ptr<Hosted<Users>> module;
  std::unique_ptr<Users> users = world.open(lane, module->service());

  template <class Op>
  auto ask(Call call, Op op) {
    return world.ask(*users, call, op);
  }
  Result<User> sign_up(const std::string& email, const std::string& password = "correct horse") {
    return ask(world.anyone(), CreateUser{"Ann", email, password, Locale::en});
  }
  Result<Session> sign_in(const std::string& email, const std::string& password = "correct horse",
                          const std::string& address = "192.0.2.1") {
    Call call = world.anyone();
    auto origin = std::make_shared<Origin>(*call.origin);
    origin->client_address = address;
    call.origin = origin;
    return ask(call, CreateSession{email, password});
  }
};

TEST_CASE("an account is made, and signs in") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto made = f.sign_up("Ann@Example.com");
  REQUIRE(made.has_value());
  CHECK(made->email == "Ann@Example.com");
  CHECK(made->role == Role::customer);
  CHECK(made->created_at == f.world.clock.now());
  const auto session = f.sign_in("aNN@eXAMPLE.COM");
  REQUIRE(session.has_value());
  CHECK(session->token_type == "Bearer");
  CHECK(session->expires_in == 900);
  const auto caller = f.world.run([&] { return f.world.tokens.verify(session->access_token); });
  REQUIRE(caller.has_value());
  CHECK((*caller)->subject == made->id);
  CHECK((*caller)->customer);
  CHECK_FALSE((*caller)->admin);
}

TEST_CASE("an e-mail has one account, without regard to case") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.sign_up("ann@example.com"));
  CHECK(f.sign_up("ANN@Example.Com").error() ==
        Error{Code::conflict, "email_taken", "There is an account with this e-mail already", {}, {}});
  const auto other = f.sign_up("bob@example.com");
  UpdateUser change{other->id, {}, "Ann@example.com", {}, {}, {}};
  CHECK(f.ask(f.world.customer(other->id), change).error().reason == "email_taken");
  change.email = "BOB@example.com";
  CHECK(f.ask(f.world.customer(other->id), change)->email == "BOB@example.com");
}

TEST_CASE("a hundred sign-ups for one e-mail leave one account") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const int made = f.world.run([&]() -> Task<int> {
    std::vector<Reply<CreateUser>> tries;
    for (int i = 0; i < 20; ++i)
      tries.push_back(
          f.users->handle(f.world.anyone(), CreateUser{"Ann", "ann@example.com", "correct horse", Locale::en}));
    int won = 0;
    for (auto& one : tries) {
      auto result = co_await one;
      if (result) ++won;
    }
    co_return won;
  });
  CHECK(made == 1);
}

TEST_CASE("wrong passwords and unknown accounts are refused with the same words") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  REQUIRE(f.sign_up("ann@example.com"));
  const auto wrong = f.sign_in("ann@example.com", "wrong horse");
  const auto unknown = f.sign_in("nobody@example.com");
  CHECK(wrong.error() == unknown.error());
  CHECK(wrong.error().code == Code::unauthenticated);
  CHECK(wrong.error().reason == "bad_credentials");
  CHECK(f.sign_in("", "x").error().code == Code::invalid);
}

TEST_CASE("passwords are kept as Argon2id, 19 MiB, two passes or more") {
  Fixture f;
  REQUIRE(f.sign_up("ann@example.com"));
  SQLite::Database database((f.world.dir / "user.db").string());
  const auto hash = database.execAndGet("SELECT password_hash FROM users").getString();
  CHECK_THAT(hash, Catch::Matchers::StartsWith("$argon2id$v=19$m=19456,t=2,p=1$"));
}

TEST_CASE("guessing is slowed down, by account and by address, until the window has passed") {
  Config config;
  config.failures_per_account = 3;
  config.failures_per_address = 5;
  Fixture f(config);
  CAPTURE(name_of(f.lane));
  REQUIRE(f.sign_up("ann@example.com"));
  REQUIRE(f.sign_up("bob@example.com"));

  SECTION("an account") {
    for (int i = 0; i < 3; ++i)
      CHECK(f.sign_in("ann@example.com", "wrong", "192.0.2." + std::to_string(i)).error().code ==
            Code::unauthenticated);
    f.world.clock.advance(seconds{100});
    const auto refused = f.sign_in("ann@example.com", "correct horse", "192.0.2.9");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Code::exhausted);
    CHECK(refused.error().retry_after == 800);
    CHECK(f.sign_in("bob@example.com").has_value());
    f.world.clock.advance(seconds{801});
    CHECK(f.sign_in("ann@example.com").has_value());
  }
  SECTION("an unknown account as well: nothing tells it from a known one") {
    for (int i = 0; i < 3; ++i) CHECK(f.sign_in("no@example.com").error().code == Code::unauthenticated);
    CHECK(f.sign_in("no@example.com").error().code == Code::exhausted);
  }
  SECTION("an address") {
    for (int i = 0; i < 5; ++i) {
      const std::string account = "u" + std::to_string(i) + "@example.com";
      CHECK(f.sign_in(account, "wrong").error().code == Code::unauthenticated);
    }
    CHECK(f.sign_in("ann@example.com").error().code == Code::exhausted);
    CHECK(f.sign_in("ann@example.com", "correct horse", "198.51.100.1").has_value());
  }
  SECTION("success forgets the failures of the account") {
    for (int i = 0; i < 3; ++i) {
      CHECK_FALSE(f.sign_in("ann@example.com", "wrong").has_value());
      CHECK(f.sign_in("ann@example.com").has_value());
    }
  }
  SECTION("many that are right are let in, however many come at once") {
    const int let_in = f.world.run([&]() -> Task<int> {
      std::vector<Reply<CreateSession>> sign_ins;
      for (int i = 0; i < 12; ++i)
        sign_ins.push_back(f.users->handle(f.world.anyone(), CreateSession{"ann@example.com", "correct horse"}));
      int good = 0;
      for (auto& sign_in : sign_ins) {
        auto result = co_await sign_in;
        if (result) ++good;
      }
      co_return good;
    });
    CHECK(let_in == 12);
  }
  SECTION("a wrong one counts, though who sent it gives up before that is known") {
    SQLite::Database database((f.world.dir / "user.db").string());
    const auto failed = [&] {
      return database.execAndGet("SELECT COUNT(*) FROM sign_in_attempts WHERE failed = 1").getInt();
    };
    CHECK(test::eventually([&] {
      Call call = f.world.anyone();
      call.deadline = Steady::now() + milliseconds{10};  // enough to be noted in, mostly, and less than a hash takes
      CHECK_FALSE(f.ask(call, CreateSession{"ann@example.com", "wrong"}).has_value());
      return failed() > 0;
    }));
  }
  SECTION("many tried at once do not slip past") {
    const int tried = f.world.run([&]() -> Task<int> {
      std::vector<Reply<CreateSession>> guesses;
      for (int i = 0; i < 30; ++i)
        guesses.push_back(f.users->handle(f.world.anyone(), CreateSession{"ann@example.com", "wrong"}));
      int verified = 0;
      for (auto& guess : guesses) {
        auto result = co_await guess;
        if (result.error().code == Code::unauthenticated) ++verified;
      }
      co_return verified;
    });
    CHECK(tried == 3);
  }
}

TEST_CASE("accounts are seen by their owner and by admins, and by nobody else") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto ann = f.sign_up("ann@example.com"), bob = f.sign_up("bob@example.com");
  CHECK(*f.ask(f.world.customer(ann->id), GetUser{ann->id}) == *ann);
  CHECK(*f.ask(f.world.admin(), GetUser{ann->id}) == *ann);
  const auto foreign = f.ask(f.world.customer(bob->id), GetUser{ann->id});
  const auto missing = f.ask(f.world.customer(bob->id), GetUser{f.world.ids.next()});
  CHECK(foreign.error() == missing.error());
  CHECK(foreign.error().code == Code::not_found);
  CHECK(f.ask(f.world.customer(bob->id), UpdateUser{ann->id, "X", {}, {}, {}, {}}).error().code == Code::not_found);
  CHECK(f.ask(f.world.customer(bob->id), DeleteUser{ann->id}).error().code == Code::not_found);
  CHECK(f.ask(f.world.anyone(), GetUser{ann->id}).error().code == Code::unauthenticated);
}

TEST_CASE("an account is changed as far as it is told") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto ann = f.sign_up("ann@example.com");
  const auto me = f.world.customer(ann->id);
  const auto changed = f.ask(me, UpdateUser{ann->id, "Anna", {}, Locale::ko, {}, {}});
  REQUIRE(changed.has_value());
  CHECK(changed->name == "Anna");
  CHECK(changed->email == "ann@example.com");
  CHECK(changed->locale == Locale::ko);
  CHECK(*f.ask(me, UpdateUser{ann->id, {}, {}, {}, {}, {}}) == *changed);
}

TEST_CASE("a new password wants the present one") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto ann = f.sign_up("ann@example.com");
  const auto me = f.world.customer(ann->id);
  const auto change = [&](std::optional<std::string> current) {
    return f.ask(me, UpdateUser{ann->id, {}, {}, {}, "battery staple", current});
  };
  CHECK(change(std::nullopt).error().violations == Violations{{"/currentPassword", "required", "is missing"}});
  CHECK(change("wrong").error().violations == Violations{{"/currentPassword", "match", "is not the password"}});
  CHECK(f.sign_in("ann@example.com").has_value());
  CHECK(change("correct horse").has_value());
  CHECK_FALSE(f.sign_in("ann@example.com").has_value());
  CHECK(f.sign_in("ann@example.com", "battery staple").has_value());
}

TEST_CASE("a deleted account is gone, and its token is refused at once") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto ann = f.sign_up("ann@example.com");
  const auto me = f.world.customer(ann->id);
  CHECK(f.ask(me, DeleteUser{ann->id}).has_value());
  CHECK(f.ask(me, GetUser{ann->id}).error().reason == "account_gone");
  CHECK(f.ask(me, GetUser{ann->id}).error().code == Code::unauthenticated);
  CHECK(f.ask(me, DeleteUser{ann->id}).error().code == Code::unauthenticated);
  CHECK(f.ask(f.world.anyone(), FindUser{ann->id}).error().code == Code::not_found);
  CHECK_FALSE(f.sign_in("ann@example.com").has_value());
  CHECK(f.sign_up("ann@example.com").has_value());
}

TEST_CASE("roles are given by admins, and hold at once in this module") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto ann = f.sign_up("ann@example.com");
  CHECK(f.ask(f.world.customer(ann->id), SetRole{ann->id, Role::admin}).error().code == Code::forbidden);
  CHECK(f.ask(f.world.admin(), SetRole{ann->id, Role::admin})->role == Role::admin);
  CHECK(f.ask(f.world.admin(), SetRole{f.world.ids.next(), Role::admin}).error().code == Code::not_found);
  const auto session = f.sign_in("ann@example.com");
  const auto caller = f.world.run([&] { return f.world.tokens.verify(session->access_token); });
  CHECK((*caller)->admin);
  const auto as_admin = f.world.signed_in_admin(ann->id);
  CHECK(f.ask(as_admin, ListUsers{}).has_value());
  CHECK(f.ask(f.world.admin(), SetRole{ann->id, Role::customer}).has_value());
  CHECK(f.ask(as_admin, ListUsers{}).error().code == Code::forbidden);
}

TEST_CASE("users are listed newest first, for admins") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) {
    made.push_back(f.sign_up("u" + std::to_string(i) + "@example.com")->id);
    f.world.clock.advance(seconds{1});
  }
  std::ranges::reverse(made);
  std::vector<std::string> seen;
  std::optional<std::string> cursor;
  do {
    const auto page = f.ask(f.world.admin(), ListUsers{2, cursor});
    for (const auto& user : page->items) seen.push_back(user.id);
    cursor = page->next_cursor;
  } while (cursor);
  CHECK(seen == made);
  CHECK(f.ask(f.world.customer(made[0]), ListUsers{}).error().code == Code::forbidden);
}

TEST_CASE("the configured e-mail is an admin, from the start or from now on") {
  Config config;
  World world;
  {
    const auto before = make(config, world.environment, world.dir / "user.db");
    const auto boss = world.ask(before->service(), world.anyone(),
                                CreateUser{"Boss", "Boss@example.com", "correct horse", Locale::en});
    CHECK(boss->role == Role::customer);
  }
  config.bootstrap_email = "boss@Example.com";
  const auto module = make(config, world.environment, world.dir / "user.db");
  module->start();
  const auto role_of_boss = [&] { return world.ask(module->service(), world.admin(), ListUsers{})->items.back().role; };
  CHECK(test::eventually([&] { return role_of_boss() == Role::admin; }));
  CHECK(world.ask(module->service(), world.anyone(), CreateUser{"Ann", "ann@example.com", "correct horse", Locale::en})
            ->role == Role::customer);
  module->stop();
}

TEST_CASE("the keys that sign are published") {
  Fixture f;
  CAPTURE(name_of(f.lane));
  const auto keys = f.ask(f.world.anyone(), GetKeys{});
  REQUIRE(keys.has_value());
  CHECK(*keys == f.world.keys.published());
}

}  // namespace
}  // namespace svc::user
