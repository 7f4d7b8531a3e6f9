// What the registry promises those who watch it, over each lane.
#include <atomic>
#include <filesystem>
#include <future>

#include "contract/registry_fixture.h"

namespace svc::registry {
namespace {

using test::eventually;
using test::RegistryFixture;

// Passes questions on to the registry, and counts those it did not answer at once.
struct Counting {
  Registry& registry;
  std::atomic<int>& waiting;
  template <class Op>
  Reply<Op> send(Call call, Op op) const {
    auto reply = registry.handle(std::move(call), std::move(op));
    if (!reply.ready()) ++waiting;
    return reply;
  }
};

struct WatchFixture : RegistryFixture {
  explicit WatchFixture(Config chosen = {}) : RegistryFixture(GENERATE(from_range(test::lanes)), chosen) {}

  std::atomic<int> waiting{0};  // how many have begun to wait at `watched`, so far
  Stub<Registry, Counting> counting{Counting{module->service(), waiting}};
  std::unique_ptr<Registry> watched = world.open<Registry>(lane, counting);

  Watched news(const Watched& last, int timeout = 0) { return *ask(Watch{last.epoch, last.revision, timeout}); }
  Watched first() { return *ask(Watch{{}, {}, 0}); }
};

// "put 80, removed 81"
std::string told(const Watched& news, const std::map<std::string, int>& ports) {
  std::string text;
  for (const auto& change : *news.changes)
    text += (text.empty() ? "" : ", ") + std::string(to_name(change.kind)) + " " +
            std::to_string(ports.at(change.instance_id));
  return text;
}

// Watches on a loop of its own choice, and says when it was answered.
struct Watcher {
  std::promise<std::pair<Result<Watched>, Steady::time_point>> promise;
  bool came_home = false;
  Task<> watch(Registry& registry, Call call, Watch query) {
    const auto* const home = Loop::current_or_null();
    auto asking = registry.handle(call, query);
    auto answer = co_await asking;
    came_home = Loop::current_or_null() == home;
    promise.set_value({std::move(answer), Steady::now()});
  }
};

std::size_t thread_count() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST_CASE("who watches hears what became of each instance, once") {
  WatchFixture f;
  CAPTURE(name_of(f.lane));
  const auto start = f.first();
  CHECK(start.reset == true);
  CHECK(start.services->empty());
  CHECK_FALSE(start.changes.has_value());
  CHECK(f.news(start).changes->empty());
  CHECK_FALSE(f.news(start).reset.has_value());

  std::map<std::string, int> ports;
  const auto join = [&](int port, int ttl) {
    const auto id = f.join("shop", port, ttl);
    ports[id] = port;
    return id;
  };
  const auto one = join(1, 60), two = join(2, 60);
  join(3, 1);
  const auto joined = f.news(start);
  CHECK(told(joined, ports) == "put 1, put 2, put 3");
  CHECK(joined.revision == start.revision + 3);
  CHECK(joined.epoch == start.epoch);
  CHECK(joined.changes->front().instance == f.instances("shop").front());
  REQUIRE(f.renew("shop", one));
  CHECK(f.news(joined).changes->empty());

  REQUIRE(f.ask(Deregister{"shop", two}));
  f.world.clock.advance(seconds{1});
  auto heavier = f.wish("shop", 1);
  heavier.ttl_seconds = 60;
  for (const int weight : {2, 3, 4}) {
    heavier.weight = weight;
    REQUIRE(f.ask(heavier));
  }
  const auto later = f.news(joined);
  CHECK(told(later, ports) == "removed 2, removed 3, put 1");
  CHECK(later.changes->back().instance->weight == 4);
  CHECK_FALSE(later.changes->front().instance.has_value());
  CHECK(told(f.news(start), ports) == "removed 2, removed 3, put 1");
  CHECK(f.news(later).changes->empty());
}

TEST_CASE("another epoch, an unknown revision, and one too old are answered with everything") {
  Config config;
  config.changes_kept = 3;
  WatchFixture f(config);
  CAPTURE(name_of(f.lane));
  const auto start = f.first();
  for (const int port : {1, 2, 3}) f.join("shop", port);
  CHECK(f.news(start, 30).changes->size() == 3);
  f.join("cart", 4);
  const auto is_reset = [&](std::optional<std::string> epoch, std::optional<std::int64_t> since) {
    const auto answer = *f.ask(Watch{epoch, since, 30});  // and at once
    return answer.reset == true && !answer.changes && answer.epoch == start.epoch &&
           answer.revision == start.revision + 4 && answer.services->size() == 2 &&
           answer.services->back().instances.size() == 3;
  };
  CHECK(is_reset(start.epoch, start.revision));
  CHECK(is_reset("another", start.revision + 4));
  CHECK(is_reset(start.epoch, start.revision + 5));
  CHECK(is_reset(start.epoch, std::numeric_limits<std::int64_t>::max()));
  CHECK(is_reset(start.epoch, {}));
  CHECK(is_reset({}, 0));
  CHECK(f.ask(Watch{start.epoch, -1, 0}).error().code == Code::invalid);
  CHECK(f.ask(Watch{start.epoch, start.revision + 1, 0})->changes->size() == 3);
  const RegistryFixture restarted;
  CHECK(make(config, restarted.world.environment)->service().handle({}, ListServices{}).take()->epoch != start.epoch);
}

TEST_CASE("a change wakes a hundred watchers at once, on whatever loops they wait, and they cost no thread") {
  Loops others(3);  // outlives the connections that are made on it
  WatchFixture f;
  CAPTURE(name_of(f.lane));
  const auto start = f.first();
  std::vector<Watcher> watchers(100);
  f.join("warm-up", 1);  // whatever is made once is made now
  const auto since = f.news(start);
  const auto before = thread_count();
  for (std::size_t i = 0; i < watchers.size(); ++i)
    others[i % others.size()].post([&, i] {
      auto call = f.world.anyone();
      call.deadline = Steady::now() + seconds{60};
      detach(watchers[i].watch(*f.watched, call, Watch{since.epoch, since.revision, 50}));
    });
  REQUIRE(eventually([&] { return f.waiting == 100; }));
  CHECK(thread_count() == before);
  const auto changed = Steady::now();
  f.join("shop", 80);
  for (auto& watcher : watchers) {
    const auto [answer, at] = watcher.promise.get_future().get();
    REQUIRE(answer.has_value());
    CHECK(answer->changes->size() == 1);
    CHECK(watcher.came_home);
    CHECK(at - changed < seconds{5});  // of 50; a busy machine
  }
  others.stop();
}

TEST_CASE("without a change the answer is empty when the time is up, and before the caller's deadline") {
  WatchFixture f;
  CAPTURE(name_of(f.lane));
  const auto start = f.first();
  auto begun = Steady::now();
  const auto waited = f.news(start, 1);
  CHECK(Steady::now() - begun >= seconds{1});
  CHECK(waited.changes->empty());
  CHECK(waited.revision == start.revision);
  begun = Steady::now();
  const auto hurried =
      f.world.ask(*f.link, f.world.anyone().within(milliseconds{700}), Watch{start.epoch, start.revision, 30});
  REQUIRE(hurried.has_value());
  CHECK(hurried->changes->empty());
  CHECK(Steady::now() - begun < seconds{10});
}

TEST_CASE("a watch may last longer than other questions do") {
  RegistryFixture f;
  http::Request request;
  const auto deadline_of = [&](seconds patience) {
    return f.world.run([&] { return f.world.identify(request, false, patience); })->deadline - Steady::now();
  };
  CHECK(deadline_of({}) < seconds{11});
  CHECK(deadline_of(seconds{Watch::endpoint.patience_seconds}) > seconds{longest_watch});
}

TEST_CASE("leases that lapse wake watchers without anybody asking, and a stop ends every watch") {
  Config config;
  config.sweep_ms = 10;
  Loops other(1);
  WatchFixture f(config);
  CAPTURE(name_of(f.lane));
  f.join("shop", 80);
  const auto start = f.first();
  f.module->start();
  Watcher lapse, stop;
  const auto watch = [&](Watcher& watcher, std::int64_t since) {
    auto call = f.world.anyone();
    call.deadline = Steady::now() + seconds{60};
    other[0].post([&, call, since] { detach(watcher.watch(*f.watched, call, Watch{start.epoch, since, 50})); });
  };
  watch(lapse, start.revision);
  REQUIRE(eventually([&] { return f.waiting == 1; }));
  f.world.clock.advance(seconds{9});
  const auto lapsed = lapse.promise.get_future().get().first;
  REQUIRE(lapsed.has_value());
  CHECK(lapsed->changes->front().kind == ChangeKind::removed);

  const auto begun = Steady::now();
  watch(stop, lapsed->revision);
  REQUIRE(eventually([&] { return f.waiting == 2; }));
  f.module->stopping();
  CHECK(stop.promise.get_future().get().first->changes->empty());
  CHECK(Steady::now() - begun < seconds{20});
  CHECK(f.news(*lapsed, 30).changes->empty());
  f.module->stop();
  other.stop();
}

TEST_CASE("strangers who watch in numbers are told to come back, and take no room from services of the system") {
  Config config;
  config.watchers = 1;
  RegistryFixture f(test::Lane::local, config);
  test::Stranger stranger(f.world, f.module->service());
  const auto start = *f.ask(Watch{{}, {}, 0});
  const auto watch = [&](int timeout, const std::string& cluster = {}) {
    return stranger.send("GET",
                         "/watch?epoch=" + start.epoch + "&since=" + std::to_string(start.revision) +
                             "&timeout=" + std::to_string(timeout),
                         "", "", cluster);
  };
  int answered = 0;
  std::thread first([&] { answered = watch(50).status; });
  CHECK(eventually([&] { return watch(0).status == 503; }));
  CHECK(watch(0, f.world.cluster.token("order")).status == 200);
  f.join("shop", 80);  // ends the first
  first.join();
  CHECK(answered == 200);
  CHECK(watch(0).status == 200);
}

}  // namespace
}  // namespace svc::registry
