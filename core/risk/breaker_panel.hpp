/// The circuit breakers as those who tell them something and those who act for them share them. A
/// source calls, as it calls the desk, and what it told is judged in that call: however much is
/// told, nothing waits but one verdict of each breaker. Thread safe.
#pragma once

#include "core/risk/breaker.hpp"
#include "core/types/ids.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::core::risk {

/// Names of breakers.
inline constexpr std::string_view global_breaker = "global";
[[nodiscard]] std::string breaker_of(const VenueId& venue); ///< "venue.binance"
[[nodiscard]] std::string breaker_of(const PairId& pair);   ///< "pair.<id>"
/// Those that judge whatever a venue says: the global one and its own.
[[nodiscard]] std::vector<std::string> breakers_of(const VenueId& venue);

/// Something a breaker counts.
struct BreakerNews {
  enum class Kind : std::uint8_t { trade, request, profit, round_trip, stale, orders, difference };

  Kind kind = Kind::trade;
  bool succeeded = true;            ///< trade, request
  Money profit{};                   ///< profit: realised change, quote units
  std::chrono::nanoseconds took{0}; ///< round_trip
  std::uint32_t count = 0;          ///< orders, difference
};

/// What became of a breaker since somebody last took its verdict.
struct BreakerVerdict {
  BreakerAction action = BreakerAction::none; ///< the last one that was not none
  Breaker::Saved saved;
  bool changed = false; ///< `saved` is another one than with the verdict before
};

/// One breaker. It outlives the actor that acts for it; what is told while none does is judged too
/// and waits for the next one.
class BreakerSeat {
public:
  /// Called without any lock, by whichever thread told or changed something.
  using Wake = std::function<void()>;

  /// Before anybody sits: as a run before left it.
  explicit BreakerSeat(Breaker::Saved saved = {});

  /// Somebody acts for it from now on: is woken when there is a verdict to take, once until it is
  /// taken. The limits of the first one hold. An open one has a verdict at once: pause.
  void sit(const BreakerLimits& limits, MonoTime now, Wake wake);

  /// Before the first one sits there are no limits to judge by: not heard.
  void tell(const BreakerNews& news, MonoTime now, WallTime wall);

  /// A person or the clock: their verdict is taken with take(), without being woken for it.
  /// Not before sit().
  void change(const std::function<BreakerAction(Breaker&)>& how);

  [[nodiscard]] BreakerVerdict take();

private:
  void note(BreakerAction action); ///< under the lock

  std::mutex mutex_;
  std::optional<Breaker> breaker_;
  Breaker::Saved taken_; ///< as of the last verdict
  BreakerAction action_ = BreakerAction::none;
  bool woken_ = false;
  MonoTime last_{}; ///< sources read the clock before they have the lock
  Wake wake_;
};

class BreakerPanel {
public:
  /// Made closed when nobody knew it.
  [[nodiscard]] std::shared_ptr<BreakerSeat> seat(const std::string& breaker);

  /// As a run before left it. Before anybody has its seat.
  void restore(const std::string& breaker, const Breaker::Saved& saved);

  /// To each of these that there is.
  void tell(const std::vector<std::string>& breakers, const BreakerNews& news, MonoTime now,
            WallTime wall);
  /// An order has left for a venue: counts for all, for the venue, for its pair (empty: of none).
  void order_left(const VenueId& venue, const PairId& pair, MonoTime now, WallTime wall);

private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<BreakerSeat>> seats_;
};

} // namespace tandem::core::risk
