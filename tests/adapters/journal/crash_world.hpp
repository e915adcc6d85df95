/// One execution of a pair by the real engine (executor, desk, gate, journal of files in memory)
/// that is killed at a numbered operation and begun again from what its files hold, until nothing
/// is open any more; and what must then be true by the venues' own books.
#pragma once

#include "adapters/files/faulty_files.hpp"
#include "adapters/files/memory_files.hpp"
#include "adapters/journal/file_journal.hpp"
#include "core/strategy/executor.hpp"
#include "tests/adapters/journal/crash_venue.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::tests {

/// What the books show once the first order is out.
enum class Market : std::uint8_t {
  calm,     ///< closing costs little
  dear,     ///< nearly all that may be lost
  run_away, ///< more than that
};

/// Whether anything can be sent at all.
enum class Begin : std::uint8_t { sends, refused_by_gate, without_book };

struct CrashCase {
  core::strategy::LegOrder order = core::strategy::LegOrder::concurrent;
  Script script;
  Market market = Market::calm;
  core::strategy::Direction direction = core::strategy::Direction::leg1_buy_leg2_sell;
  Begin begin = Begin::sends;
};

[[nodiscard]] std::string describe(const CrashCase& one);

enum class Moment : std::uint8_t { before, within, after };

/// How the engine comes back.
enum class Restart : std::uint8_t {
  at_once, ///< after 50 ms, and books and markets are there
  slowly,  ///< after 3 s; books a second later; a market when it was compared in quiet
};

/// Killed once; `at` is the number of an operation of that life, 0 = never.
struct Kill {
  std::uint64_t at = 0;
  Moment moment = Moment::before;
  Restart restart = Restart::at_once;
};

[[nodiscard]] std::string describe(const Kill& kill);

/// Counts what reaches the world outside the process (journal writes, requests to venues) and ends
/// the process before, within or after one of them.
class Operations {
public:
  struct Killed {};

  /// A new life: counts anew.
  void begin(Kill kill) {
    kill_ = kill;
    writes_.clear();
  }

  template <class Work>
  void request(Work&& work) {
    const auto fate = next(false);
    if (fate == Moment::before)
      throw Killed{};
    work();
    if (fate == Moment::after)
      throw Killed{};
  }

  [[nodiscard]] adapters::files::Fate write(std::size_t bytes);

  /// One for each operation so far: it was a write of the journal.
  [[nodiscard]] const std::vector<bool>& writes() const noexcept { return writes_; }

private:
  std::optional<Moment> next(bool is_write);

  Kill kill_;
  std::vector<bool> writes_;
};

/// What a whole play came to.
struct CrashOutcome {
  std::vector<core::strategy::ExecutionPhase> crashed_in; ///< one for each kill that happened
  core::strategy::ExecutionPhase end = core::strategy::ExecutionPhase::legs;
  bool closed = false;      ///< a closing order was sent
  std::vector<bool> writes; ///< of the last life's operations
  bool silent = false, beyond_cap = false;
  std::size_t sent_twice = 0;
  std::vector<std::string> faults; ///< every broken rule, in words
};

/// @param kills one for each life; the lives behind them are spared.
[[nodiscard]] CrashOutcome play(const CrashCase& one, const std::vector<Kill>& kills);

} // namespace tandem::tests
