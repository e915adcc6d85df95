#include "adapters/venues/price_source.hpp"

#include <algorithm>
#include <cctype>
#include <span>
#include <utility>

namespace tandem::adapters::venues {
namespace {

using core::Errc;
using core::market::BookCondition;
using core::market::DepthView;

/// Symbols a client may keep in memory by asking for them; beyond, expired ones are dropped.
constexpr std::size_t entries_max = 5'000;
constexpr int levels_fetched = 50;

core::Result<std::uint8_t>
fill(std::span<const LevelText> texts, const core::Scale& scale,
     std::array<core::market::Level, core::market::depth_view_levels_max>& levels) {
  const auto count = std::min(texts.size(), levels.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto price = core::parse_scaled(texts[i].price, scale.price_decimals);
    const auto size = core::parse_scaled(texts[i].size, scale.quantity_decimals);
    if (!price)
      return tl::unexpected{price.error()};
    if (!size)
      return tl::unexpected{size.error()};
    if (*price <= 0 || *size <= 0)
      return core::fail(Errc::upstream_error, "a level without price or size");
    levels[i] = {core::Price{*price}, core::Quantity{*size}};
  }
  return static_cast<std::uint8_t>(count);
}

core::Result<std::shared_ptr<const DepthView>>
to_view(const DepthSnapshot& snapshot, const std::shared_ptr<const core::Instrument>& instrument,
        core::MonoTime received_at) {
  auto view = std::make_shared<DepthView>();
  view->condition = BookCondition::live;
  view->scale = instrument->scale;
  view->venue_sequence = snapshot.last_id;
  view->venue_time = snapshot.venue_time;
  view->received_at = received_at;
  view->instrument = instrument;
  const auto bids = fill(snapshot.bids, view->scale, view->bids_store);
  if (!bids)
    return tl::unexpected{bids.error()};
  const auto asks = fill(snapshot.asks, view->scale, view->asks_store);
  if (!asks)
    return tl::unexpected{asks.error()};
  view->bid_count = *bids;
  view->ask_count = *asks;
  return view;
}

std::string upper(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

} // namespace

PriceSource::PriceSource(std::shared_ptr<core::market::Board> board, std::vector<Source> sources,
                         core::Clocks clocks)
    : board_{std::move(board)}, clocks_{std::move(clocks)} {
  for (auto& source : sources)
    sources_.emplace(source.market->key(), std::move(source));
}

const PriceSource::Source* PriceSource::find(const core::MarketKey& key) const {
  const auto found = sources_.find(key);
  return found == sources_.end() ? nullptr : &found->second;
}

core::Result<std::shared_ptr<const core::Instrument>>
PriceSource::resolve(std::string_view exchange, std::string_view symbol,
                     std::string_view type) const {
  if (!type.empty() && type != "spot" && type != "linear")
    return core::fail(Errc::validation_error, "must be spot or linear", "type");
  const core::VenueId venue{std::string{exchange}};
  bool known_venue = false, loaded = false;
  for (const auto market_type : {core::MarketType::spot, core::MarketType::linear}) {
    if (!type.empty() && type != core::to_string(market_type))
      continue;
    const core::MarketKey key{venue, market_type};
    if (find(key) == nullptr)
      continue;
    known_venue = true;
    const auto table = board_->instruments(key);
    if (!table)
      continue;
    loaded = true;
    if (auto instrument = table->find(core::Symbol{upper(symbol)}))
      return instrument;
  }
  if (!known_venue)
    return core::fail(Errc::not_found,
                      "no exchange '" + std::string{exchange.substr(0, 64)}
                          + "' with such a market here",
                      "exchange");
  if (!loaded)
    return core::fail(Errc::exchange_unavailable,
                      "the instruments of " + venue.text() + " have not been read yet", "exchange");
  return core::fail(Errc::not_found,
                    venue.text() + " does not list '" + std::string{symbol.substr(0, 64)} + "'",
                    "symbol");
}

void PriceSource::get(std::shared_ptr<const core::Instrument> instrument, PriceCallback done) {
  if (const auto entry = board_->find(instrument->key)) {
    const auto view = entry->view();
    if (view && view->condition == BookCondition::live) {
      counters_.live.fetch_add(1, std::memory_order_relaxed);
      done(QuotedPrice{instrument->key, view,
                       view->venue_time != 0 ? view->venue_time : core::to_millis(clocks_.wall())});
      return;
    }
  }
  std::optional<QuotedPrice> cached;
  {
    const std::lock_guard lock{mutex_};
    const auto now = clocks_.mono();
    if (entries_.size() >= entries_max)
      std::erase_if(entries_, [&](const auto& item) {
        return item.second.waiting.empty() && item.second.expires_at < now;
      });
    auto& entry = entries_[instrument->key];
    if (entry.price.view && now < entry.expires_at) {
      cached = entry.price;
      entry.ttl.on_hit();
    } else {
      entry.waiting.push_back(done);
      if (entry.waiting.size() > 1)
        return;
    }
  }
  if (cached) {
    counters_.cached.fetch_add(1, std::memory_order_relaxed);
    done(std::move(*cached));
    return;
  }
  counters_.fetched.fetch_add(1, std::memory_order_relaxed);
  fetch(instrument);
}

void PriceSource::fetch(const std::shared_ptr<const core::Instrument>& instrument) {
  const auto* source = find(instrument->key.market());
  source->rest->get(
      source->market->rest().depth(instrument->key.symbol, levels_fetched), false,
      [weak = weak_from_this(), instrument](core::Result<transport::HttpResponse> reply) {
        if (const auto self = weak.lock())
          self->on_fetched(instrument, std::move(reply));
      });
}

void PriceSource::on_fetched(const std::shared_ptr<const core::Instrument>& instrument,
                             core::Result<transport::HttpResponse> reply) {
  const auto* source = find(instrument->key.market());
  const auto price
      = reply.and_then([&](const transport::HttpResponse& got) -> core::Result<QuotedPrice> {
          const auto snapshot = source->market->rest().parse_depth(got.body);
          if (!snapshot)
            return tl::unexpected{snapshot.error()};
          auto view = to_view(*snapshot, instrument, got.received_at);
          if (!view)
            return tl::unexpected{view.error()};
          return QuotedPrice{instrument->key, std::move(*view),
                             snapshot->venue_time != 0 ? snapshot->venue_time
                                                       : core::to_millis(clocks_.wall())};
        });
  std::vector<PriceCallback> waiting;
  {
    const std::lock_guard lock{mutex_};
    auto& entry = entries_[instrument->key];
    waiting.swap(entry.waiting);
    if (price) {
      entry.price = *price;
      const auto bids = price->view->bids();
      entry.expires_at
          = clocks_.mono() + entry.ttl.on_fetch(bids.empty() ? core::Price{} : bids.front().price);
    }
  }
  if (!price)
    counters_.failed.fetch_add(waiting.size(), std::memory_order_relaxed);
  else if (waiting.size() > 1)
    counters_.cached.fetch_add(waiting.size() - 1,
                               std::memory_order_relaxed); // one request for all
  for (const auto& done : waiting)
    done(price);
}

} // namespace tandem::adapters::venues
