#include "apps/tandem/lab_orders.hpp"

#include "adapters/venues/trading.hpp"
#include "apps/tandem/engine.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

namespace tandem::apps {
namespace {

namespace json = boost::json;
namespace venues = adapters::venues;
using core::orders::OrderType;
using core::orders::Side;
using core::orders::TimeInForce;

/// Null, with the reason on `errors`.
std::unique_ptr<venues::Trading> trading_of(const std::string& venue, const std::string& type,
                                            std::ostream& errors) {
  if (type != "spot" && type != "linear") {
    errors << "lab: --type is spot or linear, not '" << type << "'\n";
    return nullptr;
  }
  auto made = venues::make_trading(
      {core::VenueId{venue}, type == "spot" ? core::MarketType::spot : core::MarketType::linear});
  if (!made)
    errors << "lab: --venue is binance or bybit, not '" << venue << "'\n";
  return made;
}

std::optional<TimeInForce> tif_of(std::string_view word) {
  for (const auto tif :
       {TimeInForce::gtc, TimeInForce::ioc, TimeInForce::fok, TimeInForce::post_only})
    if (core::orders::to_string(tif) == word)
      return tif;
  return std::nullopt;
}

core::Result<core::orders::OrderIntent> intent_of(const LabRequestOptions& options) {
  const auto wrong = [](std::string what) {
    return core::fail(core::Errc::validation_error, std::move(what), "lab request");
  };
  const auto tif = tif_of(options.tif);
  const auto quantity = core::Decimal::parse(options.quantity);
  const auto price = core::Decimal::parse(options.price.empty() ? "0" : options.price);
  if (!tif || (options.side != "buy" && options.side != "sell"))
    return wrong("--side is buy or sell, --tif gtc, ioc, fok or post_only");
  if (!quantity || !price)
    return wrong("--quantity and --price are decimals");
  core::orders::OrderIntent intent;
  intent.id = core::orders::ClientOrderId{options.id};
  auto& draft = intent.draft;
  draft.instrument = {core::VenueId{options.venue},
                      options.type == "spot" ? core::MarketType::spot : core::MarketType::linear,
                      core::Symbol{options.symbol}};
  draft.side = options.side == "buy" ? Side::buy : Side::sell;
  draft.type = options.price.empty() ? OrderType::market : OrderType::limit;
  draft.tif = *tif;
  draft.scale = {static_cast<std::int8_t>(price->decimals()),
                 static_cast<std::int8_t>(quantity->decimals())};
  draft.price = {price->mantissa()};
  draft.quantity = {quantity->mantissa()};
  return intent;
}

/// What proves who asks is shown by its length only.
std::string masked(const std::string& name, const std::string& value) {
  constexpr std::array<std::string_view, 3> secrets{"X-MBX-APIKEY", "X-BAPI-API-KEY",
                                                    "X-BAPI-SIGN"};
  const bool secret = std::find(secrets.begin(), secrets.end(), name) != secrets.end();
  return secret ? "(" + std::to_string(value.size()) + " characters)" : value;
}

json::object shown(const venues::SignedRequest& request) {
  json::object headers;
  for (const auto& [name, value] : request.headers)
    headers[name] = masked(name, value);
  return {{"method", request.method},
          {"target", request.target},
          {"body", request.body},
          {"headers", std::move(headers)},
          {"weight", request.weight}};
}

std::string_view name_of(venues::PlaceReply::Outcome outcome) {
  using Outcome = venues::PlaceReply::Outcome;
  switch (outcome) {
  case Outcome::accepted:
    return "accepted";
  case Outcome::refused:
    return "refused";
  case Outcome::duplicate:
    return "duplicate: the earlier send arrived";
  case Outcome::unknown:
    break;
  }
  return "unknown: the venue must be asked";
}

} // namespace

int run_lab_request(const LabRequestOptions& options, std::ostream& output, std::ostream& errors) {
  const auto trading = trading_of(options.venue, options.type, errors);
  if (!trading)
    return exit_usage;
  const auto intent = intent_of(options);
  if (!intent) {
    errors << core::describe(intent.error()) << '\n';
    return exit_usage;
  }
  const venues::Credentials keys{"lab-key", "lab-secret", {}, {}};
  const venues::Stamp stamp{options.at, std::chrono::milliseconds{2'000}};
  const venues::OrderRef ref{core::Symbol{options.symbol}, intent->id, {}};
  const auto refuse = [&](const core::Error& why) {
    errors << core::describe(why) << '\n';
    return exit_data;
  };
  if (options.socket && options.action != "query") {
    const auto frame = options.action == "place" ? trading->socket_place(*intent, "1", keys, stamp)
                                                 : trading->socket_cancel(ref, "1", keys, stamp);
    if (!frame)
      return refuse(frame.error());
    output << *frame << '\n';
    return exit_ok;
  }
  auto request = options.action == "place"    ? trading->place(*intent, keys, stamp)
                 : options.action == "cancel" ? trading->cancel(ref, keys, stamp)
                 : options.action == "query"
                     ? *trading->query(ref, 0, keys, stamp)
                     : core::fail(core::Errc::validation_error,
                                  "the action is place, cancel or query", "lab request");
  if (!request)
    return refuse(request.error());
  output << json::serialize(shown(*request)) << '\n';
  return exit_ok;
}

int run_lab_sign(const LabSignOptions& options, const LabEnvironment& environment,
                 std::ostream& output, std::ostream& errors) {
  const auto trading = trading_of(options.venue, options.type, errors);
  if (!trading)
    return exit_usage;
  venues::Credentials keys{environment(options.key_env), environment(options.secret_env), {}, {}};
  if (!keys.complete()) {
    errors << "lab sign: set " << options.key_env << " and " << options.secret_env << '\n';
    return exit_configuration;
  }
  auto prehash = options.prehash;
  if (prehash.empty()) {
    venues::SigningParts parts;
    parts.socket = options.socket;
    parts.query = options.query;
    parts.body = options.body;
    parts.api_key = keys.api_key;
    parts.timestamp = options.timestamp;
    parts.recv_window = options.recv_window;
    const auto made = trading->prehash(parts);
    if (!made) {
      errors << core::describe(made.error()) << '\n';
      return exit_usage;
    }
    prehash = *made;
  }
  const auto signature = keys.sign(prehash);
  if (!signature) {
    errors << core::describe(signature.error()) << '\n';
    return exit_configuration;
  }
  // The key stands in some venues' texts; whoever runs this knows it.
  output << json::serialize(json::object{{"prehash", prehash}, {"signature", *signature}}) << '\n';
  return exit_ok;
}

int run_lab_error(const LabErrorOptions& options, std::ostream& output, std::ostream& errors) {
  const auto trading = trading_of(options.venue, options.type, errors);
  if (!trading)
    return exit_usage;
  const auto failure = trading->classify(options.status, options.body);
  const auto placed = trading->parse_place(options.status, options.body);
  const auto cancelled = trading->parse_cancel(options.status, options.body);
  const bool accepted = placed.outcome == venues::PlaceReply::Outcome::accepted;
  output << json::serialize(json::object{
      {"code", accepted ? "" : std::string{core::to_string(failure.error.code)}},
      {"retryable", !accepted && core::is_retryable(failure.error)},
      {"unknown_outcome", !accepted && failure.unknown_outcome},
      {"message", accepted ? "" : failure.error.detail},
      {"order", std::string{name_of(placed.outcome)}},
      {"cancel", cancelled.accepted        ? "accepted"
                 : cancelled.already_final ? "final already: the order must be asked for"
                 : cancelled.unknown       ? "unknown: the venue must be asked"
                                           : "refused"}})
         << '\n';
  return exit_ok;
}

} // namespace tandem::apps
