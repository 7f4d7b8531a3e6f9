#include <vector>

#include "events/carrier.h"
#include "events/feed_reader.h"

namespace svc::events {
namespace {

// Whoever wants events comes for them.
class Nobody final : public Carrying {
 public:
  void start(Loop&) override {}
  void stop() override {}
};

class FeedReaders final : public Carrying {
 public:
  explicit FeedReaders(Consumer& consumer) {
    for (const auto& source : consumer.sources()) readers_.push_back(std::make_unique<FeedReader>(consumer, source));
  }
  void start(Loop& loop) override {
    for (auto& reader : readers_) reader->start(loop);
  }
  void stop() override {
    for (auto& reader : readers_) reader->stop();
  }

 private:
  std::vector<std::unique_ptr<FeedReader>> readers_;
};

}  // namespace

std::unique_ptr<Carrying> Embedded::send(Outbox&) { return std::make_unique<Nobody>(); }
std::unique_ptr<Carrying> Embedded::deliver(Consumer& consumer) { return std::make_unique<FeedReaders>(consumer); }

}  // namespace svc::events
