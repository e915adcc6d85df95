/// What the other files of this folder see of an Io: its io_context and clocks. Private to
/// adapters/transport.
#pragma once

#include "adapters/transport/io.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace tandem::adapters::transport {

using ErrorCode = boost::system::error_code;
using Executor = boost::asio::io_context::executor_type;
using Tcp = boost::asio::ip::tcp;
using Socket = boost::asio::basic_stream_socket<Tcp, Executor>;
using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

struct Io::Impl {
  core::Clocks clocks;
  boost::asio::io_context context;
  boost::asio::executor_work_guard<Executor> work{context.get_executor()};
  std::mutex fault_mutex;
  std::function<void(std::string_view)> on_fault;
  std::thread thread;

  [[nodiscard]] Executor executor() noexcept { return context.get_executor(); }

  [[nodiscard]] bool on_thread() noexcept {
    return context.get_executor().running_in_this_thread();
  }

  /// Thread safe.
  void fault(std::string_view what) noexcept;
  void run() noexcept;
};

/// Lets user callbacks through until it is shut. Shutting it from another thread waits for a
/// callback that is running; from inside a callback it returns at once.
class Gate {
public:
  template <class Callback>
  void pass(Callback&& callback) {
    const std::lock_guard lock{mutex_};
    if (open_)
      callback();
  }

  void shut() {
    const std::lock_guard lock{mutex_};
    open_ = false;
  }

private:
  std::recursive_mutex mutex_;
  bool open_ = true;
};

} // namespace tandem::adapters::transport
