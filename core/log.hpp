/// What the engine says to its operator's log: an event word and fields, never a formatted sentence
/// with secrets in it. The back end belongs to apps/.
#pragma once

#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::core {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct LogField {
  std::string_view
      key; ///< event, exchange, pairId, symbol, latency_ms, success, error_code, ... (S3-94 names)
  std::string value;
};

class LogBook;

/// Thread safe, never blocks on a slow disk.
class Log {
public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields)
      = 0;

  /// The same, said by one actor. @param place its path in the tree.
  virtual void write_of(std::string_view place, LogLevel level, std::string_view event,
                        std::initializer_list<LogField> fields) {
    (void)place;
    write(level, event, fields);
  }

  /// The last lines and the levels, where they are kept; null elsewhere.
  [[nodiscard]] virtual LogBook* book() noexcept { return nullptr; }
};

/// Lets the first of a burst through and counts the rest, so that a flood of bad frames is one line
/// with a number.
class BurstGate {
public:
  explicit BurstGate(std::chrono::nanoseconds window) noexcept : window_{window} {}

  /// Nullopt-like: -1 = keep quiet; otherwise say it, with the number kept quiet since the last
  /// time.
  [[nodiscard]] std::int64_t pass(MonoTime now) noexcept {
    if (said_once_ && now - said_at_ < window_) {
      ++quiet_;
      return -1;
    }
    said_once_ = true;
    said_at_ = now;
    return std::exchange(quiet_, 0);
  }

private:
  std::chrono::nanoseconds window_;
  MonoTime said_at_{};
  std::int64_t quiet_ = 0;
  bool said_once_ = false;
};

} // namespace tandem::core
