/// The two venues of a pair whose engine is killed: what they got, filled and hold is counted here,
/// apart from every engine, and outlives them all. How they answer is written in a script.
#pragma once

#include "core/orders/desk.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::tests {

/// What becomes of an order.
enum class Reply : std::uint8_t {
  filled,
  rejected,
  timeout_filled, ///< no answer and no word of the stream, but it arrives late and fills
  timeout_not,    ///< no answer: the request was lost
  partial,
  late_fill, ///< rests; cancelled with nothing filled, and a second later filled all the same
};

inline constexpr std::array replies{Reply::filled,      Reply::rejected, Reply::timeout_filled,
                                    Reply::timeout_not, Reply::partial,  Reply::late_fill};

[[nodiscard]] std::string_view name_of(Reply reply) noexcept;

struct Script {
  Reply leg1 = Reply::filled, leg2 = Reply::filled; ///< the first order of each leg
  /// Every order that completes or unwinds; with late_fill only the first of them, or each would
  /// make the next one necessary for ever.
  Reply closing = Reply::filled;
  /// Leg 2 is answered before leg 1, and the end of an order is told before its fills.
  bool leg2_first = false;
};

class CrashVenue {
public:
  /// @param now the one clock of the world, outlives this.
  CrashVenue(Script script, const core::risk::Now& now) : script_{script}, now_{now} {}

  /// This engine is there from now on (null: none). What was on its way to another one is lost.
  void connect(core::orders::Desk* desk);

  // ---- requests
  void send(const core::orders::OrderIntent& intent);
  void cancel(const core::orders::ClientOrderId& id);
  void query(const core::orders::ClientOrderId& id);
  /// All fills of one leg and what rests there, told at once: an engine reads it when it begins.
  void tell_account(std::size_t leg);

  // ---- time
  [[nodiscard]] std::optional<core::MonoTime> next() const;
  /// Lets the next thing happen that is due.
  bool step();

  // ---- the ledger. Quantities in thousandths of the base asset, money in the quote asset.
  struct Leg {
    std::int64_t bought = 0, sold = 0;
    core::Money paid, earned, fees;
  };

  [[nodiscard]] const Leg& leg(std::size_t n) const { return legs_.at(n); }

  [[nodiscard]] std::int64_t position(std::size_t n) const {
    return legs_.at(n).bought - legs_.at(n).sold;
  }

  [[nodiscard]] std::int64_t net() const { return position(0) + position(1); }

  /// Of all fills of both legs, net of fees.
  [[nodiscard]] core::Money cash() const;
  /// What the part that was both bought and sold brought, at average prices and net of all fees.
  [[nodiscard]] core::Money realised() const;

  /// Client ids in the order of arrival at the wire, those that were lost there included.
  [[nodiscard]] const std::vector<std::string>& sent() const noexcept { return sent_; }

  [[nodiscard]] std::size_t sent_twice() const noexcept { return sent_twice_; }

  /// Nothing is to come any more, and nothing rests.
  [[nodiscard]] bool quiet() const;

private:
  using Action = std::function<void()>;

  struct Event {
    Action action;
    std::optional<std::uint64_t> connection; ///< only while this one stands
  };

  /// An order that arrived.
  struct Held {
    core::orders::OrderIntent intent;
    std::size_t leg = 0;
    Reply reply = Reply::filled;
    std::string venue_id;
    core::orders::VenueStatus status = core::orders::VenueStatus::open;
    std::int64_t filled = 0;
    std::vector<core::orders::VenueFill> fills;
    bool cancelling = false;
  };

  [[nodiscard]] Reply reply_to(const core::orders::OrderIntent& intent, std::size_t leg);
  void at(std::chrono::milliseconds after, Action action);
  void tell(std::chrono::milliseconds after, Action action);
  Held& arrive(const core::orders::OrderIntent& intent, std::size_t leg, Reply reply);
  void answer(const std::string& id);
  void execute(Held& order, std::int64_t units, core::orders::VenueStatus end);
  void fill(Held& order, std::int64_t units);
  void tell_end(const Held& order, std::size_t first_fill);
  [[nodiscard]] core::orders::VenueOrder shown(const Held& order) const;

  Script script_;
  const core::risk::Now& now_;
  core::orders::Desk* desk_ = nullptr;
  std::uint64_t connection_ = 0;
  std::multimap<core::MonoTime, Event> events_;
  std::map<std::string, Held> orders_;
  std::vector<std::string> sent_;
  std::set<std::string> ids_;
  std::size_t sent_twice_ = 0, closings_ = 0, trades_ = 0;
  std::array<Leg, 2> legs_;
};

} // namespace tandem::tests
