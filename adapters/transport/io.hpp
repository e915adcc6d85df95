/// The thread that runs sockets. Everything posted to one Io runs in order on its one thread, which
/// is therefore the strand of all connections made on it. No Boost in this header.
#pragma once

#include "adapters/transport/thread_place.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::adapters::transport {

/// What the users of sockets need of the thread below them. A test or simulation hands in one that
/// runs tasks itself.
class Strand {
public:
  virtual ~Strand() = default;

  /// Thread safe. Tasks run in the order they were posted.
  virtual void post(std::function<void()> task) = 0;
  virtual void post_after(std::chrono::nanoseconds delay, std::function<void()> task) = 0;
};

class Io final : public Strand {
public:
  /// @param name of the thread, at most 15 characters. @param clocks stamps received frames.
  Io(std::string name, core::Clocks clocks, ThreadPlace place = {});
  /// Stops and joins. Sockets made on it must be gone or closed before. Not from its own thread.
  ~Io() override;
  Io(const Io&) = delete;
  Io& operator=(const Io&) = delete;

  void post(std::function<void()> task) override;
  void post_after(std::chrono::nanoseconds delay, std::function<void()> task) override;

  /// Hears the text of an exception that left a posted task: that task is abandoned, the thread
  /// goes on. Unset: one line on stderr. Thread safe; called on the Io's thread.
  void on_fault(std::function<void(std::string_view what)> handler);

  struct Impl;

  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

private:
  std::unique_ptr<Impl> impl_;
};

} // namespace tandem::adapters::transport
