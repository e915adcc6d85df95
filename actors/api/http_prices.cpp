/// Operations that read books and what else is known of an instrument.
#include "actors/api/http_handlers.hpp"
#include "adapters/traders/replies.hpp"
#include "messages/market.hpp"

#include <caf/send.hpp>

#include <memory>
#include <mutex>

namespace tandem::actors {
namespace {

using adapters::traders::JsonWriter;
using adapters::venues::QuotedPrice;
using core::Errc;

constexpr std::size_t levels_default = 20;

/// Collects a batch's answers in the order asked; the last one in sends them.
struct Batch {
  std::mutex mutex;
  std::vector<std::string> rows;
  std::size_t missing = 0;
};

} // namespace

namespace handlers {

void get_price(HttpSurface& impl, const HttpCall& call) {
  const auto& respond = call.respond;
  const auto levels
      = number_query(call.request, "depth", levels_default, core::market::depth_view_levels_max);
  if (!levels) {
    impl.fail(respond, levels.error());
    return;
  }
  const auto instrument
      = impl.prices->resolve(call.value(0), call.value(1),
                             adapters::transport::query_value(call.request, "type").value_or(""));
  if (!instrument) {
    impl.fail(respond, instrument.error());
    return;
  }
  impl.prices->get(*instrument, [self = impl.shared_from_this(), respond,
                                 levels = *levels](const core::Result<QuotedPrice>& price) {
    if (!price) {
      self->fail(respond, price.error());
      return;
    }
    JsonWriter out;
    adapters::traders::write_price(out, price->key, *price->view, levels, price->ts);
    self->ok(respond, out.text());
  });
}

void get_prices(HttpSurface& impl, const HttpCall& call) {
  const auto& respond = call.respond;
  const auto items = adapters::traders::parse_batch(call.request.body);
  if (!items) {
    impl.fail(respond, items.error());
    return;
  }
  auto batch_now = std::make_shared<Batch>();
  batch_now->rows.resize(items->size());
  batch_now->missing = items->size();
  const auto put
      = [self = impl.shared_from_this(), batch_now, respond](std::size_t index, std::string row) {
          std::string data;
          {
            const std::lock_guard lock{batch_now->mutex};
            batch_now->rows[index] = std::move(row);
            if (--batch_now->missing > 0)
              return;
            JsonWriter out;
            out.begin_array();
            for (const auto& done : batch_now->rows)
              out.raw(done);
            out.end_array();
            data = out.take();
          }
          self->ok(respond, data);
        };
  for (std::size_t i = 0; i < items->size(); ++i) {
    const auto& item = (*items)[i];
    const auto finish = [put, i, item](const core::Result<QuotedPrice>& price) {
      JsonWriter out;
      if (price)
        adapters::traders::write_price(out, price->key, *price->view, levels_default, price->ts);
      else
        adapters::traders::write_failed_price(out, item.exchange, item.symbol, price.error());
      put(i, out.take());
    };
    const auto instrument = impl.prices->resolve(item.exchange, item.symbol, item.type);
    if (instrument)
      impl.prices->get(*instrument, finish);
    else
      finish(tl::unexpected{instrument.error()});
  }
}

void get_market(HttpSurface& impl, const HttpCall& call) {
  const auto& respond = call.respond;
  const auto instrument
      = impl.prices->resolve(call.value(0), call.value(1),
                             adapters::transport::query_value(call.request, "type").value_or(""));
  if (!instrument) {
    impl.fail(respond, instrument.error());
    return;
  }
  JsonWriter out;
  adapters::traders::write_market(out, **instrument,
                                  impl.context->board->find((*instrument)->key).get());
  impl.ok(respond, out.text());
}

/// The whole book of a feed, to be compared with the venue's or a recording's.
void get_book(const HttpSelf& self, const HttpCall& call) {
  const auto impl = self.impl;
  const auto& respond = call.respond;
  const auto type = adapters::transport::query_value(call.request, "type").value_or("");
  const auto instrument = impl->prices->resolve(call.value(0), call.value(1), type);
  if (!instrument) {
    impl->fail(respond, instrument.error());
    return;
  }
  const auto key = (*instrument)->key;
  const auto feed
      = impl->context->directory->get<messages::FeedHandle>(messages::paths::feed(key.market()));
  if (!feed) {
    impl->fail(respond, {Errc::exchange_unavailable, "not running at the moment",
                         messages::paths::feed(key.market())});
    return;
  }
  caf::anon_send(
      feed, messages::ReadBook{
                key.symbol, [impl, respond, key](const std::optional<messages::WholeBook>& book) {
                  if (!book) {
                    impl->fail(respond, {Errc::not_found,
                                         "no book is kept of " + core::to_string(key), "symbol"});
                    return;
                  }
                  JsonWriter out;
                  adapters::traders::write_book(out, key, book->condition, book->scale,
                                                book->last_id, book->bids, book->asks);
                  impl->ok(respond, out.text());
                }});
}

} // namespace handlers

} // namespace tandem::actors
