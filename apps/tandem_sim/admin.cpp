// The admin routes: faults on and off, and what the simulator sees.
#include "apps/tandem_sim/simulator.hpp"
#include "apps/tandem_sim/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

namespace json = boost::json;

HttpAnswer wrong(int status, std::string_view message) {
  return {status, {}, fmt::format(R"({{"success":false,"error":{}}})", json_quoted(message))};
}

std::string fault_text(const ArmedFault& fault) {
  const auto& order = fault.order;
  auto out = fmt::format(
      R"({{"id":{},"surface":"{}","kind":"{}","symbol":{},"probability_ppm":{},"hits":{})",
      fault.id, name_of(order.surface), name_of(order.kind), json_quoted(order.symbol),
      order.probability_ppm, fault.hits);
  if (order.count)
    out += fmt::format(R"(,"count":{})", *order.count);
  if (order.lasts)
    out += fmt::format(R"(,"for_ms":{})", order.lasts->count());
  if (order.value)
    out += fmt::format(R"(,"value":{})", *order.value);
  return out + '}';
}

/// Reads the body of POST /faults; an empty text means it is right.
std::string read_fault(const json::object& body, FaultOrder& order) {
  bool surface_given = false;
  bool kind_given = false;
  for (const auto& field : body) {
    const std::string key{field.key()};
    const auto& value = field.value();
    const bool number
        = key == "count" || key == "probability_ppm" || key == "for_ms" || key == "value";
    if (number && (!value.is_int64() || value.get_int64() < 0))
      return key + " must be a whole number from 0";
    if (!number && key != "surface" && key != "kind" && key != "symbol")
      return "unknown field '" + key
             + "'; known: surface, kind, symbol, count, probability_ppm, for_ms, value";
    if (!number && !value.is_string())
      return key + " must be text";
    if (key == "surface") {
      const auto surface
          = surface_of(std::string_view{value.get_string().data(), value.get_string().size()});
      if (!surface)
        return "surface must be one of binance_spot, binance_linear, bybit_spot, bybit_linear";
      order.surface = *surface;
      surface_given = true;
    } else if (key == "kind") {
      const std::string name{value.get_string()};
      const auto* found
          = std::ranges::find(fault_names, name, [](const auto& each) { return each.first; });
      if (found == fault_names.end())
        return "kind '" + name + "' is unknown";
      order.kind = found->second;
      kind_given = true;
    } else if (key == "symbol") {
      order.symbol = value.get_string();
    } else if (key == "count") {
      order.count = value.get_int64();
    } else if (key == "probability_ppm") {
      order.probability_ppm = std::min<std::int64_t>(value.get_int64(), 1'000'000);
    } else if (key == "for_ms") {
      order.lasts = Millis{value.get_int64()};
    } else {
      order.value = value.get_int64();
    }
  }
  if (!surface_given || !kind_given)
    return surface_given ? "kind is missing" : "surface is missing";
  if (order.kind == FaultKind::server_error && order.value
      && (*order.value < 500 || *order.value > 599))
    return "value must be a status from 500 to 599";
  return {};
}

} // namespace

HttpAnswer Simulator::faults_text() const {
  std::string list;
  for (const auto& fault : faults_.all())
    list += fmt::format("{}{}", list.empty() ? "" : ",", fault_text(fault));
  return {200, {}, fmt::format(R"({{"success":true,"data":[{}]}})", list)};
}

HttpAnswer Simulator::add_fault(const std::string& body, Time now) {
  boost::system::error_code error;
  const auto value = json::parse(body, error);
  if (error || !value.is_object())
    return wrong(400, "the body must be one JSON object");
  FaultOrder order;
  if (const auto mistake = read_fault(value.get_object(), order); !mistake.empty())
    return wrong(400, mistake);
  at(order.surface).apply(order, now);
  return {200, {}, R"({"success":true})"};
}

HttpAnswer Simulator::state_text() {
  std::string list;
  for (const auto& surface : surfaces_) {
    const auto& counters = surface->counters();
    std::string symbols;
    const auto add = [&](std::string_view name, std::string_view bid, std::string_view bid_size,
                         std::string_view ask, std::string_view ask_size, std::size_t bids,
                         std::size_t asks, std::int64_t id) {
      symbols += fmt::format(
          R"({}{{"symbol":"{}","bid":"{}","bid_size":"{}","ask":"{}","ask_size":"{}","bid_levels":{},"ask_levels":{},"update_id":{}}})",
          symbols.empty() ? "" : ",", name, bid, bid_size, ask, ask_size, bids, asks, id);
    };
    for (const Market* market : flow_.on(surface->id())) {
      const auto& book = market->book();
      const auto& instrument = market->instrument();
      const auto best = [&](Side side) { return book.empty(side) ? Level{} : book.best(side); };
      const auto price = [&](Side side) {
        return core::format_fixed(best(side).price, instrument.price_decimals);
      };
      const auto size = [&](Side side) {
        return core::format_fixed(best(side).quantity, instrument.quantity_decimals);
      };
      add(instrument.symbol, price(Side::bid), size(Side::bid), price(Side::ask), size(Side::ask),
          book.size(Side::bid), book.size(Side::ask), market->update_id());
    }
    for (const auto& [name, book] : books_.on(surface->id())) {
      const auto bid = book->bid_count() == 0 ? TextLevel{} : book->bids(1).front();
      const auto ask = book->ask_count() == 0 ? TextLevel{} : book->asks(1).front();
      add(name, bid.price, bid.quantity, ask.price, ask.quantity, book->bid_count(),
          book->ask_count(), book->update_id);
    }
    list += fmt::format(
        R"({}"{}":{{"sockets":{},"subscriptions":{},"sockets_opened":{},"sockets_refused":{},"sockets_cut":{},"requests":{},"requests_refused":{},)"
        R"("messages_in":{},"frames_sent":{},"bytes_sent":{},"symbols":[{}]}})",
        list.empty() ? "" : ",", name_of(surface->id()), surface->socket_count(),
        surface->subscription_count(), counters.sockets_opened, counters.sockets_refused,
        counters.sockets_cut, counters.requests, counters.refused_requests, counters.messages_in,
        counters.frames_sent, counters.bytes_sent, symbols);
  }
  const auto replay = replay_ == nullptr
                          ? std::string{"null"}
                          : fmt::format(R"({{"state":"{}","lines":{}}})", replay_->state_word(),
                                        replay_->lines_played());
  return {
      200,
      {},
      fmt::format(R"({{"success":true,"data":{{"mode":"mock","surfaces":{{{}}},"replay":{}}}}})",
                  list, replay)};
}

HttpAnswer Simulator::on_admin(const HttpAsk& ask, Time now) {
  advance(now);
  if (ask.path == "/health" && ask.method == "GET")
    return {200, {}, R"({"success":true,"data":{"status":"ok","mode":"mock"}})"};
  if (ask.path == "/state" && ask.method == "GET")
    return state_text();
  if (ask.path == "/ledger" && ask.method == "GET")
    return {200, {}, R"({"success":true,"data":)" + json::serialize(exchange_.ledger()) + '}'};
  if (ask.path == "/accounts" && ask.method == "GET")
    return accounts_text();
  if (ask.path == "/accounts" && ask.method == "POST")
    return change_account(ask.body, now);
  if (ask.path == "/orders/manual" && ask.method == "POST")
    return order_by_hand(ask.body, now);
  if (ask.path != "/faults")
    return wrong(404, "known: GET /health, GET /state, GET, POST and DELETE /faults, GET /ledger, "
                      "GET and POST /accounts, POST /orders/manual");
  if (ask.method == "GET")
    return faults_text();
  if (ask.method == "POST")
    return add_fault(ask.body, now);
  if (ask.method != "DELETE")
    return wrong(405, "GET, POST or DELETE");
  faults_.clear();
  return {200, {}, R"({"success":true})"};
}

} // namespace tandem::sim
