/// Bringing positions to zero under a kill switch that asks for it: what to send next for each
/// position, when it is enough, and what is left. Pure; its owner sends, and asks again as time
/// passes.
#pragma once

#include "core/market/depth_view.hpp"
#include "core/orders/order.hpp"
#include "core/risk/gate.hpp"
#include "core/risk/kill.hpp"
#include "core/types/money.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::core::risk {

struct FlattenLimits {
  Decimal guard_percent{1, 0};               ///< how far beyond the touch a limit may go
  std::chrono::milliseconds again{500};      ///< between two tries at one position
  std::chrono::milliseconds give_up{60'000}; ///< from the begin; what is left then is for a person
};

/// A position that could not be brought to zero.
struct FlattenLeft {
  InstrumentKey instrument;
  Money quantity;    ///< signed, base units
  bool dust = false; ///< below what the venue trades: nobody can close it there
  std::string why;
};

/// The work of one thrown switch. Orders are limit IOC at most `guard_percent` beyond the touch,
/// reduce-only on derivatives, one at a time for each position, no bigger and no further from the
/// mid than the engine's own limits for one order allow.
class Flattening {
public:
  /// @param now when the work begins. @param bounds those of the gate that will judge the orders.
  Flattening(KillOrder order, FlattenLimits limits, const GateLimits& bounds, MonoTime now);

  /// The next order for a position; nullopt while one is under way, while it must wait, or when
  /// there is nothing more to do. @param book null when there is none.
  [[nodiscard]] std::optional<orders::OrderDraft> next(const HeldPosition& position,
                                                       const market::DepthView* book, MonoTime now);
  /// What became of a draft: it is an order now,
  void placed(const InstrumentKey& instrument, const orders::ClientOrderId& id);
  /// or the gate refused it; it is tried again.
  void refused(const InstrumentKey& instrument, const Refusal& why, MonoTime now);
  /// The orders under way, to be looked at; one that is over is told by `ended`.
  [[nodiscard]] std::vector<std::pair<InstrumentKey, orders::ClientOrderId>> under_way() const;
  void ended(const InstrumentKey& instrument, MonoTime now);

  /// Every position is at zero, or given up; says so once more when called again.
  /// @param positions as they are now.
  [[nodiscard]] bool is_over(const std::vector<HeldPosition>& positions, MonoTime now) const;
  /// Of these positions, what is not zero.
  [[nodiscard]] std::vector<FlattenLeft> left(const std::vector<HeldPosition>& positions) const;

  [[nodiscard]] const KillOrder& order() const noexcept { return order_; }

  [[nodiscard]] std::size_t orders() const noexcept { return orders_; } ///< placed so far

private:
  struct Place {
    orders::ClientOrderId working; ///< empty = none
    MonoTime next_at{};
    bool dust = false;
    std::string problem;
  };

  [[nodiscard]] Decimal guard_at(const market::DepthView& book, bool buys) const;
  [[nodiscard]] Money capped(const HeldPosition& position, const market::DepthView& book,
                             const Decimal& guard_percent) const;

  KillOrder order_;
  FlattenLimits limits_;
  Money notional_max_;
  std::optional<Decimal> quantity_max_;
  Decimal band_percent_;
  MonoTime until_;
  std::map<InstrumentKey, Place> places_;
  std::size_t orders_ = 0;
};

} // namespace tandem::core::risk
