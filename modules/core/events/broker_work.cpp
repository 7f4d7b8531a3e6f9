#include "events/broker_work.h"

namespace svc::events {

void BrokerWork::start(Loop& loop) {
  loop_ = &loop;
  background_.start(loop);
}

void BrokerWork::stopping() {
  if (loop_ != nullptr && !ending_.exchange(true)) broker_.leave(*loop_);
}

void BrokerWork::stop() {
  stopping();
  background_.stop();
}

}  // namespace svc::events
