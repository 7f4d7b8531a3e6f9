#include "events/feed_reader.h"

#include <algorithm>

#include "base/ids.h"
#include "observe/log.h"
#include "resilience/backoff.h"

namespace svc::events {
namespace {

constexpr int patience_seconds = 20;
constexpr std::int64_t noted_behind = 1'000;  // positions without an event of ours, before it is written down
constexpr resilience::BackoffOptions backoff{50, 5'000};
// Each page costs the consumer a commit, and a steady stream would come in pages of what one commit of the
// publisher holds. So the more came together, the longer the next may gather; what comes alone is taken at once.
constexpr std::chrono::microseconds gathered_for_each{100};
constexpr milliseconds gathered_at_most{20};

std::string joined(const std::vector<std::string>& types) {
  std::string text;
  for (const auto& type : types) text += (text.empty() ? "" : ",") + type;
  return text;
}

}  // namespace

// One question of the feed, which may be let go before it is answered.
struct FeedReader::Question {
  std::optional<Result<FeedPage>> answer;
  Event over;

  static Task<> put(std::shared_ptr<Question> self, EventFeed& feed, ReadFeed query) {
    Call call;
    call.from_service = true;
    call.deadline = Steady::now() + seconds{query.wait + 5};
    try {
      auto asking = feed.handle(std::move(call), std::move(query));
      self->answer = co_await asking;
    } catch (const std::exception& defect) {
      self->answer = fail(Code::internal, "defect", defect.what());
    }
    self->over.happen();
  }
};

void FeedReader::start(Loop& loop) {
  loop_ = &loop;
  background_.start(loop);
}

void FeedReader::stop() {
  if (loop_ == nullptr) return;
  loop_->post([this] {
    ending_ = true;
    if (asked_) asked_->over.happen();
  });
  background_.stop();
  loop_ = nullptr;  // once: nobody would wait for what a second time posts
}

Task<std::shared_ptr<FeedReader::Question>> FeedReader::ask(FeedCursor read) {
  const auto question = std::make_shared<Question>();
  asked_ = question;
  detach(Question::put(question, *source_.feed,
                       {std::string(consumer_.name()), read.position, joined(source_.types),
                        held_ ? 1 : feed_page_limit, heard_ ? patience_seconds : 0, read.event}));
  auto waiting = question->over.wait_until(Steady::time_point::max());
  co_await waiting;
  asked_.reset();
  co_return question;
}

// Says what an operator is to know of a page that does not go on where this was.
void FeedReader::say_lost(const FeedCursor& read, const FeedPage& page) const {
  if (page.replaced)
    log::error(
        "outbox_replaced",
        {{"consumer", consumer_.name()}, {"module", source_.module}, {"read", read.position}, {"last", page.last}});
  else if (read.position > 0 && page.oldest > read.position + 1 &&
           page.oldest > consumer_.cursor(source_.module).position + 1)  // or another process has read them
    log::error("events_missed", {{"consumer", consumer_.name()},
                                 {"module", source_.module},
                                 {"from", read.position + 1},
                                 {"to", page.oldest - 1}});
}

void FeedReader::note(std::int64_t lag, const Error* trouble) {
  consumer_.note({source_.module, lag, trouble == nullptr ? std::nullopt : std::optional(trouble->detail)});
}

Task<> FeedReader::pause(const Error& why) {
  ++failures_;
  note(0, &why);
  auto pausing = background_.pause_until(Steady::now() + resilience::pause_before(backoff, failures_, random_unit()));
  co_await pausing;
}

Task<> FeedReader::let_gather(std::int64_t passed) {
  const auto time = std::min<Steady::duration>(passed * gathered_for_each, gathered_at_most);
  auto pausing = background_.pause_until(Steady::now() + time);
  co_await pausing;
}

Task<> FeedReader::wait_for_room(std::int64_t lag) {
  held_ = true;
  failures_ = 0;
  note(lag, nullptr);
  auto pausing = background_.pause_until(Steady::now() + Consumer::room_interval);
  co_await pausing;
}

Task<> FeedReader::run() {
  FeedCursor read = consumer_.cursor(source_.module), written = read;
  while (!ending_) {
    auto asking = ask(read);
    const auto question = co_await asking;
    if (ending_) co_return;
    if (!*question->answer) {
      auto pausing = pause(question->answer->error());
      co_await pausing;
      continue;
    }
    heard_ = true;
    FeedPage page = std::move(**question->answer);
    if (!page.items.empty() && consumer_.full()) {
      auto waiting = wait_for_room(page.last - (page.replaced ? 0 : read.position));
      co_await waiting;
      continue;
    }
    held_ = false;
    say_lost(read, page);
    const FeedCursor next{page.next, page.event};
    const auto lag = page.last - page.next;
    // What is not ours is not worth a write each time; at rest it is, or it would seem missed when it is trimmed.
    const bool at_rest = page.items.empty() && next == read && read != written;
    if (!page.items.empty() || page.replaced || at_rest || next.position - written.position >= noted_behind) {
      auto taking = consumer_.take(source_.module, std::move(page));
      auto taken = co_await taking;
      if (!taken) {
        auto pausing = pause(taken.error());
        co_await pausing;
        continue;
      }
      written = next;
    }
    const auto passed = next.position - read.position;
    read = next;
    failures_ = 0;
    note(lag, nullptr);
    if (lag == 0 && passed > 1) {
      auto gathering = let_gather(passed);
      co_await gathering;
    }
  }
}

}  // namespace svc::events
