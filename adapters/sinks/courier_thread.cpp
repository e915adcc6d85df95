#include "adapters/sinks/courier_thread.hpp"

#include <chrono>
#include <utility>

namespace tandem::adapters::sinks {
namespace {

constexpr std::chrono::milliseconds tick_interval{50};

} // namespace

CourierThread::CourierThread(CourierOptions options, CourierPorts ports,
                             std::shared_ptr<core::sinks::TapeReader> reader,
                             std::function<void(const CourierNotice&)> on_notice,
                             transport::ThreadPlace place)
    : reader_{std::move(reader)}, on_notice_{std::move(on_notice)},
      thread_{
          [this, options = std::move(options), ports = std::move(ports), place = std::move(place)] {
            transport::take(place);
            run(options, ports);
          }} {}

CourierThread::~CourierThread() {
  {
    const std::lock_guard lock{door_->mutex};
    door_->ending = true;
  }
  door_->changed.notify_one();
  thread_.join();
}

CourierStats CourierThread::stats() const {
  const std::lock_guard lock{door_->mutex};
  return door_->stats;
}

void CourierThread::Door::post(std::function<void()> task) {
  {
    const std::lock_guard lock{mutex};
    tasks.push_back(std::move(task));
  }
  changed.notify_one();
}

void CourierThread::run(const CourierOptions& options, CourierPorts ports) {
  ports.post = [door = door_](auto task) { door->post(std::move(task)); };
  Courier courier{options, std::move(ports)};
  reader_->on_news([door = door_] { door->post({}); });
  std::deque<std::function<void()>> tasks;
  while (true) {
    tasks.clear();
    auto stats = courier.stats(); // not within the lock, for which a writer of the tape may wait
    {
      std::unique_lock lock{door_->mutex};
      door_->stats = std::move(stats);
      door_->changed.wait_for(lock, tick_interval,
                              [this] { return door_->ending || !door_->tasks.empty(); });
      if (door_->ending)
        break;
      tasks.swap(door_->tasks);
    }
    for (const auto& task : tasks)
      if (task)
        task();
    turn(courier);
  }
  reader_->on_news({});
  turn(courier); // what came last is numbered and kept
}

void CourierThread::turn(Courier& courier) {
  reader_->take(news_);
  courier.on_news(news_, reader_->dropped());
  courier.on_tick();
  for (const auto& notice : courier.take_notices())
    if (on_notice_)
      on_notice_(notice);
}

} // namespace tandem::adapters::sinks
