/// The log of an order's life: one id joins what belongs together, and an end is never silent.
#include "actors/sinks/order_log.hpp"

#include "core/orders/decision.hpp"
#include "tests/core/orders/orders.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

namespace {

using namespace tandem;
using namespace tandem::tests;
using namespace std::chrono_literals;
using core::LogLevel;
using core::orders::VenueStatus;

constexpr std::optional<core::orders::Fill> nothing;

struct Line {
  LogLevel level{};
  std::string event;
  std::map<std::string, std::string> fields;
};

class LineLog final : public core::Log {
public:
  void write(LogLevel level, std::string_view event,
             std::initializer_list<core::LogField> fields) override {
    Line line{level, std::string{event}, {}};
    for (const auto& field : fields)
      line.fields.emplace(field.key, field.value);
    lines.push_back(std::move(line));
  }

  std::vector<Line> lines;
};

/// What is logged of an order of pair "btc", execution 12, after `what` happened to it, which says
/// what fill counted now.
template <class What>
Line logged(What what) {
  auto draft = intent();
  draft.created_at = 1'000;
  draft.draft.origin.pair = core::PairId{"btc"};
  draft.draft.origin.execution = 12;
  core::orders::Order order{draft};
  order.on_sent(at(0ms));
  core::orders::OrderUpdate update;
  update.before = order.state();
  update.fill = what(order);
  update.order = std::make_shared<const core::orders::Order>(order);
  LineLog log;
  actors::log_order(log, update, 1'250);
  REQUIRE(log.lines.size() == 1);
  return log.lines.front();
}

TEST_CASE("a fill is told with the decision that it belongs to and its latency") {
  const auto line = logged([](auto& order) {
    order.on_fill(fill("1", 1'000));
    return std::optional{fill("1", 1'000)};
  });
  CHECK(line.level == LogLevel::info);
  CHECK(line.event == "order_filled");
  CHECK(line.fields.at("decision") == "btc:12");
  CHECK(line.fields.at("pairId") == "btc");
  CHECK(line.fields.at("exchange") == "binance");
  CHECK(line.fields.at("symbol") == "BTCUSDT");
  CHECK(line.fields.at("filled") == "1");
  CHECK(line.fields.at("latency_ms") == "250");
  CHECK(line.fields.at("success") == "true");
}

TEST_CASE("a refusal is a warning with its reason") {
  const auto line = logged([](auto& order) {
    order.on_refused({core::Errc::insufficient_funds, "no money", "binance"});
    return nothing;
  });
  CHECK(line.level == LogLevel::warning);
  CHECK(line.event == "order_failed");
  CHECK(line.fields.at("success") == "false");
  CHECK_FALSE(line.fields.at("error_code").empty());
}

TEST_CASE("an end without a fill is a failure, one with a fill is none") {
  const auto empty = logged([](auto& order) {
    order.on_report(report(VenueStatus::expired, 0));
    return nothing;
  });
  CHECK(empty.event == "order_failed");
  const auto part = logged([](auto& order) {
    order.on_fill(fill("1", 400));
    order.on_report(report(VenueStatus::expired, 400));
    return nothing; // the fill was told before
  });
  CHECK(part.level == LogLevel::debug);
  CHECK(part.fields.at("filled") == "0.4");
}

TEST_CASE("what is only on its way is told to those who debug") {
  const auto line = logged([](auto& order) {
    order.on_accepted("v1", 1'100);
    return nothing;
  });
  CHECK(line.level == LogLevel::debug);
}

TEST_CASE("an order of a plan is called after it, one by hand after nothing") {
  core::orders::OrderOrigin origin;
  origin.plan = "twap";
  origin.execution = 3;
  CHECK(core::orders::decision_of(origin) == "twap:3");
  CHECK(core::orders::decision_of({}).empty());
}

} // namespace
