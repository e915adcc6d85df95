/// Operations on the exchanges' keys. No answer shows one.
#include "actors/api/http_handlers.hpp"
#include "adapters/traders/settings.hpp"
#include "messages/orders.hpp"

#include <caf/send.hpp>

#include <map>
#include <memory>
#include <set>
#include <utility>

namespace tandem::actors {
namespace {

using adapters::traders::ApiKeyChange;
using adapters::traders::JsonWriter;
using core::Errc;

/// venue -> all its markets trade with its key at this moment
using Connected = std::map<core::VenueId, bool>;

/// Asks every market's gateway of these venues; a venue without keys is not connected.
void ask_connected(const HttpSelf& self, const std::set<core::VenueId>& venues,
                   std::function<void(const Connected&)> done) {
  auto& impl = *self.impl;
  auto answers = std::make_shared<Connected>();
  std::vector<std::pair<core::VenueId, messages::OrderGatewayHandle>> gateways;
  for (const auto& market : impl.options.markets) {
    const auto& key = market.market->key();
    if (!venues.contains(key.venue))
      continue;
    const auto gateway = impl.context->directory->get<messages::OrderGatewayHandle>(
        messages::paths::order_gateway(key));
    auto& good = answers->emplace(key.venue, true).first->second;
    if (gateway)
      gateways.emplace_back(key.venue, gateway);
    else
      good = false;
  }
  const auto missing = std::make_shared<std::size_t>(gateways.size());
  if (gateways.empty())
    return done(*answers);
  const auto answer
      = [answers, missing, done = std::move(done)](const core::VenueId& venue, bool connected) {
          if (!connected)
            (*answers)[venue] = false;
          if (--*missing == 0)
            done(*answers);
        };
  for (const auto& [venue, gateway] : gateways)
    self.actor->request(gateway, actor_timeout, messages::GetAccount{})
        .then([answer, venue = venue](
                  const messages::AccountSnapshot& one) { answer(venue, one.connected); },
              [answer, venue = venue](const caf::error&) { answer(venue, false); });
}

/// The simulator's keys are published; a live one has no business in mode mock.
core::Status fits_mode(const HttpSurface& impl, const ApiKeyChange& change) {
  if (impl.context->mode != "mock" || !change.key || change.key->api_key.starts_with("mock-"))
    return {};
  return core::fail(Errc::validation_error,
                    "mode mock takes only the simulator's keys, which begin with mock-",
                    change.venue.text() + ".apiKey");
}

core::Status take_over(const HttpSurface& impl, const ApiKeyChange& change) {
  const auto& trading = *impl.options.trading;
  if (!change.key) {
    if (const auto removed = trading.vault->remove(change.venue); !removed)
      return removed;
    trading.keys->remove(change.venue);
    return {};
  }
  const adapters::venues::StoredKey key{change.key->api_key, change.key->secret,
                                        change.key->passphrase};
  auto ready = adapters::venues::credentials_of(key);
  if (!ready)
    return core::fail(Errc::validation_error, ready.error().detail,
                      change.venue.text() + ".secret");
  if (const auto stored = trading.vault->put(change.venue, key); !stored)
    return stored;
  trading.keys->put(change.venue, *std::move(ready));
  return {};
}

void tell_markets(const HttpSurface& impl, const core::VenueId& venue) {
  const auto& directory = *impl.context->directory;
  for (const auto& market : impl.options.markets) {
    const auto& key = market.market->key();
    if (key.venue != venue)
      continue;
    // The gateway first: what it reads with the old keys counts no more when the stream is back.
    if (const auto gateway
        = directory.get<messages::OrderGatewayHandle>(messages::paths::order_gateway(key)))
      caf::anon_send(gateway, messages::KeysChanged{});
    if (const auto feed
        = directory.get<messages::PrivateFeedHandle>(messages::paths::private_feed(key)))
      caf::anon_send(feed, messages::KeysChanged{});
  }
}

bool has_vault(HttpSurface& impl, const HttpCall& call) {
  if (impl.options.trading->vault)
    return true;
  impl.fail(call.respond, {Errc::exchange_unavailable, "this engine keeps no keys", {}});
  return false;
}

} // namespace

std::set<core::VenueId> venues_of(const HttpSurface& impl) {
  std::set<core::VenueId> venues;
  for (const auto& market : impl.options.markets)
    venues.insert(market.market->key().venue);
  return venues;
}

namespace handlers {

void get_api_keys(const HttpSelf& self, const HttpCall& call) {
  if (!has_vault(*self.impl, call))
    return;
  ask_connected(self, venues_of(*self.impl),
                [self, respond = call.respond](const Connected& connected) {
                  JsonWriter out;
                  out.begin_object();
                  for (const auto& [venue, good] : connected)
                    out.key(venue.text()).begin_object().field("connected", good).end_object();
                  out.end_object();
                  self.impl->ok(respond, out.text());
                });
}

void put_api_keys(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  if (!has_vault(impl, call))
    return;
  auto changes = adapters::traders::parse_api_keys(call.request.body);
  if (!changes)
    return impl.fail(call.respond, changes.error());
  const auto venues = venues_of(impl);
  // All are looked at before the first is taken.
  for (const auto& change : *changes) {
    if (!venues.contains(change.venue))
      return impl.fail(call.respond, {Errc::validation_error, "is no exchange of this engine",
                                      change.venue.text()});
    if (const auto fits = fits_mode(impl, change); !fits)
      return impl.fail(call.respond, fits.error());
  }
  for (const auto& change : *changes) {
    if (const auto applied = take_over(impl, change); !applied)
      return impl.fail(call.respond, applied.error());
    impl.context->log->write(core::LogLevel::info,
                             change.key ? "api_key_stored" : "api_key_removed",
                             {{"exchange", change.venue.text()}});
    tell_markets(impl, change.venue);
  }
  impl.ok(call.respond, {});
}

void test_api_keys(const HttpSelf& self, const HttpCall& call) {
  auto& impl = *self.impl;
  if (!has_vault(impl, call))
    return;
  const auto venue = adapters::traders::parse_key_test(call.request.body);
  if (!venue)
    return impl.fail(call.respond, venue.error());
  if (!venues_of(impl).contains(*venue))
    return impl.fail(call.respond,
                     {Errc::validation_error, "is no exchange of this engine", "exchange"});
  ask_connected(self, {*venue},
                [self, venue = *venue, respond = call.respond](const Connected& connected) {
                  JsonWriter out;
                  out.begin_object().field("connected", connected.at(venue)).end_object();
                  self.impl->ok(respond, out.text());
                });
}

} // namespace handlers

} // namespace tandem::actors
