// Tokens, keys, and what is believed.
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "async/event.h"
#include "async/loop.h"
#include "base/base64url.h"
#include "base/encode.h"
#include "identity/cluster_key.h"
#include "identity/key_ring.h"
#include "identity/secret_file.h"
#include "identity/token.h"
#include "identity/token_verifier.h"
#include "support/catch.h"
#include "support/temp_dir.h"

namespace {

using namespace svc;

constexpr Time now{1'700'000'000'000};

Claims claims_of(const std::string& subject, std::int64_t seconds_left = 900) {
  Claims claims;
  claims.sub = subject;
  claims.scope = "customer";
  claims.sid = "s";
  claims.iat = now.ms / 1000;
  claims.exp = claims.iat + seconds_left;
  return claims;
}

std::string with_header(const std::string& token, const std::string& header) {
  return base64url(header) + token.substr(token.find('.'));
}

TEST_CASE("base64url has one text for one value") {
  CHECK(base64url("") == "");
  CHECK(base64url(std::string("\xfb\xff\x00", 3)) == "-_8A");
  CHECK(from_base64url("-_8A") == std::string("\xfb\xff\x00", 3));
  for (const std::string bad : {"+/8A", "-_8A=", "-_8", "a", "-_8A\n", " "}) {
    CAPTURE(bad);
    if (bad != "-_8") CHECK_FALSE(from_base64url(bad));
  }
  CHECK_FALSE(from_base64url("-_9"));  // bits beyond the last byte
}

TEST_CASE("a token is believed as it was signed, and not otherwise") {
  const SigningKey key(SigningKey::random_seed()), other(SigningKey::random_seed());
  const auto token = key.sign(claims_of("ann"));
  const auto read = verify_token(token, key.jwk(), now);
  REQUIRE(read.has_value());
  CHECK(read->sub == "ann");
  CHECK(read->sid == "s");

  const auto refused = [&](const std::string& bad, Time at = now) {
    const auto result = verify_token(bad, key.jwk(), at);
    return !result && result.error().code == Code::unauthenticated;
  };
  CHECK(refused(other.sign(claims_of("ann"))));
  CHECK(refused(token, now + seconds{900}));
  CHECK_FALSE(refused(token, now + seconds{899}));
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CAPTURE(i);
    CHECK(refused(changed));
  }
  for (std::size_t length = 0; length < token.size(); ++length) CHECK(refused(token.substr(0, length)));
  CHECK(refused(token + "A"));
  CHECK(refused(token + "."));
  CHECK(refused(" " + token));

  const auto kid = key.jwk().kid;
  CHECK(refused(with_header(token, R"({"alg":"none","kid":")" + kid + R"("})")));
  CHECK(refused(base64url(R"({"alg":"none","kid":")" + kid + R"("})") + "." + base64url("{}") + "."));
  CHECK(refused(with_header(token, R"({"alg":"HS256","kid":")" + kid + R"("})")));
  CHECK(refused(with_header(token, R"({"alg":"EdDSA","kid":")" + kid + R"(","crit":["x"]})")));
  CHECK(refused(with_header(token, R"({"alg":"EdDSA"})")));
  auto foreign = claims_of("ann");
  foreign.iss = "somebody";
  CHECK(refused(key.sign(foreign)));
  for (const auto exp : {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    auto beyond_time = claims_of("ann");
    beyond_time.exp = exp;
    CHECK(refused(key.sign(beyond_time)));
  }
}

TEST_CASE("the key id is the thumbprint of RFC 7638") {
  // RFC 8037 appendix A.1 and A.3
  const auto seed = from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  const SigningKey key(*seed);
  CHECK(key.jwk().x == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  CHECK(key.jwk().kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST_CASE("a secret is made once, for its owner only, whoever comes first") {
  const test::TempDir dir;
  const auto file = dir / "keys" / "secret";
  std::vector<std::thread> makers;
  std::vector<std::string> seen(16);
  for (std::size_t i = 0; i < seen.size(); ++i)
    makers.emplace_back(
        [&, i] { seen[i] = read_or_make_secret(file, [i] { return "made by " + std::to_string(i); }); });
  for (auto& maker : makers) maker.join();
  CHECK(std::ranges::adjacent_find(seen, std::not_equal_to{}) == seen.end());
  struct stat info{};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE(::stat((dir / "keys").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  CHECK(std::distance(std::filesystem::directory_iterator(dir / "keys"), {}) == 1);
}

TEST_CASE("cluster tokens prove a service for a minute, to those who hold the key") {
  const test::TempDir dir;
  ManualClock clock(now);
  const ClusterKey ours(dir / "a", clock), same(dir / "a", clock), foreign(dir / "b", clock);
  const auto token = ours.token("order");
  CHECK(same.verify(token) == "order");
  CHECK(same.verify(token) == "order");  // remembered
  CHECK(foreign.verify(token).empty());
  CHECK(ours.token("order") == token);
  CHECK(ours.token("user") != token);
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK(same.verify(changed).empty());
  }
  CHECK(same.verify("").empty());
  CHECK(same.verify(".").empty());
  const SigningKey key(SigningKey::random_seed());
  CHECK(same.verify(key.sign(claims_of("order"))).empty());
  clock.advance(seconds{31});
  CHECK(ours.token("order") != token);
  CHECK(same.verify(token) == "order");
  clock.advance(seconds{29});
  CHECK(same.verify(token).empty());
  CHECK(ClusterKey(dir / "c", clock).verify(token).empty());
}

TEST_CASE("a cluster key that is too short is refused") {
  const test::TempDir dir;
  const SystemClock clock;
  std::ofstream(dir / "short") << "c2hvcnQ\n";
  CHECK_THROWS_WITH(ClusterKey(dir / "short", clock), Catch::Matchers::ContainsSubstring("at least 32 bytes"));
}

TEST_CASE("keys follow each other, and stay published while tokens of theirs live") {
  const test::TempDir dir;
  ManualClock clock(now);
  const KeyRing::Options options{dir / "keys", std::chrono::hours{24}, std::chrono::hours{48}};
  KeyRing ring(options, clock);
  const auto first = ring.published();
  REQUIRE(first.keys.size() == 1);
  const auto old_token = ring.sign(claims_of("ann"));

  clock.advance(std::chrono::hours{25});
  const auto new_token = ring.sign(claims_of("ann"));
  const auto both = ring.published();
  REQUIRE(both.keys.size() == 2);
  CHECK(key_id(old_token) == first.keys[0].kid);
  CHECK(key_id(new_token) == both.keys[1].kid);
  CHECK(key_id(new_token) != key_id(old_token));
  KeyRing another(options, clock);
  CHECK(another.published() == both);

  clock.advance(std::chrono::hours{49});
  const auto later = ring.published();
  CHECK(std::ranges::none_of(later.keys, [&](const Jwk& key) { return key.kid == first.keys[0].kid; }));
}

// Verifies against a key ring, counting how often the keys are asked for.
struct Verifying {
  ManualClock clock{now};
  test::TempDir dir;
  SigningKey key{SigningKey::random_seed()};
  std::optional<SigningKey> next_key;
  bool reachable = true;
  int asked = 0;
  TokenVerifier make(TokenVerifier::Options options = {}) {
    return TokenVerifier(
        clock,
        [this]() -> Task<Result<Jwks>> {
          ++asked;
          if (!reachable) return fail(Code::unavailable, "service_unavailable");
          Jwks jwks{{key.jwk()}};
          if (next_key) jwks.keys.push_back(next_key->jwk());
          return jwks;
        },
        options);
  }
};

TokenVerifier::Verdict verdict(TokenVerifier& verifier, const std::string& token) {
  return run_here([&] { return verifier.verify(token); });
}

TEST_CASE("a verified token is remembered until it expires") {
  Verifying v;
  auto verifier = v.make();
  auto claims = claims_of("ann", 60);
  claims.scope = "admin customer";
  const auto token = v.key.sign(claims);
  const auto caller = verdict(verifier, token);
  REQUIRE(caller.has_value());
  CHECK((*caller)->subject == "ann");
  CHECK((*caller)->admin);
  CHECK((*caller)->customer);
  CHECK((*caller)->session);
  CHECK(verdict(verifier, token)->get() == caller->get());
  CHECK(v.asked == 1);
  v.clock.advance(seconds{60});
  CHECK(verdict(verifier, token).error().code == Code::unauthenticated);
}

TEST_CASE("scopes say what a token opens, each by its whole name") {
  Verifying v;
  auto verifier = v.make();
  const auto caller_of = [&](const std::string& scope) {
    auto claims = claims_of("joe", 60);
    claims.scope = scope;
    return **verdict(verifier, v.key.sign(claims));
  };
  const auto both = caller_of("register:shop register:cart");
  CHECK(both.registers == std::vector<std::string>{"shop", "cart"});
  CHECK(both.may_register("cart"));
  for (const auto* other : {"", "sho", "shops", "Shop", "register:shop", "shop register:cart"})
    CHECK_FALSE(both.may_register(other));
  CHECK_FALSE(both.admin);
  for (const auto* scope : {"", "  ", "administrator", "register", "Admin", "customers"}) {
    const auto none = caller_of(scope);
    CHECK_FALSE((none.admin || none.customer || !none.registers.empty()));
  }
}

TEST_CASE("a new key is asked for when a token names it, and made-up ones do not flood the user module") {
  Verifying v;
  auto verifier = v.make();
  REQUIRE(verdict(verifier, v.key.sign(claims_of("ann"))).has_value());
  const SigningKey stranger(SigningKey::random_seed());
  for (int i = 0; i < 50; ++i)
    CHECK(verdict(verifier, stranger.sign(claims_of(std::to_string(i)))).error().code == Code::unauthenticated);
  CHECK(v.asked == 1);
  v.clock.advance(seconds{2});
  v.next_key.emplace(SigningKey::random_seed());
  CHECK(verdict(verifier, v.next_key->sign(claims_of("ann"))).has_value());
  CHECK(v.asked == 2);
}

TEST_CASE("while the user module does not answer, made-up key ids are refused without asking it each time") {
  Verifying v;
  auto verifier = v.make();
  const auto known = v.key.sign(claims_of("ann"));
  REQUIRE(verdict(verifier, known).has_value());
  v.reachable = false;
  v.clock.advance(seconds{2});
  const SigningKey stranger(SigningKey::random_seed());
  for (int i = 0; i < 50; ++i)
    CHECK(verdict(verifier, stranger.sign(claims_of(std::to_string(i)))).error().code == Code::unavailable);
  CHECK(v.asked == 2);
}

TEST_CASE("keys that are old are asked for again without letting anybody wait") {
  Verifying v;
  std::optional<Event> answered;
  int asked = 0;
  TokenVerifier verifier(v.clock,
                         [&]() -> Task<Result<Jwks>> {
                           const Jwks jwks{{v.key.jwk()}};
                           if (++asked == 1) return Result<Jwks>(jwks);
                           return [](Event& event, Jwks late) -> Task<Result<Jwks>> {
                             auto waiting = event.wait_until(Steady::time_point::max());
                             co_await waiting;
                             co_return late;
                           }(answered.emplace(), jwks);
                         },
                         {});
  run_here([&]() -> Task<int> {
    auto first = verifier.verify(v.key.sign(claims_of("ann")));
    auto verdict_of_first = co_await first;
    CHECK(verdict_of_first.has_value());
    v.clock.advance(seconds{301});
    auto second = verifier.verify(v.key.sign(claims_of("bob")));
    CHECK(second.ready());
    CHECK(second.take().has_value());
    CHECK(asked == 2);
    answered->happen();
    NextTurn turn;  // which the answer comes in
    co_await turn;
    co_return 0;
  });
}

TEST_CASE("keys are kept on disk, so tokens are verified while the user module is away") {
  Verifying v;
  const TokenVerifier::Options options{.cache_file = v.dir / "published.json"};
  const auto token = v.key.sign(claims_of("ann"));
  v.reachable = false;
  {
    auto verifier = v.make(options);
    CHECK(verdict(verifier, token).error().code == Code::unavailable);
    v.reachable = true;
    v.clock.advance(seconds{2});
    CHECK(verdict(verifier, token).has_value());
  }
  v.reachable = false;
  auto restarted = v.make(options);
  CHECK(verdict(restarted, token).has_value());
  struct stat info{};
  REQUIRE(::stat((v.dir / "published.json").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("keys that somebody else puts on disk are found when the user module cannot be asked") {
  Verifying v;
  v.reachable = false;
  auto verifier = v.make({.cache_file = v.dir / "published.json"});
  const auto token = v.key.sign(claims_of("ann"));
  REQUIRE(verdict(verifier, token).error().code == Code::unavailable);
  std::ofstream(v.dir / "published.json") << encode(Jwks{{v.key.jwk()}});
  v.clock.advance(seconds{2});
  CHECK(verdict(verifier, token).has_value());
  const SigningKey stranger(SigningKey::random_seed());
  v.clock.advance(seconds{2});
  CHECK(verdict(verifier, stranger.sign(claims_of("eve"))).error().code == Code::unavailable);
}

}  // namespace
