#include "async/pool.h"

namespace svc {

Pool::Pool(std::size_t threads, std::size_t queue_limit, Priority priority) : queue_limit_(queue_limit) {
  for (std::size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this, priority] {
      take_priority(priority);
      work();
    });
}

Pool::~Pool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  filled_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool Pool::enqueue(JobBase* job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= queue_limit_) return false;
    queue_.push_back(job);
  }
  filled_.notify_one();
  return true;
}

void Pool::work() {
  while (true) {
    JobBase* job;
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = queue_.front();
      queue_.pop_front();
    }
    job->compute();
    job->home->post(job);
  }
}

}  // namespace svc
