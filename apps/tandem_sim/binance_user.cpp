// What Binance tells an account: execution reports and positions on spot, order and account updates
// on USD-M, and the listen keys there. Sources: Spot "User Data Stream"; USD-M "User Data Streams".
#include "apps/tandem_sim/binance_private.hpp"
#include "apps/tandem_sim/binance_reply.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr std::chrono::minutes key_lifetime{60};
constexpr std::size_t key_letters = 64;

std::string_view execution_type(const OrderEvent& event, bool spot) noexcept {
  switch (event.kind) {
  case OrderEventKind::accepted:
    return "NEW";
  case OrderEventKind::filled:
    return "TRADE";
  case OrderEventKind::cancelled:
    return "CANCELED";
  case OrderEventKind::expired:
    return "EXPIRED";
  case OrderEventKind::rejected:
    return "REJECTED";
  case OrderEventKind::amended:
    return spot ? "REPLACED" : "AMENDMENT";
  }
  return "NEW";
}

} // namespace

// ---- listen keys

HttpAnswer BinancePrivate::open_stream(const BinanceCall& call) {
  const auto found = std::ranges::find_if(
      listen_keys_, [&](const auto& each) { return each.second.account == call.account; });
  const auto key = found == listen_keys_.end() ? made_up_id(key_letters) : found->first;
  listen_keys_[key] = {call.account, call.now + key_lifetime};
  return ok(fmt::format(R"({{"listenKey":"{}"}})", key));
}

HttpAnswer BinancePrivate::renew_stream(const BinanceCall& call) {
  const auto found = std::ranges::find_if(
      listen_keys_, [&](const auto& each) { return each.second.account == call.account; });
  if (found == listen_keys_.end())
    return error(400, -1125, "This listenKey does not exist.");
  found->second.until = call.now + key_lifetime;
  return ok(fmt::format(R"({{"listenKey":"{}"}})", found->first));
}

HttpAnswer BinancePrivate::close_stream(const BinanceCall& call) {
  std::erase_if(listen_keys_,
                [&](const auto& each) { return each.second.account == call.account; });
  return ok("{}");
}

void BinancePrivate::open_stream(SocketId socket, const std::string& listen_key,
                                 std::string_view events, bool combined) {
  auto& made = user_sockets_[socket];
  made.listen_key = listen_key;
  made.combined = combined;
  while (!events.empty()) {
    const auto end = std::min(events.find('/'), events.size());
    if (end > 0)
      made.events.emplace(events.substr(0, end));
    events.remove_prefix(std::min(end + 1, events.size()));
  }
}

void BinancePrivate::on_closed(SocketId socket) {
  sessions_.erase(socket);
  user_sockets_.erase(socket);
}

void BinancePrivate::on_tick(Time now) {
  now_ = now;
  for (auto each = listen_keys_.begin(); each != listen_keys_.end();) {
    if (now < each->second.until) {
      ++each;
      continue;
    }
    tell_sockets(each->first, "listenKeyExpired",
                 fmt::format(R"({{"e":"listenKeyExpired","E":{},"listenKey":"{}"}})",
                             core::to_millis(now), each->first));
    each = listen_keys_.erase(each);
  }
}

// ---- telling

void BinancePrivate::emit(AccountId account, std::string_view type, std::string event) {
  if (!answering_)
    return emit_now(account, type, event);
  untold_.emplace_back([this, account, type = std::string{type}, event = std::move(event)] {
    emit_now(account, type, event);
  });
}

void BinancePrivate::emit_now(AccountId account, std::string_view type, const std::string& event) {
  if (spot()) {
    for (const auto& [socket, session] : sessions_)
      for (const auto& [number, owner] : session.subscriptions)
        if (owner == account)
          links_.send(socket, fmt::format(R"({{"subscriptionId":{},"event":{}}})", number, event));
    return;
  }
  for (const auto& [key, held] : listen_keys_)
    if (held.account == account)
      tell_sockets(key, type, event);
}

void BinancePrivate::tell_sockets(const std::string& listen_key, std::string_view type,
                                  const std::string& event) {
  for (const auto& [socket, user] : user_sockets_) {
    if (user.listen_key != listen_key || (!user.events.empty() && !user.events.contains(type)))
      continue;
    links_.send(socket, user.combined
                            ? fmt::format(R"({{"stream":"{}","data":{}}})", listen_key, event)
                            : event);
  }
}

void BinancePrivate::on_order(const OrderEvent& event) {
  const auto& order = event.order;
  if (order.surface != id_)
    return;
  if (faults_.hit(id_, FaultKind::user_stream_drop, order.symbol, event.at))
    return; // nothing of it is heard
  const bool again
      = event.fill && faults_.hit(id_, FaultKind::duplicate_fill_event, order.symbol, event.at);
  const auto at = event.at;
  if (spot()) {
    for (int time = 0; time < (again ? 2 : 1); ++time)
      emit(order.account, "executionReport", execution_report(event));
    if (!event.assets.empty())
      emit(order.account, "outboundAccountPosition",
           account_position(order.account, event.assets, at));
    return;
  }
  if (event.fill)
    emit(order.account, "TRADE_LITE", trade_lite(event));
  if (event.fill)
    emit(order.account, "ACCOUNT_UPDATE",
         account_update(order.account, "ORDER", instrument(order.symbol).quote, order.symbol, 0,
                        at));
  for (int time = 0; time < (again ? 2 : 1); ++time)
    emit(order.account, "ORDER_TRADE_UPDATE", order_update(event));
}

void BinancePrivate::on_transfer(const TransferEvent& event) {
  if (event.surface != id_)
    return;
  if (!spot())
    return emit(event.account, "ACCOUNT_UPDATE",
                account_update(event.account, event.delta < 0 ? "WITHDRAW" : "DEPOSIT", event.asset,
                               {}, event.delta, event.at));
  const auto at = core::to_millis(event.at);
  emit(event.account, "balanceUpdate",
       fmt::format(R"({{"e":"balanceUpdate","E":{},"a":"{}","d":"{}","T":{}}})", at, event.asset,
                   value_text(event.delta), at));
  emit(event.account, "outboundAccountPosition",
       account_position(event.account, {event.asset}, event.at));
}

// ---- the events

std::string BinancePrivate::execution_report(const OrderEvent& event) const {
  const auto& order = event.order;
  const auto& of = instrument(order.symbol);
  const auto at = core::to_millis(event.at);
  const bool cancelled = event.kind == OrderEventKind::cancelled && !event.request_id.empty();
  const auto* fill = event.fill ? &*event.fill : nullptr;
  const auto expiry = binance_expiry(order);
  return fmt::format(
      R"({{"e":"executionReport","E":{},"s":"{}","c":{},"S":"{}","o":"{}","f":"{}","q":"{}","p":"{}","P":"0.00000000","F":"0.00000000","g":-1,"C":{},"x":"{}","X":"{}","r":"NONE",)"
      R"("i":{},"l":"{}","z":"{}","L":"{}","n":"{}","N":{},"T":{},"t":{},"I":{},"w":{},"m":{},"M":false,"O":{},"Z":"{}","Y":"{}","Q":"{}","W":{},"V":"{}"{}}})",
      at, order.symbol, json_quoted(cancelled ? event.request_id : order.client_id),
      binance_side(order.side), binance_type(order), binance_lifetime(order),
      quantity_text(of, order.quantity), price_text(of, order.price),
      cancelled ? json_quoted(order.client_id) : std::string{R"("")"}, execution_type(event, true),
      binance_status(order), order.id, quantity_text(of, fill == nullptr ? 0 : fill->quantity),
      quantity_text(of, order.filled), price_text(of, fill == nullptr ? 0 : fill->price),
      fill == nullptr ? std::string{"0"} : value_text(fill->fee),
      fill == nullptr ? std::string{"null"} : json_quoted(fill->fee_asset), at,
      fill == nullptr ? std::int64_t{-1} : fill->trade_id, event.execution_id, is_open(order.state),
      fill != nullptr && fill->maker, order.created_at, value_text(order.filled_value),
      value_text(fill == nullptr ? Amount{0} : value_of(of, fill->price, fill->quantity)),
      value_text(order.quote_quantity), order.created_at, binance_self_trade(order.self_trade),
      expiry.empty() ? std::string{} : fmt::format(R"(,"eR":"{}")", expiry));
}

std::string BinancePrivate::account_position(AccountId account,
                                             const std::vector<std::string>& assets,
                                             Time at) const {
  std::string rows;
  for (const auto& asset : assets) {
    const auto balance = exchange_.balance(account, id_, asset);
    rows += fmt::format(R"({}{{"a":"{}","f":"{}","l":"{}"}})", rows.empty() ? "" : ",", asset,
                        value_text(balance.free), value_text(balance.locked));
  }
  return fmt::format(R"({{"e":"outboundAccountPosition","E":{0},"u":{0},"B":[{1}]}})",
                     core::to_millis(at), rows);
}

std::string BinancePrivate::order_update(const OrderEvent& event) const {
  const auto& order = event.order;
  const auto& of = instrument(order.symbol);
  const auto at = core::to_millis(event.at);
  const auto* fill = event.fill ? &*event.fill : nullptr;
  const auto fee = fill == nullptr ? std::string{}
                                   : fmt::format(R"("N":"{}","n":"{}",)", fill->fee_asset,
                                                 value_text(fill->fee));
  return fmt::format(
      R"({{"e":"ORDER_TRADE_UPDATE","T":{0},"E":{0},"o":{{"s":"{1}","c":{2},"S":"{3}","o":"{4}","f":"{5}","q":"{6}","p":"{7}","ap":"{8}","sp":"0","x":"{9}","X":"{10}","i":{11},"l":"{12}",)"
      R"("z":"{13}","L":"{14}",{15}"T":{0},"t":{16},"b":"0","a":"0","m":{17},"R":{18},"wt":"CONTRACT_PRICE","ot":"{4}","ps":"BOTH","cp":false,"rp":"{19}","pP":false,"si":0,"ss":0,)"
      R"("V":"{20}","pm":"NONE","gtd":0,"er":"0"}}}})",
      at, order.symbol, json_quoted(order.client_id), binance_side(order.side), binance_type(order),
      binance_lifetime(order), quantity_text(of, order.quantity), price_text(of, order.price),
      average_text(order), execution_type(event, false), binance_status(order), order.id,
      quantity_text(of, fill == nullptr ? 0 : fill->quantity), quantity_text(of, order.filled),
      price_text(of, fill == nullptr ? 0 : fill->price), fee,
      fill == nullptr ? std::int64_t{0} : fill->trade_id, fill != nullptr && fill->maker,
      order.reduce_only, value_text(fill == nullptr ? Amount{0} : fill->realised),
      binance_self_trade(order.self_trade));
}

std::string BinancePrivate::account_update(AccountId account, std::string_view reason,
                                           const std::string& asset, const std::string& symbol,
                                           Amount change, Time at) const {
  const auto wallet = value_text(exchange_.margin(account, id_, asset).wallet);
  std::string positions;
  if (!symbol.empty()) {
    const auto& of = instrument(symbol);
    const auto held = exchange_.position(account, symbol);
    const auto entry = value_text(
        held.quantity == 0 ? Amount{0}
                           : core::divide(held.cost * core::pow10(of.quantity_decimals),
                                          std::abs(held.quantity), core::Rounding::half_even));
    positions = fmt::format(
        R"({{"s":"{0}","pa":"{1}","ep":"{2}","bep":"{2}","cr":"{3}","up":"{4}","mt":"cross","iw":"0","ps":"BOTH"}})",
        symbol, quantity_text(of, held.quantity), entry, value_text(held.realised),
        value_text(exchange_.unrealised(account, id_, symbol)));
  }
  return fmt::format(
      R"({{"e":"ACCOUNT_UPDATE","T":{0},"E":{0},"a":{{"m":"{1}","B":[{{"a":"{2}","wb":"{3}","cw":"{3}","bc":"{4}"}}],"P":[{5}]}}}})",
      core::to_millis(at), reason, asset, wallet, value_text(change), positions);
}

std::string BinancePrivate::trade_lite(const OrderEvent& event) const {
  const auto& order = event.order;
  const auto& of = instrument(order.symbol);
  const auto at = core::to_millis(event.at);
  return fmt::format(
      R"({{"e":"TRADE_LITE","E":{0},"T":{0},"s":"{1}","q":"{2}","p":"{3}","m":{4},"c":{5},"S":"{6}","L":"{7}","l":"{8}","t":{9},"i":{10}}})",
      at, order.symbol, quantity_text(of, order.quantity), price_text(of, order.price),
      event.fill->maker, json_quoted(order.client_id), binance_side(order.side),
      price_text(of, event.fill->price), quantity_text(of, event.fill->quantity),
      event.fill->trade_id, order.id);
}

} // namespace tandem::sim
