/// A desk with a journal in memory, two venues whose books stand at 100 / 101 and ports that only
/// remember, for the tests of this folder.
#pragma once

#include "core/orders/desk.hpp"
#include "tests/core/risk/gated.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tandem::tests {

class SilentLog final : public core::Log {
public:
  void write(core::LogLevel, std::string_view event,
             std::initializer_list<core::LogField>) override {
    events.emplace_back(event);
  }

  std::vector<std::string> events;
};

/// Keeps what is appended until its disk is full, and answers at once or when told.
class MemoryJournal final : public core::orders::Journal {
public:
  void append(const core::orders::Record& record,
              std::function<void(core::Status)> durable) override {
    append_first({&record, 1}, std::move(durable));
  }

  void append_first(std::span<const core::orders::Record> all,
                    std::function<void(core::Status)> durable) override {
    const bool refused = refuse_next > 0 && refuse_next-- > 0;
    const bool fits = !refused && records.size() + all.size() <= room;
    if (fits)
      records.insert(records.end(), all.begin(), all.end());
    core::Status status;
    if (!fits)
      status = core::fail(core::Errc::internal, "disk full", "journal");
    if (delayed)
      waiting.emplace_back(std::move(durable), std::move(status));
    else if (durable)
      durable(std::move(status));
  }

  [[nodiscard]] std::uint64_t epoch() const override { return 1; }

  void sync() {
    for (auto& [durable, status] : std::exchange(waiting, {}))
      if (durable)
        durable(status);
  }

  std::vector<core::orders::Record> records;
  std::size_t room = std::numeric_limits<std::size_t>::max();
  std::size_t refuse_next = 0; ///< so many calls
  bool delayed = false;
  std::vector<std::pair<std::function<void(core::Status)>, core::Status>> waiting;
};

struct Port final : core::orders::OrderPort {
  void send(const core::risk::ApprovedOrder& order) override {
    sent.push_back(order.intent());
    if (on_send)
      on_send();
  }

  void cancel(const core::orders::OrderIntent& intent, const std::string&) override {
    cancelled.push_back(intent.id.text());
  }

  void query(const core::orders::OrderIntent& intent, const std::string&, bool) override {
    queried.push_back(intent.id.text());
  }

  void cancel_all() override {}

  std::vector<core::orders::OrderIntent> sent;
  std::vector<std::string> cancelled, queried;
  std::function<void()> on_send;
};

class DeskWorld {
public:
  DeskWorld() {
    desk.add_listener([this](const core::orders::OrderUpdate& update) { heard.push_back(update); });
    for (const auto* venue : {"binance", "bybit"}) {
      open(desk, venue);
      desk.set_port(market(venue), &ports[venue], now);
    }
  }

  static core::MarketKey market(const std::string& venue) {
    return {core::VenueId{venue}, core::MarketType::spot};
  }

  static void open(core::orders::Desk& desk, const std::string& venue) {
    desk.with_gate([&](core::risk::Gate& gate) {
      gate.set_market(
          market(venue),
          {.open = true, .reason = {}, .account = venue, .clock_offset = 0ms, .allowed = {}});
      gate.set_fee(market(venue), core::Symbol{"BTCUSDT"}, {100'000});
      gate.set_balance(venue, "USDT", money("1000000"));
      gate.set_balance(venue, "BTC", money("1000"));
    });
  }

  [[nodiscard]] core::orders::OrderDraft draft(core::orders::Side side,
                                               const std::string& venue = "binance") {
    auto made = gated.order(side, Gated::key(venue)).draft;
    made.origin.pair = core::PairId{"pair"};
    made.origin.execution = 1;
    made.origin.purpose = core::orders::OrderPurpose::open;
    return made;
  }

  /// Buys at Binance and sells at Bybit.
  auto submit_pair() {
    const std::vector drafts{draft(core::orders::Side::buy),
                             draft(core::orders::Side::sell, "bybit")};
    const std::vector facts{fresh("binance"), fresh("bybit")};
    return desk.submit(drafts, facts, now);
  }

  core::orders::ClientOrderId submit(core::orders::TimeInForce tif
                                     = core::orders::TimeInForce::ioc) {
    auto one = draft(core::orders::Side::buy);
    one.tif = tif;
    const auto facts = fresh("binance");
    const auto ids = desk.submit({&one, 1}, {&facts, 1}, now);
    REQUIRE(ids.has_value());
    return ids->front();
  }

  [[nodiscard]] core::risk::MarketFacts fresh(const std::string& venue) const {
    auto facts = gated.facts(Gated::key(venue));
    facts.received_at = now.mono;
    return facts;
  }

  static core::orders::VenueOrder shown(const core::orders::ClientOrderId& id,
                                        core::orders::VenueStatus status,
                                        std::string_view cumulative) {
    return {.instrument = Gated::key(),
            .client_id = id.text(),
            .price = decimal("101"),
            .quantity = decimal("1"),
            .venue_order_id = "v" + id.text(),
            .status = status,
            .cumulative = decimal(cumulative),
            .reason = {},
            .venue_time = 5};
  }

  static core::orders::VenueFill fill(const core::orders::ClientOrderId& id,
                                      const std::string& trade, std::string_view quantity) {
    return {.instrument = Gated::key(),
            .client_id = id.text(),
            .venue_order_id = "v" + id.text(),
            .trade_id = trade,
            .price = decimal("101"),
            .quantity = decimal(quantity),
            .fee = money("0.1"),
            .fee_asset = "USDT",
            .venue_time = 5};
  }

  [[nodiscard]] core::orders::OrderState state(const core::orders::ClientOrderId& id) const {
    const auto order = desk.find(id);
    REQUIRE(order != nullptr);
    return order->state();
  }

  void wait(std::chrono::milliseconds time) {
    now.mono += time;
    now.wall += time;
  }

  static core::orders::DeskOptions options(std::uint64_t epoch = 1) {
    core::orders::DeskOptions made;
    made.engine = core::orders::EngineId{"test"};
    made.epoch = epoch;
    return made;
  }

  Gated gated;
  core::risk::Now now = gated.now;
  SilentLog log;
  MemoryJournal journal;
  std::map<std::string, Port> ports;
  core::orders::Desk desk{options(), {}, journal, log};
  std::vector<core::orders::OrderUpdate> heard;
};

} // namespace tandem::tests
