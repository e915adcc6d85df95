// The independent model of the limits: what was told, and what it comes to.
#include "tests/core/risk/limits_model.hpp"

namespace tandem::tests::limits {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

Wide size(Wide value) {
  return value < 0 ? -value : value;
}

Wide value_of(Wide price, Wide quantity) {
  return price * quantity * value_one;
}

} // namespace

// ---- what happens

void Model::observe(const Ask& book, std::int64_t mono) {
  if (!book.has_mid())
    return;
  auto& mids = mids_[at(book.instrument)];
  if (mids.empty() || mono - mids.back().first >= second / 10)
    mids.emplace_back(mono, book.doubled_mid());
  marks_[at(book.instrument)] = book.mid();
}

void Model::settle(std::size_t index, std::size_t number) {
  auto& order = orders_[index];
  if (order.first_word == 0 && (order.known() || order.over()))
    order.first_word = number;
  if (order.settled() && order.gone == 0)
    order.gone = number;
  order.back = order.gone != 0 && !order.settled();
}

std::size_t Model::restore(const Ask& ask) {
  Told order;
  order.ask = ask;
  order.restored = order.sent = true;
  order.price = ask.price;
  order.size = ask.quantity;
  orders_.push_back(order);
  settle(orders_.size() - 1, tick());
  if (ask.automated())
    steps_.push_back({ask.strategy, ask.execution, true});
  return orders_.size() - 1;
}

bool Model::fill(std::size_t index, const std::string& trade, const Traded& traded,
                 std::int64_t wall, std::int64_t stamp) {
  auto& order = orders_[index];
  if (!order.trades.insert(trade).second)
    return false;
  const auto before = position(order.ask.instrument);
  auto& counted = trades_.emplace_back(traded);
  counted.number = tick();
  counted.order = index;
  counted.grew = size(position(order.ask.instrument)) > size(before);
  auto& mark = marks_[at(order.ask.instrument)];
  if (!mark)
    mark = traded.price;
  roll(wall);
  if (stamp == 0 || (stamp - limits.day_begins) / day_long >= day_)
    counted.day = day_;
  order.filled += traded.quantity;
  settle(index, counted.number);
  return true;
}

// ---- sums

Wide Model::position(int instrument) const {
  const auto& [since, restated] = restated_[at(instrument)];
  Wide sum = restated;
  for (const auto& traded : trades_) {
    const auto& ask = orders_[traded.order].ask;
    if (ask.instrument != instrument || traded.number < since)
      continue;
    sum += Wide{ask.side} * traded.quantity;
    if (traded.fee_in == FeeIn::base)
      sum -= traded.fee / base_one;
  }
  return sum;
}

Sums Model::sums() const {
  Sums result;
  for (int n = 0; n < instrument_count; ++n)
    result.all[at(n)].position = restated_[at(n)].second;
  std::array<std::array<Average, asset_count>, strategy_count> netted;
  for (const auto& traded : trades_) {
    const auto& ask = orders_[traded.order].ask;
    const auto own = at(ask.strategy), where = at(ask.instrument);
    Wide change = Wide{ask.side} * traded.quantity;
    if (traded.fee_in == FeeIn::base)
      change -= traded.fee / base_one;
    if (traded.number > restated_[where].first)
      result.all[where].position += change;
    result.own[own][where].position += change;
    result.traded[own][where] += traded.quantity;
    auto& average = netted[own][at(base_of(ask.instrument))];
    const auto realised = average.realised;
    average.apply(ask.side, traded);
    const auto value = value_of(traded.price, traded.quantity);
    if (!ask.closes())
      result.total[own] += value;
    if (traded.day == day_) {
      result.day[own] += value;
      result.realised[own] += average.realised - realised;
    }
  }
  for (const auto& order : orders_) {
    if (order.settled())
      continue;
    const auto& ask = order.ask;
    const auto own = at(ask.strategy), where = at(ask.instrument);
    const auto open = order.remaining();
    for (auto* holding : {&result.all[where], &result.own[own][where]})
      (ask.side > 0 ? holding->buying : holding->selling) += open;
    const auto value = value_of(order.reckoned(), open);
    result.in_flight[own] += value;
    if (!ask.closes())
      result.first_in_flight[own] += value;
    ++result.open;
    if (order.unknown()) {
      ++result.unknown[own];
      result.unknown_manual[where] += ask.strategy == 0 ? 1 : 0;
    }
  }
  return result;
}

std::optional<Wide> Model::worth(int instrument, Wide quantity) const {
  if (quantity == 0)
    return 0;
  const auto& mark = marks_[at(instrument)];
  return mark ? std::optional{value_of(*mark, quantity)} : std::nullopt;
}

Wide Model::exposure(const Sums& sums, int venue) const {
  Wide sum = 0;
  for (int n = 0; n < instrument_count; ++n)
    if (venue < 0 || venue_of(n) == venue)
      sum += worth(n, sums.all[at(n)].worst()).value_or(0);
  return sum;
}

// ---- balances

Pays Model::pays(const Ask& ask, const Sums& sums) const {
  if (!is_linear(ask.instrument))
    return ask.side > 0 ? Pays::quote : Pays::base;
  const bool lessens = sums.all[at(ask.instrument)].reach(ask.side, ask.quantity) <= 0;
  return ask.reduce_only || lessens ? Pays::nothing : Pays::margin;
}

Wide Model::need(Pays from, Wide quantity, Wide notional, std::int64_t fee_e8) const {
  switch (from) {
  case Pays::nothing:
    return 0;
  case Pays::quote:
    return notional + std::max<Wide>(0, notional * fee_e8 / 100'000'000);
  case Pays::base:
    return quantity * base_one;
  case Pays::margin:
    return margin(notional);
  }
  return notional;
}

/// The venue's figure knew the order at that time: it was spoken of, then a report came.
bool Model::in_report(const Told& order, std::size_t at_event) const {
  const bool was_there = order.gone == 0 || at_event <= order.gone;
  if (order.pays == Pays::nothing || order.first_word == 0 || !was_there)
    return false;
  const int asset = order.pays == Pays::base ? base_of(order.ask.instrument) : 0;
  const auto found = reports_.find({venue_of(order.ask.instrument), asset});
  return found != reports_.end() && std::ranges::any_of(found->second, [&](const Report& report) {
           return report.number > order.first_word && report.number < at_event;
         });
}

Wide Model::cost(const Traded& traded, const Told& order, int asset) const {
  if (in_report(order, traded.number))
    return 0;
  const bool buys = order.ask.side > 0, linear = is_linear(order.ask.instrument);
  const auto value = value_of(traded.price, traded.quantity);
  const auto fee = std::max<Wide>(0, traded.fee);
  Wide sum = 0;
  if (asset == 0) {
    if (linear)
      sum += traded.grew ? margin(value) : 0;
    else
      sum += buys ? value : 0;
    sum += traded.fee_in == FeeIn::quote ? fee : 0;
  } else if (asset == base_of(order.ask.instrument) && !buys && !linear) {
    sum += Wide{traded.quantity} * base_one;
    sum += traded.fee_in == FeeIn::base ? fee : 0;
  }
  return sum;
}

Wide Model::available(int venue, int asset) const {
  const auto found = reports_.find({venue, asset});
  Wide sum = 0;
  if (found != reports_.end()) {
    const auto& last = found->second.back();
    sum = last.free;
    for (const auto& traded : trades_)
      if (traded.number > last.number && venue_of(orders_[traded.order].ask.instrument) == venue)
        sum -= cost(traded, orders_[traded.order], asset);
  }
  for (const auto& order : orders_) {
    if (order.settled() || order.back || venue_of(order.ask.instrument) != venue
        || in_report(order, events_ + 1))
      continue;
    const int from = order.pays == Pays::base ? base_of(order.ask.instrument) : 0;
    if (from == asset)
      sum -= need(order.pays, order.remaining(), value_of(order.price, order.remaining()),
                  order.fee_e8);
  }
  return sum;
}

} // namespace tandem::tests::limits
