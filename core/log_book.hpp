/// The log while the engine runs: its last lines, to be read by a console, and from which level on
/// which part of the tree speaks. Bounded; thread safe.
#pragma once

#include "core/log.hpp"
#include "core/types/time.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::core {

/// "debug", "info", "warning", "error".
[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text) noexcept;

/// What a line is about, for whoever wants one kind alone.
enum class LogCategory : std::uint8_t {
  error,       ///< of level warning or above, or about something that did not succeed
  performance, ///< with a time that was measured
  event,       ///< everything else
};

/// "error", "performance", "event".
[[nodiscard]] std::string_view to_string(LogCategory category) noexcept;
[[nodiscard]] std::optional<LogCategory> parse_log_category(std::string_view text) noexcept;

/// By the level and, below warning, by the fields of S3-94: success "false" or an error_code is an
/// error, a latency_ms a measurement.
template <class Fields>
[[nodiscard]] LogCategory category_of(LogLevel level, const Fields& fields) {
  auto category = level >= LogLevel::warning ? LogCategory::error : LogCategory::event;
  for (const auto& [key, value] : fields) {
    if ((key == "success" && value == "false") || (key == "error_code" && !value.empty()))
      return LogCategory::error;
    if (key == "latency_ms" && category == LogCategory::event)
      category = LogCategory::performance;
  }
  return category;
}

/// The path itself, or one below it. The empty place is above all.
[[nodiscard]] bool is_within(std::string_view path, std::string_view place) noexcept;

struct LogLine {
  std::uint64_t number = 0; ///< from 1, without a gap
  UnixMillis ts = 0;
  LogLevel level = LogLevel::info;
  LogCategory category = LogCategory::event;
  std::string event;
  std::string place; ///< path of the actor that said it; empty: no actor
  std::vector<std::pair<std::string, std::string>> fields;
};

struct LogQuery {
  std::uint64_t after = 0;          ///< only lines of a larger number
  std::size_t limit = 100;          ///< the newest of them
  LogLevel level = LogLevel::debug; ///< that and above
  std::string place{};              ///< only of that part of the tree
  std::optional<LogCategory> category{};
};

class LogBook {
public:
  static constexpr std::size_t lines_max = 1'000;
  static constexpr std::size_t places_max = 64;
  static constexpr std::size_t value_max = 512; ///< bytes of one field that are kept

  explicit LogBook(LogLevel level) : base_{level}, lowest_{level} {}

  /// Whether a line is wanted; the level of the nearest place above counts.
  [[nodiscard]] bool wants(LogLevel level, std::string_view place) const;

  /// @param place empty: the whole engine. @param level nullopt: as the place above. False: there
  /// are levels for too many places already.
  bool set_level(const std::string& place, std::optional<LogLevel> level);

  /// Places with a level of their own, the whole engine first.
  [[nodiscard]] std::vector<std::pair<std::string, LogLevel>> levels() const;

  void add(LogLine line);

  /// Oldest first.
  [[nodiscard]] std::vector<LogLine> lines(const LogQuery& query) const;

private:
  mutable std::mutex mutex_;
  std::deque<LogLine> lines_;
  std::uint64_t number_ = 0;
  LogLevel base_;
  std::map<std::string, LogLevel, std::less<>> places_;
  std::atomic<LogLevel> lowest_; ///< what nobody wants is refused without the lock
};

/// What one actor says, with its name on it. @param log outlives this.
class PlacedLog final : public Log {
public:
  PlacedLog(Log& log, std::string place) : log_{log}, place_{std::move(place)} {}

  void write(LogLevel level, std::string_view event,
             std::initializer_list<LogField> fields) override {
    log_.write_of(place_, level, event, fields);
  }

  void write_of(std::string_view place, LogLevel level, std::string_view event,
                std::initializer_list<LogField> fields) override {
    log_.write_of(place, level, event, fields);
  }

  [[nodiscard]] LogBook* book() noexcept override { return log_.book(); }

private:
  Log& log_;
  std::string place_;
};

} // namespace tandem::core
