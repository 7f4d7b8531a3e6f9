#include "observe/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

#include "base/clock.h"
#include "base/encode.h"

namespace svc::log {
namespace {

std::atomic<Level> least{Level::info};
std::shared_ptr<spdlog::details::thread_pool> pool;
std::shared_ptr<spdlog::logger> queued;

spdlog::logger& direct() {
  static spdlog::logger logger = [] {
    spdlog::logger made("direct", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%v");
    return made;
  }();
  return logger;
}

}  // namespace

void start(const Options& options) {
  least = options.level;
  pool = std::make_shared<spdlog::details::thread_pool>(static_cast<std::size_t>(options.queue), 1);
  queued = std::make_shared<spdlog::async_logger>("log", std::make_shared<spdlog::sinks::stderr_sink_mt>(), pool,
                                                  spdlog::async_overflow_policy::overrun_oldest);
  queued->set_pattern("%v");
}

void stop() {
  queued.reset();
  pool.reset();  // joins the writing thread behind the last line
}

std::uint64_t dropped() { return pool ? pool->overrun_counter() : 0; }

void write(Level level, std::string_view event, Members members) {
  if (level < least.load(std::memory_order_relaxed)) return;
  std::string line = "{\"time\":";
  append_json(line, std::string_view{to_rfc3339(SystemClock{}.now())});
  line += ",\"level\":";
  append_json(line, to_name(level));
  line += ",\"event\":";
  append_json(line, event);
  for (const auto& member : members) {
    line.push_back(',');
    append_json(line, member.name);
    line.push_back(':');
    std::visit([&line](const auto& value) { append_value(line, value); }, member.value);
  }
  line.push_back('}');
  (queued ? *queued : direct()).log(spdlog::level::info, spdlog::string_view_t(line));
}

}  // namespace svc::log
