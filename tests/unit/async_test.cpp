// Tasks, loops, events, pools and sockets.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "async/bell.h"
#include "async/event.h"
#include "async/loop.h"
#include "async/pool.h"
#include "async/socket.h"
#include "support/catch.h"

namespace {

using namespace svc;
using std::chrono::milliseconds;

Task<int> soon(int value) {
  auto nap = sleep_for(milliseconds{1});
  co_await nap;
  co_return value;
}
Task<int> at_once(int value) { return value; }
Task<int> thrower() {
  auto nap = sleep_for(milliseconds{1});
  co_await nap;
  throw std::runtime_error("boom");
}

TEST_CASE("a task that need not wait is ready, and costs no loop") {
  auto task = at_once(7);
  REQUIRE(task.ready());
  CHECK(task.take() == 7);
}

TEST_CASE("tasks started before they are awaited run side by side") {
  const auto begun = Steady::now();
  const int sum = run_here([]() -> Task<int> {
    auto nap = [](int ms) -> Task<int> {
      auto wait = sleep_for(milliseconds{ms});
      co_await wait;
      co_return ms;
    };
    auto first = nap(60);
    auto second = nap(60);
    const int a = co_await first;
    const int b = co_await second;
    co_return a + b;
  });
  CHECK(sum == 120);
  CHECK(Steady::now() - begun < milliseconds{115});
}

TEST_CASE("an exception comes out where the task is awaited") {
  const auto said = run_here([]() -> Task<std::string> {
    try {
      auto task = thrower();
      co_await task;
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
    co_return "nothing";
  });
  CHECK(said == "boom");
}

TEST_CASE("a dropped task runs to its end by itself") {
  bool ended = false;
  Loop loop;
  loop.post([&] {
    detach([](bool& done) -> Task<> {
      auto nap = sleep_for(milliseconds{2});
      co_await nap;
      done = true;
    }(ended));
  });
  loop.run_until([&] { return ended; });
  CHECK(ended);
}

TEST_CASE("posted work runs in its order, from any thread") {
  Loop loop;
  std::vector<int> order;
  std::thread poster([&] {
    for (int i = 0; i < 1'000; ++i) loop.post([&order, i] { order.push_back(i); });
  });
  loop.run_until([&] { return order.size() == 1'000; });
  poster.join();
  CHECK(std::ranges::is_sorted(order));
}

TEST_CASE("timers run when they are due, earliest first, unless cancelled") {
  Loop loop;
  std::vector<int> ran;
  bool done = false;
  loop.post([&] {
    const auto now = Steady::now();
    loop.at(now + milliseconds{20}, [&] { ran.push_back(2); });
    loop.at(now + milliseconds{10}, [&] { ran.push_back(1); });
    const auto never = loop.at(now + milliseconds{15}, [&] { ran.push_back(99); });
    loop.cancel(never);
    loop.at(now + milliseconds{30}, [&] { done = true; });
  });
  loop.run_until([&] { return done; });
  CHECK(ran == std::vector<int>{1, 2});
}

TEST_CASE("an event wakes all who wait for it, and times out for those it comes too late for") {
  const auto outcomes = run_here([]() -> Task<std::vector<bool>> {
    Event event;
    auto waiter = [](Event& e, int ms) -> Task<bool> {
      auto wait = e.wait_until(Steady::now() + milliseconds{ms});
      const bool in_time = co_await wait;
      co_return in_time;
    };
    auto late = waiter(event, 1);
    auto first = waiter(event, 10'000);
    auto second = waiter(event, 10'000);
    const bool a = co_await late;
    event.happen();
    event.happen();
    const bool b = co_await first;
    const bool c = co_await second;
    auto after = waiter(event, 0);
    const bool d = co_await after;
    co_return std::vector<bool>{a, b, c, d};
  });
  CHECK(outcomes == std::vector<bool>{false, true, true, true});
}

TEST_CASE("a pool computes elsewhere and answers at home") {
  Pool pool(2, 10);
  const bool ok = run_here([&]() -> Task<bool> {
    const auto home = std::this_thread::get_id();
    auto computing = pool.run([] { return std::this_thread::get_id(); });
    auto elsewhere = co_await computing;
    co_return *elsewhere != home&& std::this_thread::get_id() == home;
  });
  CHECK(ok);
}

TEST_CASE("a pool refuses what would wait in vain, and passes exceptions on") {
  Pool pool(1, 1);
  std::atomic<bool> begun{false}, go{false};
  run_here([&]() -> Task<int> {
    auto hold = [&] {
      begun = true;
      while (!go) std::this_thread::yield();
      return 1;
    };
    auto running = pool.run(hold);
    while (!begun) std::this_thread::yield();  // it is out of the queue
    auto second = pool.run(hold);
    auto third = pool.run(hold);
    auto refused = co_await third;
    CHECK(refused.error().reason == "busy");
    CHECK(refused.error().code == Code::unavailable);
    go = true;
    co_await running;
    co_await second;
    auto failing = pool.run([]() -> int { throw std::logic_error("defect"); });
    std::string thrown;
    try {
      co_await failing;
    } catch (const std::logic_error& error) {
      thrown = error.what();
    }
    CHECK(thrown == "defect");
    co_return 0;
  });
}

TEST_CASE("a deep chain of tasks that wait unwinds") {
  struct Deep {
    static Task<int> down(int depth) {
      if (depth == 0) {
        auto leaf = soon(1);
        const int value = co_await leaf;
        co_return value;
      }
      auto below = down(depth - 1);
      const int value = co_await below;
      co_return value + 1;
    }
  };
  CHECK(run_here([] { return Deep::down(200); }) == 201);
}

TEST_CASE("a bell wakes who waits, each on its own loop, from any thread") {
  constexpr int waiters_of_a_loop = 50;
  Bell bell;
  std::atomic<int> woken{0}, elsewhere{0};
  Loops loops(2);
  for (std::size_t i = 0; i < loops.size(); ++i)
    for (int n = 0; n < waiters_of_a_loop; ++n)
      loops[i].post([&, i] {
        detach([](Bell& rung, Loop& home, std::atomic<int>& awake, std::atomic<int>& strange) -> Task<> {
          for (int round = 0; round < 20; ++round) {
            auto waiting = rung.wait_until(static_cast<std::uint64_t>(round), Steady::now() + std::chrono::seconds{10});
            const bool rang = co_await waiting;
            if (!rang || Loop::current_or_null() != &home) ++strange;
          }
          ++awake;
        }(bell, loops[i], woken, elsewhere));
      });
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(milliseconds{1});
    bell.ring();
  }
  const auto limit = Steady::now() + std::chrono::seconds{10};
  while (woken < 2 * waiters_of_a_loop && Steady::now() < limit) std::this_thread::yield();
  CHECK(woken == 2 * waiters_of_a_loop);
  CHECK(elsewhere == 0);
}

TEST_CASE("a bell that rang before one waits is heard at once, and one that does not ring not at all") {
  Bell bell;
  const auto waited = [&](std::uint64_t heard, milliseconds limit) {
    return run_here([&]() -> Task<bool> {
      auto waiting = bell.wait_until(heard, Steady::now() + limit);
      const bool rang = co_await waiting;
      co_return rang;
    });
  };
  const auto heard = bell.rings();
  CHECK_FALSE(waited(heard, milliseconds{1}));
  bell.ring();
  CHECK(waited(heard, std::chrono::hours{1}));
  CHECK_FALSE(waited(bell.rings(), milliseconds{1}));
}

TEST_CASE("a bell that rings as the time is up wakes once") {
  Bell bell;
  std::atomic<bool> over{false};
  std::thread ringer([&] {
    while (!over) bell.ring();
  });
  const int rounds = run_here([&]() -> Task<int> {
    int done = 0;
    for (; done < 3'000; ++done) {
      auto waiting = bell.wait_until(bell.rings(), Steady::now() + std::chrono::microseconds{done % 50});
      co_await waiting;
    }
    co_return done;
  });
  over = true;
  ringer.join();
  CHECK(rounds == 3'000);
}

// What was waited for, and whether it came in time.
Task<bool> await_readable(Socket& socket, Steady::time_point limit) {
  socket.expect_readable();
  auto wait = socket.readable(limit);
  const bool in_time = co_await wait;
  co_return in_time;
}
Task<bool> await_writable(Socket& socket, Steady::time_point limit) {
  socket.expect_writable();
  auto wait = socket.writable(limit);
  const bool in_time = co_await wait;
  co_return in_time;
}

TEST_CASE("a socket's reader and its writer wait side by side, and each hears what it waits for") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const std::string some(64 * 1024, 'x');
  run_here([&]() -> Task<int> {
    Socket socket(ends[0]);
    NextTurn turn;
    co_await turn;
    while (::write(ends[0], some.data(), some.size()) > 0) {
    }
    const auto soon = Steady::now() + milliseconds{50}, late = Steady::now() + milliseconds{10'000};

    auto writing = await_writable(socket, late);
    auto reading = await_readable(socket, soon);
    const bool read_late = co_await reading;
    CHECK_FALSE(read_late);  // its time was up; the other's was not
    CHECK_FALSE(writing.ready());

    reading = await_readable(socket, late);
    CHECK(::write(ends[1], "a", 1) == 1);
    const bool read = co_await reading;
    CHECK(read);
    CHECK_FALSE(writing.ready());

    std::string taken(some.size(), 0);
    while (::read(ends[1], taken.data(), taken.size()) > 0) {
    }
    const bool wrote = co_await writing;
    CHECK(wrote);

    writing = await_writable(socket, late);
    reading = await_readable(socket, late);
    socket.interrupt();
    CHECK((writing.ready() && reading.ready()));
    const bool wrote_again = co_await writing;
    const bool read_again = co_await reading;
    CHECK_FALSE((wrote_again || read_again));
    co_return 0;
  });
  ::close(ends[1]);
}

}  // namespace
