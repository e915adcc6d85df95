// Bybit v5 /v5/trade: orders over a socket that has logged in. Source: "Websocket Trade Guideline",
// read 2026-07-24.
#include "apps/tandem_sim/bybit_private.hpp"
#include "apps/tandem_sim/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tandem::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t request_id_max = 36;
constexpr std::size_t request_ids_kept = 10'000; // of one socket
constexpr core::UnixMillis window_default = 5'000;
constexpr core::UnixMillis ahead_max = 1'000;

struct TradeOp {
  std::string_view name;
  BybitOperation operation;
};

constexpr std::array trade_ops{
    TradeOp{"order.create", BybitOperation::create},
    TradeOp{"order.amend", BybitOperation::amend},
    TradeOp{"order.cancel", BybitOperation::cancel},
    TradeOp{"order.create-batch", BybitOperation::create_batch},
    TradeOp{"order.amend-batch", BybitOperation::amend_batch},
    TradeOp{"order.cancel-batch", BybitOperation::cancel_batch},
};

std::string text_of(const json::object& request, std::string_view key) {
  const auto* field = request.if_contains({key.data(), key.size()});
  if (field != nullptr && field->is_int64())
    return std::to_string(field->get_int64());
  return field != nullptr && field->is_string() ? std::string{field->get_string()} : std::string{};
}

std::optional<std::int64_t> integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

} // namespace

void BybitPrivate::trade_reply(Session& session, std::string_view op, const std::string& req_id,
                               const BybitAnswer& answer, const Allowance& allowance, Time now) {
  const auto echoed
      = req_id.empty() ? std::string{} : fmt::format(R"("reqId":{},)", json_quoted(req_id));
  const auto header = fmt::format(
      R"({{"X-Bapi-Limit":"{}","X-Bapi-Limit-Status":"{}","X-Bapi-Limit-Reset-Timestamp":"{}","Traceid":"{:016x}{:016x}","Timenow":"{}"}})",
      allowance.limit, allowance.left, allowance.resets_at, random_.next(), random_.next(),
      core::to_millis(now));
  send(
      session,
      fmt::format(
          R"({{{}"retCode":{},"retMsg":{},"op":{},"data":{},"retExtInfo":{},"header":{},"connId":"{}"}})",
          echoed, answer.code, json_quoted(answer.message), json_quoted(op), answer.result,
          answer.extra, header, session.name),
      now);
}

void BybitPrivate::trade_login(Session& session, const json::object& request,
                               const std::string& req_id, Time now) {
  const auto signer
      = session.account ? Signer{20001, "Repeat auth", 0, nullptr} : check_login(request, now);
  if (signer.code == 0) {
    session.account = signer.account;
    session.key = signer.key;
  }
  const auto echoed
      = req_id.empty() ? std::string{} : fmt::format(R"("reqId":{},)", json_quoted(req_id));
  send(session,
       fmt::format(R"({{{}"retCode":{},"retMsg":{},"op":"auth","connId":"{}"}})", echoed,
                   signer.code, json_quoted(signer.code == 0 ? "OK" : signer.message),
                   session.name),
       now);
}

/// What is refused before an order is looked at.
std::optional<BybitCode> BybitPrivate::trade_refusal(Session& session, const json::object& request,
                                                     const std::string& req_id, Time now) {
  if (!session.account)
    return BybitCode{10007, "User authentication failed."};
  if (req_id.size() > request_id_max)
    return BybitCode{10001, "reqId cannot exceed 36 characters"};
  if (!req_id.empty()) {
    if (!session.request_ids.insert(req_id).second)
      return BybitCode{20006, "reqId is duplicated"};
    session.request_order.push_back(req_id);
    if (session.request_order.size() > request_ids_kept) {
      session.request_ids.erase(session.request_order.front());
      session.request_order.pop_front();
    }
  }
  const auto* header = request.if_contains("header");
  if (header == nullptr || !header->is_object())
    return BybitCode{10001, "header is required"};
  const auto sent_at = integer(text_of(header->get_object(), "X-BAPI-TIMESTAMP"));
  const auto window = text_of(header->get_object(), "X-BAPI-RECV-WINDOW");
  const auto wait = window.empty() ? std::optional{window_default} : integer(window);
  if (!sent_at || !wait || *wait < 0)
    return BybitCode{10001, "X-BAPI-TIMESTAMP or X-BAPI-RECV-WINDOW is invalid"};
  const auto at = core::to_millis(now);
  if (*sent_at < at - *wait || *sent_at >= at + ahead_max)
    return BybitCode{10002, fmt::format("invalid request, please check your server timestamp or "
                                        "recv_window param. req_timestamp[{}],server_timestamp[{}],"
                                        "recv_window[{}]",
                                        *sent_at, at, *wait)};
  const auto* args = request.if_contains("args");
  const bool one = args != nullptr && args->is_array() && args->get_array().size() == 1
                   && args->get_array()[0].is_object();
  if (!one)
    return BybitCode{10001, "args must hold one item"};
  return std::nullopt;
}

void BybitPrivate::on_trade_request(Session& session, const json::object& request, Time now) {
  const auto op = text_of(request, "op");
  const auto req_id = text_of(request, "reqId");
  if (op == "ping")
    return send(
        session,
        fmt::format(R"({{"retCode":0,"retMsg":"OK","op":"pong","data":["{}"],"connId":"{}"}})",
                    core::to_millis(now), session.name),
        now);
  if (op == "auth")
    return trade_login(session, request, req_id, now);
  const auto refuse = [&](BybitCode code) {
    trade_reply(session, op, req_id, {code.code, std::move(code.message), "{}", "{}"}, {}, now);
  };
  const auto* known = std::ranges::find(trade_ops, op, &TradeOp::name);
  if (known == trade_ops.end())
    return refuse({10404, "op type is not found"});
  if (auto code = trade_refusal(session, request, req_id, now))
    return refuse(std::move(*code));
  BybitCall call;
  call.now = now;
  call.by_socket = true;
  call.account = *session.account;
  call.key = session.key;
  call.fields = request.at("args").get_array()[0].get_object();
  const auto category = bybit_surface(call.text("category"));
  if (!category)
    return refuse({10404, "category is not correct/supported"});
  call.category_known = true;
  call.surface = *category;
  perform(known->operation, std::move(call),
          [this, socket = session.id, op, req_id](const BybitAnswer& answer,
                                                  const Allowance& allowance, Time at) {
            if (const auto found = sessions_.find(socket); found != sessions_.end())
              trade_reply(found->second, op, req_id, answer, allowance, at);
          });
}

} // namespace tandem::sim
