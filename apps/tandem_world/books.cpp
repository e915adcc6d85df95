#include "apps/tandem_world/books.hpp"

#include "core/orders/client_id.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace tandem::world {
namespace {

namespace json = boost::json;
using core::Money;

/// Where the money of an instrument lies: Bybit has one wallet for all, Binance one per market.
std::string wallet_of(std::string_view instrument) {
  const auto venue = instrument.substr(0, instrument.find('.'));
  if (venue == "bybit")
    return "bybit.unified";
  return std::string{instrument.substr(0, instrument.rfind('.'))};
}

struct Trade {
  Money quantity, value, fee;
  std::string fee_asset;
};

void book(Books& books, BookedOrder& order, const Trade& trade) {
  order.filled += trade.quantity;
  order.value += trade.value;
  order.fees[trade.fee_asset] += trade.fee;
  books.positions[order.instrument] += order.buys ? trade.quantity : -trade.quantity;
  ++books.fills;
}

/// The engine's side, record by record.
class Reader {
public:
  void read(const core::orders::Record& record) {
    std::visit([this](const auto& one) { note(one); }, record);
  }

  Books books;

private:
  void enter(const core::orders::IntentRecord& record, bool adopted) {
    const auto& draft = record.intent.draft;
    BookedOrder order;
    order.instrument = core::to_string(draft.instrument);
    order.buys = draft.side == core::orders::Side::buy;
    order.ordered = core::to_money(draft.quantity, draft.scale);
    order.origin = draft.origin;
    order.adopted = adopted;
    const auto& id = record.intent.id.text();
    books.orders.try_emplace(id, order);
    scales_[id] = draft.scale;
    assets_[id] = {record.base, record.quote};
  }

  void note(const core::orders::IntentRecord& record) { enter(record, false); }

  void note(const core::orders::AdoptedRecord& record) { enter(record.intent, true); }

  void note(const core::orders::FillRecord& record) {
    auto& order = books.orders.at(record.id.text());
    const auto& fill = record.fill;
    if (!seen_.insert(order.instrument + ' ' + fill.trade_id).second)
      return;
    const auto& scale = scales_.at(record.id.text());
    const Trade trade{core::to_money(fill.quantity, scale),
                      core::to_money(fill.price * fill.quantity, scale), fill.fee, fill.fee_asset};
    book(books, order, trade);
    const auto& [base, quote] = assets_.at(record.id.text());
    const auto wallet = wallet_of(order.instrument);
    const auto sign = [&order](Money amount) { return order.buys ? amount : -amount; };
    if (order.instrument.find(".linear.") == std::string::npos)
      books.money[wallet + '.' + base] += sign(trade.quantity);
    // Of a linear instrument: as if it were paid; the ledger's side counts the open position's cost
    // back in.
    books.money[wallet + '.' + quote] -= sign(trade.value);
    books.money[wallet + '.' + trade.fee_asset] -= trade.fee;
  }

  void note(const core::orders::PausedRecord& record) {
    auto& by = books.paused_by[record.strategy];
    const bool was = by.contains(record.by);
    if (!record.reason.empty())
      by.insert(record.by);
    else
      by.erase(record.by);
    if (by.empty())
      books.paused.erase(record.strategy);
    else
      books.paused.insert(record.strategy);
    if (was && record.by == "residual" && record.reason.empty())
      for (auto& [id, order] : books.orders)
        order.accepted = order.accepted || order.origin.pair.text() == record.strategy;
  }

  void note(const core::orders::ExecutionRecord& record) {
    const auto& pair = record.execution.pair.text();
    if (core::strategy::is_over(record.execution.phase))
      books.working.erase(pair);
    else
      books.working.insert(pair);
  }

  template <class Other>
  void note(const Other&) {}

  std::map<std::string, core::Scale> scales_;
  std::map<std::string, std::pair<std::string, std::string>> assets_; ///< base, quote
  std::set<std::string> seen_;                                        ///< instrument and trade
};

Money money(const json::value& value) {
  return core::parse_money(std::string_view{value.as_string()}).value_or(Money{});
}

std::string text(const json::value& value) {
  return std::string{value.as_string()};
}

/// "binance_spot" of a venue -> "spot".
std::string market_of(const std::string& surface) {
  return surface.substr(surface.find('_') + 1);
}

/// A linear order that no engine sent: its money is taken back, as if it had never been.
void leave_out(Books& books, const std::string& venue, const json::object& shown) {
  const auto wallet = wallet_of(venue + '.' + market_of(text(shown.at("surface"))) + '.'
                                + text(shown.at("symbol")));
  const auto value = money(shown.at("value"));
  books.money[wallet + ".USDT"] += text(shown.at("side")) == "buy" ? value : -value;
  for (const auto& fill : shown.at("fills").as_array())
    books.money[wallet + '.' + text(fill.at("fee_asset"))] += money(fill.at("fee"));
}

void read_orders(Books& books, const std::string& venue, const json::object& orders) {
  for (const auto& entry : orders) {
    const std::string client_id{entry.key()};
    if (!core::orders::parse_client_id(client_id)) {
      for (const auto& item : entry.value().as_array())
        leave_out(books, venue, item.as_object());
      continue;
    }
    const auto& held = entry.value().as_array();
    if (held.size() > 1)
      books.doubled.insert(client_id);
    for (const auto& item : held) {
      const auto& shown = item.as_object();
      auto& order = books.orders[client_id];
      order.instrument
          = venue + '.' + market_of(text(shown.at("surface"))) + '.' + text(shown.at("symbol"));
      order.buys = text(shown.at("side")) == "buy";
      order.ordered = money(shown.at("quantity"));
      order.value += money(shown.at("value"));
      for (const auto& fill : shown.at("fills").as_array())
        book(books, order,
             {money(fill.at("quantity")), {}, money(fill.at("fee")), text(fill.at("fee_asset"))});
    }
  }
}

} // namespace

Books books_of_journal(std::span<const core::orders::Record> records) {
  Reader reader;
  for (const auto& record : records)
    reader.read(record);
  return std::move(reader.books);
}

Books books_of_ledger(const json::object& ledger) {
  Books books;
  for (const auto& item : ledger.at("accounts").as_array()) {
    const auto& account = item.as_object();
    const auto venue = text(account.at("venue"));
    read_orders(books, venue, account.at("orders").as_object());
    for (const auto& wallet : account.at("balances").as_object())
      for (const auto& balance : wallet.value().as_object())
        books.money[venue + '.' + std::string{wallet.key()} + '.' + std::string{balance.key()}]
            += money(balance.value().at("free")) + money(balance.value().at("locked"));
    for (const auto& entry : account.at("entries").as_array()) {
      const auto reason = text(entry.at("reason"));
      if (reason == "deposit" || reason == "withdraw")
        books.money[venue + '.' + text(entry.at("wallet")) + '.' + text(entry.at("asset"))]
            -= money(entry.at("delta"));
    }
    const auto wallet = venue == "bybit" ? std::string{"bybit.unified"} : venue + ".linear";
    for (const auto& position : account.at("positions").as_object()) {
      const auto cost = money(position.value().at("cost"));
      const bool is_long = money(position.value().at("quantity")) >= Money{};
      books.money[wallet + ".USDT"] -= is_long ? cost : -cost;
    }
  }
  return books;
}

std::vector<std::string> compare(const Books& engine, const Books& venues, bool journal_lost) {
  std::vector<std::string> rows;
  for (const auto& id : venues.doubled)
    rows.push_back("order " + id + ": the venue holds it twice");
  const auto without_zeros = [](std::map<std::string, Money> sums) {
    std::erase_if(sums, [](const auto& one) { return one.second == Money{}; });
    return sums;
  };
  for (const auto& [id, theirs] : venues.orders)
    if (!engine.orders.contains(id) && !(journal_lost && theirs.filled == Money{}))
      rows.push_back("order " + id + ": at the venue, not in the journal");
  for (const auto& [id, ours] : engine.orders) {
    const auto found = venues.orders.find(id);
    if (found == venues.orders.end()) {
      if (ours.filled != Money{})
        rows.push_back("order " + id + ": filled in the journal, unknown to the venue");
      continue;
    }
    const auto& theirs = found->second;
    if (ours.filled != theirs.filled || ours.value != theirs.value
        || without_zeros(ours.fees) != without_zeros(theirs.fees))
      rows.push_back("order " + id + ": filled " + to_string(ours.filled) + " worth "
                     + to_string(ours.value) + " by the journal, " + to_string(theirs.filled)
                     + " worth " + to_string(theirs.value) + " by the venue");
  }
  const auto sums = [&rows](const char* what, std::map<std::string, Money> ours,
                            const std::map<std::string, Money>& theirs) {
    for (const auto& [key, amount] : theirs)
      ours[key] -= amount;
    for (const auto& [key, difference] : ours)
      if (difference != Money{})
        rows.push_back(std::string{what} + ' ' + key + ": the journal has " + to_string(difference)
                       + " more than the venue");
  };
  sums("position", engine.positions, venues.positions);
  sums("money", engine.money, venues.money);
  return rows;
}

std::map<std::string, Money> residuals(const Books& engine, const Books& venues) {
  std::map<std::string, Money> sums;
  for (const auto& [id, theirs] : venues.orders) {
    const auto found = engine.orders.find(id);
    if (found == engine.orders.end() || found->second.origin.pair.empty() || found->second.accepted
        || found->second.origin.purpose == core::orders::OrderPurpose::flatten)
      continue;
    sums[found->second.origin.pair.text()] += theirs.buys ? theirs.filled : -theirs.filled;
  }
  return sums;
}

} // namespace tandem::world
