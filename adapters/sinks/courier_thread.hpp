/// A courier on a thread of its own, where no actor runs it: beside a captured run, whose actors
/// are replayed, and in the benches. An engine's sinks are actors (actors/sinks/sink.hpp) on
/// threads of the same kind.
#pragma once

#include "adapters/sinks/courier.hpp"
#include "adapters/transport/thread_place.hpp"
#include "core/sinks/tape.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tandem::adapters::sinks {

class CourierThread {
public:
  /// @param ports without `post`, which is the thread's. @param on_notice on the thread; may be
  /// empty. @param place also of the threads that a writer's library starts: they inherit it.
  CourierThread(CourierOptions options, CourierPorts ports,
                std::shared_ptr<core::sinks::TapeReader> reader,
                std::function<void(const CourierNotice&)> on_notice,
                transport::ThreadPlace place = {});
  /// What is not delivered waits on disk for the next.
  ~CourierThread();
  CourierThread(const CourierThread&) = delete;
  CourierThread& operator=(const CourierThread&) = delete;

  /// As of its last turn. Any thread.
  [[nodiscard]] CourierStats stats() const;

private:
  /// What others reach; it outlives the thread for those who call when it has ended.
  struct Door {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> tasks;
    bool ending = false;
    CourierStats stats;

    void post(std::function<void()> task);
  };

  void run(const CourierOptions& options, CourierPorts ports);
  void turn(Courier& courier);

  std::shared_ptr<core::sinks::TapeReader> reader_;
  std::function<void(const CourierNotice&)> on_notice_;
  std::vector<core::sinks::NewsPtr> news_; ///< reused
  std::shared_ptr<Door> door_ = std::make_shared<Door>();
  std::thread thread_; ///< last: it uses the others
};

} // namespace tandem::adapters::sinks
