/// The matching and accounting side of the simulated venues, one for all surfaces: accounts,
/// balances, positions, orders that trade against the generated books, and the ledger of it all.
/// Pure: times are arguments, integers only; what a venue calls things is the surfaces' business.
#pragma once

#include "apps/tandem_sim/exchange_types.hpp"
#include "apps/tandem_sim/flow.hpp"
#include "apps/tandem_sim/replay_books.hpp"
#include "apps/tandem_sim/scenario.hpp"

#include <boost/json/object.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

/// One change of a balance; their sums are the balances.
struct LedgerEntry {
  std::string asset;
  Amount delta = 0;
  BalanceReason reason = BalanceReason::deposit;
  std::int64_t execution_id = 0; ///< of the fill; 0: a transfer
  core::UnixMillis at = 0;
};

struct Account {
  AccountId id = 0;
  std::string name;
  VenueName venue = VenueName::binance;
  std::vector<ApiKey> keys;
  FeeRates spot_fees, linear_fees;
  FeeAsset fee_asset = FeeAsset::received;
  std::int64_t leverage = 20;
  std::map<std::string, Balance> wallets[2]; ///< Binance: spot, linear. Bybit: one, the first
  std::map<std::string, Position> positions; ///< by contract
  std::deque<LedgerEntry> entries[2];        ///< like wallets; the latest ones
  std::map<std::string, Amount> carried[2];  ///< sums of older entries
};

/// How an order is named by a request: by its id, else by its client id.
struct OrderName {
  OrderId id = 0; ///< 0: by client id
  std::string client_id;
};

struct PlaceOptions {
  bool refuse_unfillable_fok = false;  ///< else it is accepted and expires
  bool refuse_taking_post_only = true; ///< else it is accepted and expires
  bool unique_ids_for_ever = false;    ///< Bybit; else an id is free again once its order is closed
  std::int64_t fill_ppm_max = 1'000'000; ///< a fault: at most this part of it trades at once
  std::optional<Millis>
      fill_late_by; ///< a fault, of one that cannot rest: it is said to have expired before its
                    ///< last fill, and this is told so long after
};

/// refusal is none when the venue took the order (it may have ended since).
struct PlaceResult {
  Refusal refusal = Refusal::none;
  std::optional<Order> order; ///< as it stands now, or as its owner hears of it
};

struct CancelOptions {
  std::string request_id; ///< client id of the cancel request
  std::optional<Millis>
      fill_late_by; ///< a fault: half of the rest traded just before; it is told so long after
};

/// What margin a linear account has, in the quote coin.
struct MarginState {
  Amount wallet = 0;     ///< deposits, realised profit, fees
  Amount unrealised = 0; ///< of all positions at the market's price
  Amount position_margin = 0;
  Amount order_margin = 0;

  [[nodiscard]] Amount equity() const noexcept { return wallet + unrealised; }

  [[nodiscard]] Amount available() const noexcept {
    return equity() - position_margin - order_margin;
  }
};

class Exchange {
public:
  /// All accounts of the scenario exist from the start. Flow and books must outlive it.
  Exchange(const Scenario& scenario, Flow& flow, Time start);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// @param listener must outlive the exchange or its last call.
  void listen(ExchangeListener& listener) { listeners_.push_back(&listener); }

  /// Called when an order changed a generated book: the same that the flow's steps get.
  void on_taken(Flow::OnStep on_step) { on_step_ = std::move(on_step); }

  // Accounts.
  /// Nullopt when the name or one of its keys is taken at this venue.
  std::optional<AccountId> create(const AccountOrder& order, Time now);

  [[nodiscard]] const Account& account(AccountId id) const { return accounts_.at(id); }

  [[nodiscard]] const std::deque<Account>& accounts() const noexcept { return accounts_; }

  [[nodiscard]] std::optional<AccountId> named(std::string_view name) const noexcept;

  /// Whose API key this is; the key stays valid as long as the exchange. Null: nobody's.
  struct KeyHolder {
    AccountId account = 0;
    const ApiKey* key = nullptr;
  };

  [[nodiscard]] std::optional<KeyHolder> key_holder(VenueName venue,
                                                    std::string_view key) const noexcept;
  /// Adds to the free balance, or takes away. False when it would fall below zero.
  bool transfer(AccountId account, SurfaceId surface, const std::string& asset, Amount delta,
                Time now);
  /// Of the surface's wallet.
  [[nodiscard]] const std::map<std::string, Balance>& balances(AccountId account,
                                                               SurfaceId surface) const;
  [[nodiscard]] Balance balance(AccountId account, SurfaceId surface,
                                const std::string& asset) const;
  [[nodiscard]] Position position(AccountId account, const std::string& symbol) const;
  static constexpr std::int64_t leverage_max = 125;
  /// @param leverage 1..leverage_max. False outside of it.
  bool set_leverage(AccountId account, const std::string& symbol, std::int64_t leverage);
  [[nodiscard]] FeeRates fees(AccountId account, SurfaceId surface) const;
  [[nodiscard]] MarginState margin(AccountId account, SurfaceId surface,
                                   const std::string& asset) const;
  /// Profit of the position at the market's price.
  [[nodiscard]] Amount unrealised(AccountId account, SurfaceId surface,
                                  const std::string& symbol) const;

  // Instruments. Null when not traded there.
  [[nodiscard]] const Instrument* instrument(SurfaceId surface, std::string_view symbol) const;
  [[nodiscard]] static TradingRules rules(const Instrument& instrument);
  /// The last traded price, at the price's decimals. Nullopt before there is one.
  [[nodiscard]] std::optional<std::int64_t> market_price(SurfaceId surface,
                                                         std::string_view symbol) const;

  // Orders.
  /// The checks of place() alone: .../order/test.
  [[nodiscard]] Refusal check(const OrderAsk& ask, const PlaceOptions& options) const;
  PlaceResult place(const OrderAsk& ask, const PlaceOptions& options, Time now);
  /// unknown_order when it is none or no longer open; then `order` is the closed one, if any.
  PlaceResult cancel(AccountId account, SurfaceId surface, const std::string& symbol,
                     const OrderName& name, const CancelOptions& options, Time now);
  /// @param symbol empty: all of the surface. @returns those it cancelled, as they stand now.
  std::vector<Order> cancel_all(AccountId account, SurfaceId surface, const std::string& symbol,
                                Refusal reason, Time now);
  /// Changes price, quantity (the whole order's) or both. The place in the queue is kept only when
  /// the quantity shrinks. Refusals as place(); unknown_order.
  PlaceResult amend(AccountId account, SurfaceId surface, const std::string& symbol,
                    const OrderName& name, std::optional<core::Decimal> price,
                    std::optional<core::Decimal> quantity, Time now);
  /// Of two orders with one client id the open one, else the later. @param symbol empty: any.
  [[nodiscard]] const Order* find(AccountId account, SurfaceId surface, std::string_view symbol,
                                  const OrderName& name) const;
  /// Oldest first. @param symbol empty: all.
  [[nodiscard]] std::vector<const Order*> orders(AccountId account, SurfaceId surface,
                                                 std::string_view symbol, bool open_only) const;
  [[nodiscard]] std::vector<const Fill*> fills(AccountId account, SurfaceId surface,
                                               std::string_view symbol) const;
  [[nodiscard]] std::vector<const Fill*> fills_of(const Order& order) const;

  // Time.
  /// Cancels all orders of the symbol (empty: of the surface) when the time comes; nullopt disarms.
  void set_countdown(AccountId account, SurfaceId surface, const std::string& symbol,
                     std::optional<Time> due);
  void tick(Time now);
  /// What a recording says of one of its markets.
  void on_recorded(const RecordedNews& news, Time now);
  /// What a step of the flow did to resting orders. Call it for each.
  void on_step(const Market& market, const Step& step, Time now);

  // The ledger, told independently of what any client was told (exchange_ledger.cpp has its shape).
  [[nodiscard]] boost::json::object ledger() const;

private:
  struct Entry {
    Order order;
    std::vector<Fill> fills;
  };

  struct Held {
    Time due{};
    OrderEvent event;
  };

  struct Refused {
    OrderAsk ask;
    Refusal refusal = Refusal::none;
    core::UnixMillis at = 0;
  };

  using CountdownKey = std::pair<AccountId, std::pair<SurfaceId, std::string>>;

  /// An order on the instrument's grid, ready to be booked.
  struct Checked {
    Refusal refusal = Refusal::none;
    const Instrument* instrument = nullptr;
    Market* market = nullptr;
    std::int64_t price = 0;
    std::int64_t quantity = 0;
    Amount quote_quantity = 0;
  };

  /// Generated or recorded; null: none of that name.
  [[nodiscard]] Market* find_market(SurfaceId surface, std::string_view symbol) const;

  [[nodiscard]] Account& owner(AccountId id) { return accounts_.at(id); }

  [[nodiscard]] static std::size_t wallet_of(const Account& account, SurfaceId surface) noexcept;
  [[nodiscard]] Entry* locate(AccountId account, SurfaceId surface, std::string_view symbol,
                              const OrderName& name);
  [[nodiscard]] std::size_t open_count(AccountId account, SurfaceId surface,
                                       std::string_view symbol) const;

  // exchange_rules.cpp
  [[nodiscard]] Checked inspect(const OrderAsk& ask, const PlaceOptions& options) const;
  [[nodiscard]] Refusal inspect_numbers(const OrderAsk& ask, Checked& out) const;
  [[nodiscard]] Refusal inspect_value(const OrderAsk& ask, const Checked& checked) const;
  [[nodiscard]] Refusal inspect_funds(const OrderAsk& ask, const Checked& checked) const;
  [[nodiscard]] Refusal inspect_book(const OrderAsk& ask, const PlaceOptions& options,
                                     const Checked& checked) const;

  // exchange_orders.cpp
  Entry& book(const OrderAsk& ask, const Checked& checked, Time now);
  void close(Entry& entry, OrderState state, Refusal reason, const std::string& request_id,
             Time now);
  /// A fault: it ends, and its owner is told so of `seen`, what it was before a fill that nobody
  /// has heard of. @returns what the owner sees.
  Order close_unheard(Entry& entry, Order seen, OrderState state, Refusal reason,
                      const std::string& request_id, Time now);
  void tell(const OrderEvent& event);
  [[nodiscard]] OrderEvent event_of(const Entry& entry, OrderEventKind kind, Time now);
  void withdraw(const Order& order, Time now);
  void hold(Time due, OrderEvent event); ///< it is told then
  /// A fault: half of the rest trades now and is told then. @returns the order as it was before.
  Order fill_unheard(Entry& entry, Millis told_after, Time now);
  void forget_old();

  // exchange_matching.cpp
  /// @returns the order as its owner hears of it.
  Order match(Entry& entry, Market& market, const PlaceOptions& options, Time now);
  /// @returns what it may take after self-trade prevention; zero: nothing more.
  std::int64_t prevent_self_trade(Entry& entry, Time now, std::optional<std::int64_t>& limit);
  [[nodiscard]] std::int64_t takeable(const Entry& entry, const Market& market,
                                      const PlaceOptions& options) const;
  OrderEvent book_fill(Entry& entry, const Execution& execution, bool maker, Time now);
  /// Reduce-only orders never ask for more than there is to reduce.
  void trim_reduce_only(AccountId account, SurfaceId surface, const std::string& symbol, Time now);

  // exchange_accounts.cpp
  void add(Account& account, SurfaceId surface, const std::string& asset, Amount delta,
           BalanceReason reason, std::int64_t execution_id, core::UnixMillis at);
  /// Locks what the order's rest needs, and frees what it no longer does.
  void adjust_lock(Order& order);
  [[nodiscard]] Amount lock_for(const Order& order) const;
  /// What an order may use up of a spot balance.
  [[nodiscard]] Amount spendable(AccountId account, SurfaceId surface,
                                 const std::string& asset) const;
  /// As margin(), with `quantity` of `ask` resting beside the open orders.
  [[nodiscard]] MarginState margin_with(AccountId account, SurfaceId surface,
                                        const std::string& asset, const OrderAsk* ask,
                                        std::int64_t quantity) const;
  void settle_spot(Order& order, Fill& fill, const Instrument& instrument);
  void settle_linear(const Order& order, Fill& fill, const Instrument& instrument);

  Flow& flow_;

  /// Of a recording, as orders meet it; `depth` of the stream that it is kept by.
  struct Recorded {
    std::unique_ptr<Market> market;
    std::optional<int> depth;
    core::UnixMillis told_at = 0; ///< the venue's time of the book
  };

  std::map<std::pair<SurfaceId, std::string>, Recorded> recorded_;
  std::vector<Instrument> instruments_;
  std::vector<ExchangeListener*> listeners_;
  Flow::OnStep on_step_;
  std::deque<Account> accounts_;
  std::map<OrderId, Entry> orders_;
  std::map<std::pair<AccountId, std::string>, std::vector<OrderId>> by_client_id_;
  std::map<std::pair<AccountId, SurfaceId>, std::vector<OrderId>> by_account_; ///< rising
  std::map<AccountId, std::vector<OrderId>> open_;                             ///< rising
  std::map<CountdownKey, Time> countdowns_;
  std::vector<Held> held_;
  std::deque<Refused> refused_; ///< the latest ones
  std::int64_t forgotten_ = 0;  ///< closed orders no longer kept
  OrderId last_order_ = 0;
  std::int64_t last_execution_ = 0;
};

/// price times quantity of the instrument.
[[nodiscard]] Amount value_of(const Instrument& instrument, std::int64_t price,
                              std::int64_t quantity) noexcept;
/// Nullopt when it has more than 16 decimals or is no decimal.
[[nodiscard]] std::optional<Amount> parse_amount(std::string_view text);
/// With exactly so many digits; those beyond are cut.
[[nodiscard]] std::string amount_text(Amount amount, int digits);
[[nodiscard]] std::string amount_trimmed(Amount amount);
[[nodiscard]] Amount quantity_amount(const Instrument& instrument, std::int64_t quantity) noexcept;
[[nodiscard]] std::string_view name_of(Refusal refusal) noexcept;
[[nodiscard]] std::string_view name_of(OrderState state) noexcept;

} // namespace tandem::sim
