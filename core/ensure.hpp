/// TANDEM_ENSURE: our own promise is broken. Throws; nobody catches it below an actor's shell, so
/// the actor dies and its supervisor restarts it from the journal or by resync.
#pragma once

#include <stdexcept>
#include <string>

namespace tandem::core {

class BrokenPromise : public std::logic_error {
  using std::logic_error::logic_error;
};

} // namespace tandem::core

#define TANDEM_ENSURE(condition)                                                                   \
  do {                                                                                             \
    if (!(condition))                                                                              \
      throw ::tandem::core::BrokenPromise{std::string{"broken promise: " #condition " at "}        \
                                          + __FILE__ + ":" + std::to_string(__LINE__)};            \
  } while (false)
