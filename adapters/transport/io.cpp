#include "adapters/transport/io.hpp"

#include "adapters/transport/io_impl.hpp"

#include <pthread.h>

#include <cstdio>
#include <exception>
#include <utility>

namespace tandem::adapters::transport {

void Io::Impl::fault(std::string_view what) noexcept {
  try {
    const std::lock_guard lock{fault_mutex};
    if (on_fault) {
      on_fault(what);
      return;
    }
  } catch (...) { // the reporter itself failed: fall through to the last resort
  }
  std::fprintf(stderr, "tandem: a task on the network thread threw: %.*s\n",
               static_cast<int>(what.size()), what.data());
}

void Io::Impl::run() noexcept {
  for (;;) {
    try {
      context.run();
      return;
    } catch (const std::exception& error) {
      fault(error.what());
    } catch (...) {
      fault("something that is no std::exception");
    }
  }
}

Io::Io(std::string name, core::Clocks clocks, ThreadPlace place) : impl_{std::make_unique<Impl>()} {
  impl_->clocks = std::move(clocks);
  impl_->thread
      = std::thread{[impl = impl_.get(), name = name.substr(0, 15), place = std::move(place)] {
          take(place);
          ::pthread_setname_np(::pthread_self(), name.c_str());
          impl->run();
        }};
}

Io::~Io() {
  impl_->work.reset();
  impl_->context.stop();
  impl_->thread.join();
}

void Io::post(std::function<void()> task) {
  boost::asio::post(impl_->context, std::move(task));
}

void Io::post_after(std::chrono::nanoseconds delay, std::function<void()> task) {
  auto timer = std::make_shared<Timer>(impl_->executor(), delay);
  timer->async_wait([timer, task = std::move(task)](ErrorCode error) {
    if (!error)
      task();
  });
}

void Io::on_fault(std::function<void(std::string_view)> handler) {
  const std::lock_guard lock{impl_->fault_mutex};
  impl_->on_fault = std::move(handler);
}

} // namespace tandem::adapters::transport
