/// A market session in virtual time: frames as the venues send them go in, a recording port and
/// recording slots show what comes out.
#pragma once

#include "adapters/venues/market_session.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::tests {

using namespace std::chrono_literals;

inline const core::MarketKey binance_spot{core::VenueId{"binance"}, core::MarketType::spot};
inline const core::MarketKey binance_linear{core::VenueId{"binance"}, core::MarketType::linear};
inline const core::MarketKey bybit_spot{core::VenueId{"bybit"}, core::MarketType::spot};

/// @param decimals of price and quantity.
inline std::shared_ptr<const core::Instrument> make_instrument(const core::MarketKey& market,
                                                               const std::string& symbol,
                                                               std::int8_t decimals = 2) {
  core::Instrument made;
  made.key = {market.venue, market.type, core::Symbol{symbol}};
  made.base = symbol.substr(0, 3);
  made.quote = "USDT";
  made.status = core::InstrumentStatus::trading;
  made.scale = {decimals, 3};
  return std::make_shared<const core::Instrument>(std::move(made));
}

/// Keeps every request of a session.
class RecordingPort final : public adapters::venues::SessionPort {
public:
  struct Fetch {
    std::string symbol;
    std::uint32_t generation = 0;
    std::chrono::milliseconds delay{0};
  };

  struct Change {
    std::string symbol;
    core::market::BookCondition condition;
    core::Error why;
  };

  void send(std::string text) override { sent.push_back(std::move(text)); }

  void ping() override { ++pings; }

  void give_up(core::Error why) override { given_up.push_back(std::move(why)); }

  void fetch_snapshot(const core::Symbol& symbol, std::uint32_t generation,
                      std::chrono::milliseconds delay) override {
    fetches.push_back({symbol.text(), generation, delay});
  }

  void book_changed(const core::Symbol& symbol, core::market::BookCondition condition,
                    const core::Error& why) override {
    changes.push_back({symbol.text(), condition, why});
  }

  void all_live() override { ++all_live_count; }

  void refused(const adapters::venues::Stream& stream, const core::Error& why) override {
    refusals.emplace_back(stream.symbol.text(), why);
  }

  void malformed(std::string_view frame, const core::Error&) override {
    bad_frames.emplace_back(frame);
  }

  void shutdown_soon() override { ++shutdowns; }

  void top_differs(const core::Symbol& symbol, const core::Error& why) override {
    differing.emplace_back(symbol.text(), why);
  }

  std::uint64_t random() override { return 0; }

  std::vector<std::string> sent;
  std::vector<core::Error> given_up;
  std::vector<Fetch> fetches;
  std::vector<Change> changes;
  std::vector<std::pair<std::string, core::Error>> refusals;
  std::vector<std::pair<std::string, core::Error>> differing;
  std::vector<std::string> bad_frames;
  int pings = 0, all_live_count = 0, shutdowns = 0;
};

/// A consumer that looks after every wake-up and keeps what it saw.
class RecordingSlot {
public:
  RecordingSlot()
      : wake_{std::make_shared<core::market::WakeFlag>([this] { look(); })},
        slot{std::make_shared<core::market::DepthSlot>(50, core::Quantity{0}, wake_)} {}

  RecordingSlot(const RecordingSlot&) = delete;
  RecordingSlot& operator=(const RecordingSlot&) = delete;

  void look() {
    wake_->begin();
    bool changed = false;
    const auto& view = slot->read(changed);
    if (changed)
      seen.push_back(view);
    wake_->end();
  }

  [[nodiscard]] const core::market::DepthView& last() const {
    REQUIRE_FALSE(seen.empty());
    return seen.back();
  }

  /// "down" before the first publication, like the slot itself.
  [[nodiscard]] core::market::BookCondition condition() const {
    return seen.empty() ? core::market::BookCondition::down : seen.back().condition;
  }

private:
  std::shared_ptr<core::market::WakeFlag> wake_;

public:
  std::shared_ptr<core::market::DepthSlot> slot;
  std::vector<core::market::DepthView> seen;
};

/// One connection of one market.
class SessionWorld {
public:
  using Stream = adapters::venues::Stream;
  using Channel = adapters::venues::Channel;
  using Condition = core::market::BookCondition;

  explicit SessionWorld(const core::MarketKey& key, adapters::venues::SessionLimits limits = {})
      : market{adapters::venues::make_market(key, {})},
        sinks{std::make_shared<adapters::venues::MarketSinks>(board, key)},
        session{make(limits, true)} {}

  [[nodiscard]] std::unique_ptr<adapters::venues::MarketSession>
  make(adapters::venues::SessionLimits limits, bool publishing) {
    return std::make_unique<adapters::venues::MarketSession>(*market, limits, port, sinks, counters,
                                                             publishing);
  }

  void watch(const std::string& symbol, RecordingSlot& slot) {
    sinks->add_slot(core::Symbol{symbol}, slot.slot);
    add(symbol);
  }

  void add(const std::string& symbol, Channel channel = Channel::depth) {
    session->add({channel, core::Symbol{symbol}, {}}, make_instrument(market->key(), symbol), now);
  }

  void open() { session->on_open(now); }

  void text(const std::string& frame) { text(*session, frame); }

  void text(adapters::venues::MarketSession& to, const std::string& frame) const {
    auto padded = frame + std::string(64, '\0');
    to.on_text(std::string_view{padded}.substr(0, frame.size()), now);
  }

  /// Time passes in steps of the link's timer.
  void pass(std::chrono::milliseconds span, bool pongs = true) {
    const auto end = now + span;
    while (now < end) {
      now += std::min<std::chrono::nanoseconds>(25ms, end - now);
      session->on_timer(now);
      if (pongs && port.pings > answered) {
        answered = port.pings;
        session->on_control(now);
      }
    }
  }

  /// Answers the latest snapshot request of a symbol.
  void snapshot(const std::string& symbol, const core::Result<std::string>& body) {
    const auto asked = std::find_if(port.fetches.rbegin(), port.fetches.rend(),
                                    [&](const auto& fetch) { return fetch.symbol == symbol; });
    REQUIRE(asked != port.fetches.rend());
    session->on_snapshot(core::Symbol{symbol}, asked->generation, padded(body), now);
  }

  static core::Result<std::string> padded(core::Result<std::string> body) {
    if (body)
      body->reserve(body->size() + 64);
    return body;
  }

  [[nodiscard]] std::shared_ptr<const core::market::DepthView> shown(const std::string& symbol) {
    const auto entry = board.find({market->key().venue, market->key().type, core::Symbol{symbol}});
    return entry ? entry->view() : nullptr;
  }

  core::MonoTime now{std::chrono::hours{1}};
  core::market::Board board;
  RecordingPort port;
  std::unique_ptr<adapters::venues::Market> market;
  std::shared_ptr<adapters::venues::MarketSinks> sinks;
  std::shared_ptr<adapters::venues::SessionCounters> counters
      = std::make_shared<adapters::venues::SessionCounters>();
  std::unique_ptr<adapters::venues::MarketSession> session;
  int answered = 0;
};

/// Binance spot's diff event behind the combined-stream envelope.
inline std::string spot_depth(const std::string& symbol, std::uint64_t first, std::uint64_t last,
                              const std::string& bids, const std::string& asks) {
  return fmt::format(
      R"({{"stream":"x@depth@100ms","data":{{"e":"depthUpdate","E":1700000000000,"s":"{}","U":{},"u":{},"b":[{}],"a":[{}]}}}})",
      symbol, first, last, bids, asks);
}

/// Binance's REST depth.
inline std::string rest_depth(std::uint64_t last, const std::string& bids,
                              const std::string& asks) {
  return fmt::format(R"({{"lastUpdateId":{},"bids":[{}],"asks":[{}]}})", last, bids, asks);
}

inline std::string bybit_depth(const std::string& symbol, bool snapshot, std::uint64_t id,
                               const std::string& bids, const std::string& asks) {
  return fmt::format(
      R"({{"topic":"orderbook.50.{}","type":"{}","ts":1700000000000,"data":{{"s":"{}","b":[{}],"a":[{}],"u":{},"seq":7}},"cts":1700000000000}})",
      symbol, snapshot ? "snapshot" : "delta", symbol, bids, asks, id);
}

} // namespace tandem::tests
