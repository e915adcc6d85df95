#include "adapters/venues/binance/replies.hpp"

#include "adapters/venues/binance/errors.hpp"
#include "adapters/venues/binance/order_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::adapters::venues::binance {
namespace {

namespace dom = simdjson::dom;
using core::Errc;
using core::MarketType;
using core::Result;
using core::orders::VenueOrder;
using core::strategy::FeeRate;

constexpr std::size_t excerpt_max = 200;

std::string source_of(MarketType type) {
  return core::to_string(core::MarketKey{core::VenueId{"binance"}, type}) + " orders";
}

/// Printable beginning of an answer for an error's detail.
std::string excerpt(std::string_view body) {
  std::string text{body.substr(0, excerpt_max)};
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

tl::unexpected<core::Error> malformed(MarketType type, std::string_view why,
                                      std::string_view body) {
  return core::fail(Errc::malformed, fmt::format("{}: {}", why, excerpt(body)), source_of(type));
}

bool is_success(int status) noexcept {
  return status >= 200 && status < 300;
}

/// An answer with the parser that holds it.
struct Answer {
  explicit Answer(std::string_view body) { root = parser.parse(body.data(), body.size()); }

  dom::parser parser;
  simdjson::simdjson_result<dom::element> root;
};

struct Refusal {
  std::optional<long long> code;
  std::string message;
};

/// {"code":-1121,"msg":"Invalid symbol."}
Refusal refusal_of(simdjson::simdjson_result<dom::element> root) {
  const auto object = Object::of(root);
  if (!object)
    return {};
  const auto code = object->integer("code");
  const auto message = object->text("msg");
  if (!code || !message)
    return {};
  return {*code, std::string{*message}};
}

Trading::Failure failure_of(MarketType type, int status, const Refusal& refusal) {
  return {error_of(type, status, refusal.code, refusal.message),
          !proves_refusal(type, status, refusal.code, refusal.message)};
}

PlaceReply refused_place(MarketType type, int status, const Refusal& refusal) {
  auto failure = failure_of(type, status, refusal);
  PlaceReply reply;
  reply.error = std::move(failure.error);
  if (refusal.code && is_duplicate(*refusal.code, refusal.message))
    reply.outcome = PlaceReply::Outcome::duplicate;
  else if (!failure.unknown_outcome)
    reply.outcome = PlaceReply::Outcome::refused;
  return reply;
}

/// Nullopt: rows that are not fills of `order`.
std::optional<std::vector<core::orders::VenueFill>> fills_of(const VenueOrder& order,
                                                             const Object& object) {
  std::vector<core::orders::VenueFill> fills;
  if (!object.has("fills"))
    return fills;
  const auto rows = object.array("fills");
  if (!rows)
    return std::nullopt;
  for (const dom::element row : *rows) {
    const auto fields = Object::of(dom::element{row});
    auto fill = fields ? read_fill(order, *fields) : std::nullopt;
    if (!fill)
      return std::nullopt;
    fills.push_back(*std::move(fill));
  }
  return fills;
}

/// A success that cannot be read proves nothing about the order.
PlaceReply accepted_place(MarketType type, simdjson::simdjson_result<dom::element> root,
                          std::string_view body) {
  const auto object = Object::of(root);
  auto order = object ? read_order(type, *object) : std::nullopt;
  auto fills = order ? fills_of(*order, *object) : std::nullopt;
  if (!fills) {
    PlaceReply reply;
    reply.error = malformed(type, "not an order", body).value();
    return reply;
  }
  return {PlaceReply::Outcome::accepted, std::move(order), *std::move(fills), {}, {}};
}

CancelReply refused_cancel(MarketType type, int status, const Refusal& refusal) {
  auto failure = failure_of(type, status, refusal);
  CancelReply reply;
  reply.unknown = failure.unknown_outcome;
  // "Unknown order sent.", "Order does not exist.": filled, cancelled or never there.
  reply.already_final = !failure.unknown_outcome && refusal.code.has_value()
                        && failure.error.code == Errc::not_found;
  reply.error = std::move(failure.error);
  return reply;
}

CancelReply accepted_cancel(MarketType type, simdjson::simdjson_result<dom::element> root,
                            std::string_view body) {
  CancelReply reply;
  if (root.is_array()) { // all of a symbol on spot: the orders that were cancelled
    reply.accepted = true;
    return reply;
  }
  if (const auto object = Object::of(root)) {
    if (object->integer("code") == 200) { // all of a symbol on USD-M
      reply.accepted = true;
      return reply;
    }
    reply.order = read_order(type, *object);
    reply.accepted = reply.order.has_value();
  }
  if (!reply.accepted) {
    reply.unknown = true;
    reply.error = malformed(type, "not a cancelled order", body).value();
  }
  return reply;
}

/// The WebSocket API's envelope {"id","status","result"|"error"}.
struct SocketAnswer {
  int status = 0;
  Refusal refusal;
  std::optional<Object> object;
};

std::optional<SocketAnswer> open_envelope(simdjson::simdjson_result<dom::element> root) {
  SocketAnswer answer;
  answer.object = Object::of(root);
  if (!answer.object)
    return std::nullopt;
  const auto status = answer.object->integer("status");
  if (!status || *status < 100 || *status > 599)
    return std::nullopt;
  answer.status = static_cast<int>(*status);
  if (answer.object->has("error"))
    answer.refusal = refusal_of(answer.object->at("error"));
  return answer;
}

/// The rows of an array, each an object; nullopt when it is anything else.
std::optional<std::vector<Object>> rows_of(simdjson::simdjson_result<dom::element> element) {
  dom::array array;
  if (element.get_array().get(array) != simdjson::SUCCESS)
    return std::nullopt;
  std::vector<Object> rows;
  rows.reserve(array.size());
  for (const dom::element row : array) {
    auto object = Object::of(dom::element{row});
    if (!object)
      return std::nullopt;
    rows.push_back(*object);
  }
  return rows;
}

tl::unexpected<core::Error> failed(MarketType type, int status, const Answer& answer) {
  const auto refusal = refusal_of(answer.root);
  return tl::unexpected{error_of(type, status, refusal.code, refusal.message)};
}

/// One of spot's three tables of rates; a buyer's or seller's share counts at its worse. All zero
/// where the table is absent: special and tax rates are recent.
bool add_rates(const Object& object, std::string_view table, bool required, AccountFees& sum) {
  if (!object.has(table))
    return !required;
  const auto rates = object.object(table);
  if (!rates)
    return false;
  std::array<FeeRate, 4> read;
  constexpr std::array<std::string_view, 4> names{"maker", "taker", "buyer", "seller"};
  for (std::size_t n = 0; n < names.size(); ++n) {
    const auto text = rates->text(names[n]);
    if (!text) {
      if (n < 2 || rates->has(names[n]))
        return false;
      continue; // older answers have two
    }
    const auto rate = core::strategy::parse_fee_rate(*text);
    if (!rate)
      return false;
    read[n] = *rate;
  }
  const auto side = std::max(read[2].e8, read[3].e8);
  sum.maker.e8 += read[0].e8 + side;
  sum.taker.e8 += read[1].e8 + side;
  return true;
}

} // namespace

core::Error error_of(MarketType type, int status, std::optional<long long> code,
                     std::string_view message) {
  if (!code)
    return {error_code(status), fmt::format("HTTP {}", status), source_of(type)};
  return {error_code(type, status, *code, message),
          fmt::format("HTTP {}: {} {}", status, *code, excerpt(message)), source_of(type)};
}

Trading::Failure classify(MarketType type, int status, std::string_view body) {
  const Answer answer{body};
  return failure_of(type, status, refusal_of(answer.root));
}

PlaceReply parse_place(MarketType type, int status, std::string_view body) {
  const Answer answer{body};
  if (is_success(status))
    return accepted_place(type, answer.root, body);
  return refused_place(type, status, refusal_of(answer.root));
}

CancelReply parse_cancel(MarketType type, int status, std::string_view body) {
  const Answer answer{body};
  if (is_success(status))
    return accepted_cancel(type, answer.root, body);
  return refused_cancel(type, status, refusal_of(answer.root));
}

PlaceReply parse_socket_place(MarketType type, std::string_view body) {
  const Answer answer{body};
  const auto envelope = open_envelope(answer.root);
  if (!envelope) {
    PlaceReply reply;
    reply.error = malformed(type, "not a reply", body).value();
    return reply;
  }
  if (is_success(envelope->status))
    return accepted_place(type, envelope->object->at("result"), body);
  return refused_place(type, envelope->status, envelope->refusal);
}

CancelReply parse_socket_cancel(MarketType type, std::string_view body) {
  const Answer answer{body};
  const auto envelope = open_envelope(answer.root);
  if (!envelope) {
    CancelReply reply;
    reply.unknown = true;
    reply.error = malformed(type, "not a reply", body).value();
    return reply;
  }
  if (is_success(envelope->status))
    return accepted_cancel(type, envelope->object->at("result"), body);
  return refused_cancel(type, envelope->status, envelope->refusal);
}

Result<std::optional<VenueOrder>> parse_query(MarketType type, int status, std::string_view body) {
  const Answer answer{body};
  if (is_success(status)) {
    const auto object = Object::of(answer.root);
    auto order = object && object->has("status") ? read_order(type, *object) : std::nullopt;
    if (!order)
      return malformed(type, "not an order", body);
    return order;
  }
  const auto refusal = refusal_of(answer.root);
  // A 404 without a code is somebody's missing page, not a missing order.
  if (status >= 400 && status < 500 && refusal.code
      && error_code(type, status, *refusal.code, refusal.message) == Errc::not_found)
    return std::optional<VenueOrder>{};
  return tl::unexpected{error_of(type, status, refusal.code, refusal.message)};
}

Result<OrderPage> parse_open_orders(MarketType type, int status, std::string_view body) {
  const Answer answer{body};
  if (!is_success(status))
    return failed(type, status, answer);
  const auto rows = rows_of(answer.root);
  if (!rows)
    return malformed(type, "not a list of orders", body);
  OrderPage page;
  page.orders.reserve(rows->size());
  for (const auto& row : *rows) {
    auto order = row.has("status") ? read_order(type, row) : std::nullopt;
    if (!order)
      return malformed(type, "a list with something else than orders", body);
    page.orders.push_back(*std::move(order));
  }
  return page;
}

Result<FillPage> parse_fills(MarketType type, int status, std::string_view body) {
  const Answer answer{body};
  if (!is_success(status))
    return failed(type, status, answer);
  const auto rows = rows_of(answer.root);
  if (!rows)
    return malformed(type, "not a list of trades", body);
  FillPage page;
  page.fills.reserve(rows->size());
  std::int64_t last_id = 0;
  for (const auto& row : *rows) {
    auto fill = read_trade(type, row);
    if (!fill)
      return malformed(type, "a list with something else than trades", body);
    last_id = std::max(last_id, row.integer("id").value_or(0));
    page.fills.push_back(*std::move(fill));
  }
  if (rows->size() >= static_cast<std::size_t>(fills_per_page))
    page.next_cursor = std::to_string(last_id + 1);
  return page;
}

Result<std::vector<Balance>> parse_balances(MarketType type, int status, std::string_view body) {
  const Answer answer{body};
  if (!is_success(status))
    return failed(type, status, answer);
  const bool spot = type == MarketType::spot;
  const auto account = spot ? Object::of(answer.root) : std::nullopt;
  if (spot && !account)
    return malformed(type, "not an account", body);
  const auto rows = rows_of(spot ? account->at("balances") : answer.root);
  if (!rows)
    return malformed(type, "not a list of balances", body);
  std::vector<Balance> balances;
  balances.reserve(rows->size());
  for (const auto& row : *rows) {
    const auto asset = row.text("asset");
    const auto free = row.money(spot ? "free" : "availableBalance");
    const auto other = row.money(spot ? "locked" : "balance");
    if (!asset || asset->empty() || !free || !other)
      return malformed(type, "a list with something else than balances", body);
    // Profit not yet realised may make more available than the wallet holds.
    const auto locked = spot ? *other : std::max(core::Money{}, *other - *free);
    balances.push_back({std::string{*asset}, *free, locked});
  }
  return balances;
}

Result<PositionPage> parse_positions(MarketType type, int status, std::string_view body) {
  const Answer answer{body};
  if (!is_success(status))
    return failed(type, status, answer);
  const auto rows = rows_of(answer.root);
  if (!rows)
    return malformed(type, "not a list of positions", body);
  PositionPage page; // this venue has one only
  page.positions.reserve(rows->size());
  for (const auto& row : *rows) {
    const auto symbol = row.text("symbol");
    const auto side = row.text("positionSide");
    const auto quantity = row.money("positionAmt");
    const auto entry = row.money("entryPrice");
    const auto profit = row.money("unRealizedProfit");
    const auto instrument = symbol ? instrument_of(type, *symbol) : std::nullopt;
    if (!instrument || !side || !quantity || !entry || !profit)
      return malformed(type, "a list with something else than positions", body);
    if (*side == "BOTH") {
      page.positions.push_back({*instrument, *quantity, *entry, *profit});
      continue;
    }
    // Two positions of one symbol: an order without positionSide would be refused (-4061).
    if (*quantity != core::Money{})
      return core::fail(Errc::configuration,
                        fmt::format("{} has a {} position: the account is in hedge mode, one-way "
                                    "is wanted",
                                    excerpt(*symbol), excerpt(*side)),
                        source_of(type));
  }
  return page;
}

Result<AccountFees> parse_fees(MarketType type, int status, std::string_view body) {
  const Answer answer{body};
  if (!is_success(status))
    return failed(type, status, answer);
  const auto object = Object::of(answer.root);
  if (!object)
    return malformed(type, "not fees", body);
  AccountFees fees;
  if (type == MarketType::spot) {
    // The discount for paying in BNB is left out: it holds only while there is BNB.
    if (!add_rates(*object, "standardCommission", true, fees)
        || !add_rates(*object, "specialCommission", false, fees)
        || !add_rates(*object, "taxCommission", false, fees))
      return malformed(type, "not fees", body);
  } else {
    const auto maker = core::strategy::parse_fee_rate(
        object->text("makerCommissionRate").value_or(std::string_view{}));
    const auto taker = core::strategy::parse_fee_rate(
        object->text("takerCommissionRate").value_or(std::string_view{}));
    if (!maker || !taker)
      return malformed(type, "not fees", body);
    fees = {*maker, *taker};
  }
  for (const auto rate : {fees.maker, fees.taker})
    if (rate < core::strategy::fee_rate_min || rate > core::strategy::fee_rate_max)
      return core::fail(Errc::out_of_range,
                        fmt::format("a fee rate of {} e-8, {} to {} are believed", rate.e8,
                                    core::strategy::fee_rate_min.e8,
                                    core::strategy::fee_rate_max.e8),
                        source_of(type));
  return fees;
}

Result<KeyRights> parse_key_rights(MarketType type, int status, std::string_view body) {
  if (status == 404)
    return KeyRights{}; // test networks lack the route
  const Answer answer{body};
  if (!is_success(status))
    return failed(type, status, answer);
  const auto object = Object::of(answer.root);
  if (!object)
    return malformed(type, "not a key's rights", body);
  if (type == MarketType::spot)
    return KeyRights{object->flag("enableSpotAndMarginTrading"), object->flag("enableWithdrawals")};
  if (object->flag("dualSidePosition").value_or(false))
    return core::fail(Errc::configuration, "the account is in hedge mode, one-way is wanted",
                      source_of(type));
  // "canWithdraw" is the account's word, not the key's.
  return KeyRights{object->flag("canTrade"), std::nullopt};
}

Result<std::string> parse_stream_key(MarketType type, int status, std::string_view body) {
  const Answer answer{body};
  if (!is_success(status))
    return failed(type, status, answer);
  const auto object = Object::of(answer.root);
  const auto key = object ? object->text("listenKey") : std::nullopt;
  if (key && !key->empty())
    return std::string{*key};
  if (object && !object->has("listenKey"))
    return std::string{}; // older answers to a keep-alive are {}
  return core::fail(Errc::malformed, "no listenKey", source_of(type)); // its bytes are a secret
}

} // namespace tandem::adapters::venues::binance
