/// One market's account on paper: orders filled against the live book as it stands, without moving
/// it. For mode dev, where no order leaves the house. Fees are taken in the quote asset. Pure: the
/// book and the time are handed in. Not thread safe.
#pragma once

#include "core/error.hpp"
#include "core/market/depth_view.hpp"
#include "core/orders/desk.hpp"
#include "core/orders/order.hpp"
#include "core/orders/position.hpp"
#include "core/strategy/fees.hpp"
#include "core/types/ids.hpp"
#include "core/types/money.hpp"
#include "core/types/time.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::core::orders {

struct PaperTerms {
  std::map<std::string, Money> balances; ///< what the account begins with, by asset
  strategy::FeeRate taker, maker;
};

/// What became of one order, as a venue would tell it: fills first, then the order.
struct PaperNews {
  std::vector<VenueFill> fills;
  VenueOrder order;
};

class PaperMarket {
public:
  /// @param next_id never gives the same text twice: order ids are "mock_order_" and one of them.
  PaperMarket(MarketKey market, PaperTerms terms, std::function<std::string()> next_id);

  /// Takes what the book offers; a remainder rests, expires or, for post-only orders, keeps the
  /// order from crossing. Errors, all of them evidence that nothing was taken:
  /// exchange_unavailable (the book is not live), insufficient_funds, conflict (an id used before).
  [[nodiscard]] Result<PaperNews> place(const OrderIntent& order, const market::DepthView& book,
                                        UnixMillis now);

  /// Nullopt: not known. A finished order is told as it ended.
  [[nodiscard]] std::optional<VenueOrder> cancel(const ClientOrderId& id, UnixMillis now);

  /// Nullopt: not known.
  [[nodiscard]] std::optional<VenueOrder> find(const ClientOrderId& id) const;

  /// Fills what rests and the book now reaches, at its own price, as a maker.
  [[nodiscard]] std::vector<PaperNews> on_book(const market::DepthView& book, UnixMillis now);

  /// The instruments with an order that rests.
  [[nodiscard]] std::vector<InstrumentKey> resting() const;

  struct AssetRow {
    Money free, locked;
  };

  [[nodiscard]] std::map<std::string, AssetRow> assets() const;

  /// Linear only, flat ones left out: quantity and cost of what is held.
  [[nodiscard]] const std::map<InstrumentKey, Position>& positions() const noexcept {
    return positions_;
  }

private:
  struct Held {
    OrderIntent intent;
    std::shared_ptr<const Instrument> instrument;
    VenueOrder shown;
    Quantity left; ///< at the order's scale
  };

  [[nodiscard]] Status afford(const OrderDraft& draft, const Instrument& instrument) const;
  void fill(Held& held, const Decimal& price, Quantity quantity, bool maker, UnixMillis now,
            PaperNews& news);
  void take(Held& held, const market::DepthView& book, bool maker, UnixMillis now, PaperNews& news);
  static void end(Held& held, VenueStatus status, UnixMillis now);
  void forget_old();

  MarketKey market_;
  PaperTerms terms_;
  std::function<std::string()> next_id_;
  std::map<std::string, Money> assets_;
  std::map<InstrumentKey, Position> positions_;
  std::map<ClientOrderId, Held> orders_;
};

} // namespace tandem::core::orders
