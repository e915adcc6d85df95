#include "adapters/venues/market_sinks.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tandem::adapters::venues {
namespace {

using core::market::BookCondition;
using core::market::DepthView;

/// A display needs no more than this; deciding consumers have slots.
constexpr std::chrono::milliseconds board_interval{50};

} // namespace

MarketSinks::Book& MarketSinks::book(const core::Symbol& symbol) {
  auto& book = books_[symbol];
  if (!book) {
    book = std::make_unique<Book>();
    book->board = board_.entry({market_.venue, market_.type, symbol});
    // A feed that was restarted goes on counting where the last one stopped.
    if (const auto last = book->board->view()) {
      book->version = last->version;
      book->generation = last->generation;
    }
  }
  return *book;
}

void MarketSinks::add_slot(const core::Symbol& symbol,
                           std::shared_ptr<core::market::DepthSlot> slot) {
  auto& slots = book(symbol).slots;
  if (std::find(slots.begin(), slots.end(), slot) == slots.end())
    slots.push_back(std::move(slot));
}

std::size_t MarketSinks::remove_slot(const core::Symbol& symbol,
                                     const std::shared_ptr<core::market::DepthSlot>& slot) {
  auto& slots = book(symbol).slots;
  std::erase(slots, slot);
  return slots.size();
}

void MarketSinks::stamp(const DepthView& head, DepthView& view) {
  view.condition = head.condition;
  view.venue_sequence = head.venue_sequence;
  view.version = head.version;
  view.generation = head.generation;
  view.venue_time = head.venue_time;
  view.received_at = head.received_at;
  if (view.instrument != head.instrument)
    view.instrument = head.instrument;
}

void MarketSinks::publish(Book& sinks, const core::market::OrderBook& book, DepthView& head,
                          core::MonoTime now) {
  head.version = ++sinks.version;
  head.generation = sinks.generation;
  for (const auto& slot : sinks.slots) {
    wait_for(slot->wake());
    DepthView& view = slot->write();
    stamp(head, view);
    core::market::copy_levels(book, slot->levels(), slot->cover(), view);
    slot->publish();
  }
  if (now - sinks.board_published_at >= board_interval)
    publish_board(sinks, book, head, now);
  else
    sinks.board_behind = true;
}

void MarketSinks::publish_board(Book& sinks, const core::market::OrderBook& book,
                                const DepthView& head, core::MonoTime now) {
  sinks.board_published_at = now;
  sinks.board_behind = false;
  auto view = std::make_shared<DepthView>();
  stamp(head, *view);
  core::market::copy_levels(book, core::market::depth_view_levels_max, core::Quantity{0}, *view);
  sinks.board->publish(std::move(view));
}

void MarketSinks::publish_condition(Book& sinks, BookCondition condition,
                                    const std::shared_ptr<const core::Instrument>& instrument,
                                    core::MonoTime now) {
  sinks.instrument = instrument;
  DepthView head;
  head.condition = condition;
  head.version = ++sinks.version;
  head.generation = sinks.generation;
  head.received_at = now;
  head.instrument = instrument;
  if (instrument)
    head.scale = instrument->scale;
  for (const auto& slot : sinks.slots) {
    wait_for(slot->wake());
    DepthView& view = slot->write();
    stamp(head, view);
    view.scale = head.scale;
    view.bid_count = 0;
    view.ask_count = 0;
    slot->publish();
  }
  sinks.board_behind = false;
  sinks.board_published_at = now;
  sinks.board->publish(std::make_shared<DepthView>(head));
}

void MarketSinks::all_down(core::MonoTime now) {
  for (auto& [symbol, sinks] : books_)
    publish_condition(*sinks, BookCondition::down, sinks->instrument, now);
}

} // namespace tandem::adapters::venues
