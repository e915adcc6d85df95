#include "adapters/venues/paper_link.hpp"

#include <utility>

namespace tandem::adapters::venues {
namespace {

/// How often resting orders look at their books.
constexpr std::chrono::milliseconds look_interval{100};

} // namespace

PaperLink::PaperLink(core::MarketKey market, PaperTools tools,
                     std::shared_ptr<core::orders::PaperMarket> paper, core::orders::Desk& desk)
    : market_{std::move(market)}, tools_{std::move(tools)}, paper_{std::move(paper)}, desk_{desk} {}

std::shared_ptr<PaperLink> PaperLink::open(core::MarketKey market, PaperTools tools,
                                           std::shared_ptr<core::orders::PaperMarket> paper,
                                           core::orders::Desk& desk) {
  auto& strand = *tools.strand;
  std::shared_ptr<PaperLink> link{
      new PaperLink{std::move(market), std::move(tools), std::move(paper), desk}};
  strand.post([link] {
    link->publish();
    link->arm_timer();
  });
  return link;
}

core::risk::Now PaperLink::now() const {
  return {tools_.clocks.mono(), tools_.clocks.wall()};
}

void PaperLink::stop() {
  tools_.strand->post([self = shared_from_this()] { self->over_ = true; });
}

PaperLink::Account PaperLink::account() const {
  const std::lock_guard lock{mutex_};
  return account_;
}

void PaperLink::publish() {
  Account account{paper_->assets(), paper_->positions()};
  const std::lock_guard lock{mutex_};
  account_ = std::move(account);
}

// ---- orders
// ---------------------------------------------------------------------------------------------------------

void PaperLink::send(const core::risk::ApprovedOrder& order) {
  tools_.strand->post(
      [self = shared_from_this(), intent = order.intent()] { self->intercept(intent); });
}

void PaperLink::intercept(const core::orders::OrderIntent& intent) {
  const auto refuse = [&](const core::Error& why) { desk_.on_refused(intent.id, why, now()); };
  if (over_)
    return refuse({core::Errc::exchange_unavailable, "the order gateway is closed", {}});
  const auto at = now();
  const auto offset = tools_.board->clock_offset(market_, at.mono, at.wall)
                          .value_or(std::chrono::milliseconds{0});
  const Stamp stamp{core::to_millis(at.wall) + offset.count(), tools_.recv_window};
  if (const auto made = tools_.trading->place(intent, tools_.keys->get(market_.venue), stamp);
      !made)
    return refuse(made.error());
  const auto entry = tools_.board->find(intent.draft.instrument);
  const auto view = entry ? entry->view() : nullptr;
  if (!view)
    return refuse({core::Errc::exchange_unavailable, "no book to fill against", {}});
  const auto news = paper_->place(intent, *view, core::to_millis(now().wall));
  if (!news)
    return refuse(news.error());
  tools_.log->write(core::LogLevel::info, "order_intercepted",
                    {{"exchange", core::to_string(market_)},
                     {"client_order_id", intent.id.text()},
                     {"order_id", news->order.venue_order_id}});
  if (tools_.order_left)
    tools_.order_left(intent.draft.origin.pair);
  desk_.on_accepted(intent.id, news->order.venue_order_id, news->order.venue_time, now());
  tell(*news);
}

void PaperLink::tell(const core::orders::PaperNews& news) {
  publish();
  for (const auto& fill : news.fills)
    desk_.on_fill(fill, now());
  desk_.on_order(news.order, now());
}

void PaperLink::cancel(const core::orders::OrderIntent& intent, const std::string&) {
  tools_.strand->post([self = shared_from_this(), id = intent.id] {
    const auto asked_at = self->tools_.clocks.mono();
    const auto order = self->paper_->cancel(id, core::to_millis(self->now().wall));
    self->publish();
    if (order)
      self->desk_.on_order(*order, self->now());
    else
      self->on_unknown(id, asked_at);
  });
}

/// What an earlier run kept on paper ended with it.
void PaperLink::on_unknown(const core::orders::ClientOrderId& id, core::MonoTime asked_at) {
  const auto order = desk_.find(id);
  if (!order || order->state() != core::orders::OrderState::working)
    return desk_.on_not_found(id, asked_at, now());
  const auto& draft = order->intent().draft;
  const auto decimals = draft.scale.quantity_decimals;
  desk_.on_order({.instrument = draft.instrument,
                  .client_id = id.text(),
                  .side = draft.side,
                  .type = draft.type,
                  .tif = draft.tif,
                  .price = {draft.price.units, draft.scale.price_decimals},
                  .quantity = {draft.quantity.units, decimals},
                  .venue_order_id = order->venue_order_id(),
                  .status = core::orders::VenueStatus::cancelled,
                  .cumulative = core::Decimal{order->filled().units, decimals},
                  .reason = "it was on the paper of an earlier run",
                  .venue_time = core::to_millis(now().wall)},
                 now());
}

void PaperLink::query(const core::orders::OrderIntent& intent, const std::string&, bool) {
  tools_.strand->post([self = shared_from_this(), id = intent.id] {
    if (const auto order = self->paper_->find(id))
      self->desk_.on_order(*order, self->now());
    else
      self->on_unknown(id, self->tools_.clocks.mono());
  });
}

void PaperLink::cancel_all() {
  tools_.strand->post([self = shared_from_this()] {
    for (const auto& order : self->desk_.unsettled(self->market_))
      self->cancel(order->intent(), {});
  });
}

// ---- time
// ----------------------------------------------------------------------------------------------------------

void PaperLink::arm_timer() {
  tools_.strand->post_after(look_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over_)
      return;
    self->on_timer();
    self->arm_timer();
  });
}

void PaperLink::on_timer() {
  for (const auto& key : paper_->resting()) {
    const auto entry = tools_.board->find(key);
    const auto view = entry ? entry->view() : nullptr;
    if (!view)
      continue;
    for (const auto& news : paper_->on_book(*view, core::to_millis(now().wall)))
      tell(news);
  }
}

} // namespace tandem::adapters::venues
