/// A thread for a client library that blocks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace tandem::adapters::sinks {

/// Runs jobs in the order they were posted. Destruction waits for the one that runs and drops the
/// others.
class Worker {
public:
  Worker() : thread_{[this] { run(); }} {}

  ~Worker() {
    {
      const std::lock_guard lock{mutex_};
      ended_ = true;
      jobs_.clear();
    }
    changed_.notify_one();
    thread_.join();
  }

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Asked by a job that takes long: whether its result is no longer wanted.
  [[nodiscard]] bool ending() const noexcept { return ended_.load(std::memory_order_relaxed); }

  /// Any thread.
  void post(std::function<void()> job) {
    {
      const std::lock_guard lock{mutex_};
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

private:
  void run() {
    std::unique_lock lock{mutex_};
    while (true) {
      changed_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
      if (ended_)
        return;
      const auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::atomic<bool> ended_{false};
  std::thread thread_; ///< last: it uses the others
};

} // namespace tandem::adapters::sinks
