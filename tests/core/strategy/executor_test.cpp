// One execution after the other: what the executor hands on between them, and what it does when
// one that was over moves again.
#include "core/strategy/executor.hpp"

#include "tests/core/orders/desk_world.hpp"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace tandem::core;
using namespace tandem::core::strategy;
using namespace tandem::tests;

namespace {

/// Buys at Binance, sells at Bybit; Bybit trades in lots of 0.1 and Binance in nothing smaller, so
/// that what is below stays open.
class ExecutorWorld : public DeskWorld {
public:
  ExecutorWorld() {
    limits.legs.close_tries = 0;
    limits.gap = 0ms;
    pair.id = PairId{"pair"};
    pair.leg1 = Gated::key("binance");
    pair.leg2 = Gated::key("bybit");
    pair.quantity = decimal("1");
    books_[0] = shown("binance", {{"99.99", "50"}}, {{"100.00", "50"}});
    books_[1] = shown("bybit", {{"100.50", "50"}}, {{"100.51", "50"}});
    start_executor();
  }

  void start_executor() {
    executor.emplace(pair, limits, desk, book);
    executor->resume(now);
  }

  [[nodiscard]] LegBooks books() {
    for (auto& one : books_)
      one.received_at = now.mono;
    return {&books_[0], &books_[1]};
  }

  /// Both legs go out and fill as far as told, in thousandths.
  ExecutionState execute(std::int64_t bought, std::int64_t sold) {
    wait(60s);
    const auto spread = executable_spread(direction_, books_[0], books_[1], Quantity{1'000},
                                          {FeeRate{100'000}, FeeRate{100'000}});
    REQUIRE(spread.has_value());
    const auto begun = executor->execute(*spread, books(), {}, now);
    REQUIRE_MESSAGE(!begun.refusal, begun.refusal->detail);
    const auto state = *book.last(pair.id);
    REQUIRE(state.legs[0].ids.size() == 1);
    REQUIRE(state.legs[1].ids.size() == 1);
    const std::size_t buys = state.legs[0].side == orders::Side::buy ? 0 : 1;
    const auto& buy = state.legs.at(buys).ids[0];
    const auto& sell = state.legs.at(1 - buys).ids[0];
    fill(buy, bought);
    fill(sell, sold);
    end(buy, bought);
    end(sell, sold);
    return *book.last(pair.id);
  }

  void fill(const orders::ClientOrderId& id, std::int64_t thousandths) {
    fill_unheard(id, thousandths);
    hear();
  }

  void fill_unheard(const orders::ClientOrderId& id, std::int64_t thousandths) {
    auto one = DeskWorld::fill(id, "t" + std::to_string(++trades_), "1");
    one.instrument = desk.find(id)->intent().draft.instrument;
    one.quantity = {thousandths, 3};
    one.price = desk.find(id)->intent().draft.side == orders::Side::buy ? decimal("100")
                                                                        : decimal("100.5");
    REQUIRE(desk.on_fill(one, now));
  }

  void end(const orders::ClientOrderId& id, std::int64_t thousandths) {
    auto one = DeskWorld::shown(
        id, thousandths == 1'000 ? orders::VenueStatus::filled : orders::VenueStatus::expired, "0");
    one.instrument = desk.find(id)->intent().draft.instrument;
    one.cumulative = {thousandths, 3};
    desk.on_order(one, now);
    hear();
  }

  void hear() {
    for (const auto& update : std::exchange(heard, {})) {
      auto news = executor->on_order(*update.order, books(), now);
      if (news.stranded_late)
        late = news.stranded_late;
    }
  }

  /// The pair is another one: it was changed.
  void swap_legs() {
    std::swap(pair.leg1, pair.leg2);
    std::swap(books_[0], books_[1]);
    direction_ = Direction::leg1_sell_leg2_buy;
  }

  [[nodiscard]] std::string paused() {
    std::string reason;
    desk.with_gate(
        [&](const risk::Gate& gate) { reason = gate.held(pair.id.text(), VenueId{"binance"}); });
    return reason;
  }

  static std::string text(const Decimal& amount) { return to_string(to_money(amount)); }

  PairConfig pair;
  ExecutorLimits limits;
  ExecutionBook book;
  std::optional<Executor> executor;
  std::optional<ExecutionState> late;

private:
  static market::DepthView shown(const std::string& venue, const LevelTexts& bids,
                                 const LevelTexts& asks) {
    auto view = tandem::tests::book(cents, bids, asks);
    auto listed = Gated::listed(Gated::key(venue));
    listed.lot = {100};
    view.instrument = std::make_shared<const Instrument>(std::move(listed));
    return view;
  }

  std::array<market::DepthView, 2> books_;
  Direction direction_ = Direction::leg1_buy_leg2_sell;
  int trades_ = 0;
};

} // namespace

TEST_CASE_FIXTURE(ExecutorWorld,
                  "what is left below a lot adds up until it is one, then the pair is paused") {
  CHECK(text(execute(1'000, 960).residual) == "0.04");
  CHECK(paused().empty());
  start_executor(); // another monitor, as after a restart: it goes on from the book
  const auto second = execute(1'000, 960);
  CHECK(text(second.carried) == "0.04");
  CHECK(text(second.residual) == "0.08");
  CHECK(second.phase == ExecutionPhase::done);
  CHECK(paused().empty());
  const auto third = execute(1'000, 960);
  CHECK(third.phase == ExecutionPhase::stranded);
  CHECK(text(third.residual) == "0.12");
  CHECK(paused().find("0.12") != std::string::npos);
}

TEST_CASE_FIXTURE(ExecutorWorld, "what a person let go is not carried on") {
  REQUIRE(execute(1'000, 500).phase == ExecutionPhase::stranded);
  desk.pause(pair.id.text(), "residual", "", now);
  CHECK(text(execute(1'000, 960).residual) == "0.04");
}

TEST_CASE_FIXTURE(ExecutorWorld, "nothing is carried to other instruments") {
  REQUIRE(text(execute(1'000, 960).residual) == "0.04");
  swap_legs();
  start_executor();
  CHECK(text(execute(1'000, 960).residual) == "0.04");
}

TEST_CASE_FIXTURE(ExecutorWorld,
                  "a fill that nobody heard, of an execution before the last, pauses "
                  "the pair that goes on with it") {
  const auto first = execute(960, 960);
  execute(1'000, 1'000);
  executor.reset(); // deleted, or fallen
  fill_unheard(first.legs[0].ids[0], 40);
  CHECK(paused().empty());
  start_executor();
  CHECK(paused().find("execution 1 has 0.04 open") != std::string::npos);
  CHECK(book.find(pair.id, first.number)->phase == ExecutionPhase::stranded);
  desk.pause(pair.id.text(), "residual", "", now);
  start_executor();
  CHECK_MESSAGE(paused().empty(), "a person knows of it");
}

TEST_CASE_FIXTURE(ExecutorWorld,
                  "a fill of an execution of which not all orders are known any more "
                  "pauses the pair, once") {
  auto first = execute(960, 960);
  execute(1'000, 1'000);
  first.legs[1].ids.emplace_back("forgotten");
  book.put(first);
  fill(first.legs[0].ids[0], 20);
  REQUIRE(late.has_value());
  CHECK(late->reason.find("not all of its orders") != std::string::npos);
  CHECK_FALSE(paused().empty());
  late.reset();
  fill(first.legs[0].ids[0], 20);
  CHECK_MESSAGE(!late, "a person knows that this execution is not what it was");
}

TEST_CASE_FIXTURE(ExecutorWorld, "a fill of an execution before the last pauses the pair") {
  const auto first = execute(1'000, 1'000);
  const auto short_one = execute(960, 960);
  execute(1'000, 1'000);
  fill(short_one.legs[0].ids[0], 40);
  REQUIRE(late.has_value());
  CHECK(late->number == short_one.number);
  CHECK(late->phase == ExecutionPhase::stranded);
  CHECK(text(late->residual) == "0.04");
  CHECK(paused().find("execution 2 has 0.04 open") != std::string::npos);
  CHECK(book.find(pair.id, short_one.number)->phase == ExecutionPhase::stranded);
  CHECK(book.find(pair.id, first.number)->phase == ExecutionPhase::done);
  late.reset();
  end(first.legs[0].ids[0], 1'000);
  CHECK_MESSAGE(!late, "news of an order without a fill are none of its execution");
}
