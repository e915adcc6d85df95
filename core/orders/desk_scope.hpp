/// The desk's lock. Private to core/orders/desk*.cpp.
#pragma once

#include "core/orders/desk.hpp"

#include <mutex>

namespace tandem::core::orders {

class Desk::Scope {
public:
  explicit Scope(Desk& desk) : desk_{desk}, lock_{desk.mutex_} { ++desk_.depth_; }

  ~Scope() {
    const bool outermost = --desk_.depth_ == 0 && !desk_.outbox_.empty();
    lock_.unlock();
    if (outermost)
      desk_.deliver();
  }

  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

private:
  Desk& desk_;
  std::unique_lock<std::recursive_mutex> lock_;
};

} // namespace tandem::core::orders
