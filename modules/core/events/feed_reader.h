// FeedReader: follows the feed of one module for a consumer.
#pragma once

#include <memory>

#include "async/background.h"
#include "events/consumer.h"

namespace svc::events {

class FeedReader {
 public:
  /// Both must outlive it.
  FeedReader(Consumer& consumer, const Consumer::Source& source) : consumer_(consumer), source_(source) {}

  void start(Loop& loop);
  /// Does not wait for a question that is under way: its answer is let go. Not from a loop's thread.
  void stop();

 private:
  struct Question;
  Task<> run();
  Task<std::shared_ptr<Question>> ask(FeedCursor read);
  Task<> pause(const Error& why);
  Task<> let_gather(std::int64_t passed);
  Task<> wait_for_room(std::int64_t lag);
  void say_lost(const FeedCursor& read, const FeedPage& page) const;
  void note(std::int64_t lag, const Error* trouble);

  Consumer& consumer_;
  const Consumer::Source& source_;
  Loop* loop_ = nullptr;
  std::shared_ptr<Question> asked_;  // on the loop
  bool ending_ = false;              // on the loop
  bool heard_ = false;               // the first answer comes at once, so that it is known soon how far behind this is
  bool held_ = false;                // what was asked for last was left where it is, the consumer being full
  int failures_ = 0;
  Background background_{[this] { return run(); }};
};

}  // namespace svc::events
