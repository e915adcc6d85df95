#include "adapters/venues/bybit/replies.hpp"

#include "adapters/venues/bybit/order_wire.hpp"
#include "adapters/venues/bybit/rest.hpp"
#include "adapters/venues/bybit/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tandem::adapters::venues::bybit {
namespace {

namespace dom = simdjson::dom;
using core::Errc;
using core::MarketType;
using core::Result;
using core::orders::VenueOrder;
using core::orders::VenueStatus;
using Outcome = PlaceReply::Outcome;

/// Codes after which the order may or may not be there (promises of the order path): server
/// time-out, internal error, a restarting trade service, time-outs of creation and cancellation, a
/// busy order.
constexpr std::array<std::int64_t, 10> unknown_codes{10000,  10016,  10019,  110079, 170001,
                                                     170007, 170032, 170146, 170147, 170234};
/// The id was used before: the earlier send arrived.
constexpr std::array<std::int64_t, 2> duplicate_codes{110072, 170141};
/// There is nothing (any more) to cancel.
constexpr std::array<std::int64_t, 8> final_codes{110001, 110008, 110010, 170139,
                                                  170142, 170143, 170190, 170213};

template <std::size_t N>
bool is_one_of(const std::array<std::int64_t, N>& codes, std::int64_t code) noexcept {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// One answer, taken apart. The parser owns what the objects refer to.
class Answer {
public:
  Answer(int status, std::string_view body) : status_{status} {
    dom::element root;
    if (parser_.parse(body.data(), body.size()).get(root) == simdjson::SUCCESS)
      envelope_ = Object::of(dom::element{root});
    if (envelope_)
      code_ = envelope_->integer("retCode");
    message_ = envelope_ ? envelope_->text("retMsg").value_or("") : std::string_view{};
  }

  [[nodiscard]] bool good() const noexcept {
    return status_ >= 200 && status_ < 300 && code_ == std::int64_t{0};
  }

  [[nodiscard]] std::optional<std::int64_t> code() const noexcept { return code_; }

  [[nodiscard]] core::Error error() const {
    // The gateway's own refusals carry no code: 403 is the address's rate limit.
    if (status_ == 403 || status_ == 429)
      return {Errc::rate_limited, fmt::format("HTTP {}", status_), std::string{wire::source}};
    if (code_ && *code_ != 0)
      return error_of(*code_, message_);
    const auto code = status_ == 401                     ? Errc::unauthenticated
                      : status_ == 400 || status_ == 404 ? Errc::validation_error
                                                         : Errc::upstream_error;
    return {code, fmt::format("HTTP {}", status_), std::string{wire::source}};
  }

  /// Nothing is proven: no answer at all, 5xx, the codes that say so, and a 2xx that cannot be
  /// read. Only 4xx is a refusal by its status alone.
  [[nodiscard]] bool unknown() const noexcept {
    if (status_ >= 400 && status_ < 500)
      return false;
    if (status_ < 200 || status_ >= 300)
      return true;
    return !code_ || is_one_of(unknown_codes, *code_)
           || (*code_ != 0 && error_code(*code_, message_) == Errc::upstream_error);
  }

  /// `data` on the trade socket, `result` by REST.
  [[nodiscard]] std::optional<Object> result() const {
    if (!envelope_)
      return std::nullopt;
    return envelope_->object(envelope_->has("data") ? "data" : "result");
  }

  [[nodiscard]] tl::unexpected<core::Error> failure() const { return tl::unexpected{error()}; }

  [[nodiscard]] static tl::unexpected<core::Error> malformed(std::string why) {
    return core::fail(Errc::malformed, std::move(why), std::string{wire::source});
  }

private:
  int status_;
  dom::parser parser_;
  std::optional<Object> envelope_;
  std::optional<std::int64_t> code_;
  std::string_view message_;
};

/// Reads every item of result.list, or none.
template <class Read>
core::Status for_each_item(const Answer& answer, Read read) {
  const auto result = answer.result();
  const auto list = result ? result->array("list") : std::nullopt;
  if (!list)
    return Answer::malformed("an answer without a list");
  for (const dom::element row : *list) {
    const auto item = Object::of(dom::element{row});
    if (!item || !read(*item))
      return Answer::malformed("an item that cannot be understood");
  }
  return {};
}

std::string cursor_of(const Answer& answer) {
  const auto result = answer.result();
  return std::string{result ? result->text("nextPageCursor").value_or("") : std::string_view{}};
}

Result<core::strategy::FeeRate> rate_of(const Object& item, std::string_view key) {
  const auto raw = item.text(key);
  if (!raw)
    return Answer::malformed("an answer without " + std::string{key});
  return core::strategy::parse_fee_rate(*raw);
}

/// Whether a list of rights names one that begins with this word.
bool names(const Object& permissions, std::string_view list, std::string_view word) {
  const auto words = permissions.array(list);
  if (!words)
    return false;
  for (const dom::element entry : *words) {
    std::string_view text;
    if (dom::element{entry}.get_string().get(text) == simdjson::SUCCESS && text.starts_with(word))
      return true;
  }
  return false;
}

} // namespace

core::Error error_of(std::int64_t ret_code, std::string_view message) {
  return {error_code(ret_code, message),
          fmt::format("retCode {}: {}", ret_code, message.substr(0, 200)),
          std::string{wire::source}};
}

Trading::Failure classify(int status, std::string_view body) {
  const Answer answer{status, body};
  return {answer.error(), answer.unknown()};
}

PlaceReply parse_place(MarketType type, int status, std::string_view body) {
  const Answer answer{status, body};
  PlaceReply reply;
  if (answer.good()) {
    const auto result = answer.result();
    const auto id = result ? result->text("orderId") : std::nullopt;
    if (!id || id->empty()) {
      reply.error
          = {Errc::malformed, "an acknowledgement without an order id", std::string{wire::source}};
      return reply; // unknown: it was taken, and by which id must be asked
    }
    reply.outcome = Outcome::accepted;
    VenueOrder order;
    order.instrument.venue = core::VenueId{"bybit"};
    order.instrument.type = type;
    order.client_id = result->text("orderLinkId").value_or("");
    order.venue_order_id = *id;
    order.status = VenueStatus::open;
    reply.order = std::move(order);
    return reply;
  }
  reply.error = answer.error();
  const bool duplicate = answer.code() && is_one_of(duplicate_codes, *answer.code());
  reply.outcome = duplicate          ? Outcome::duplicate
                  : answer.unknown() ? Outcome::unknown
                                     : Outcome::refused;
  return reply;
}

std::optional<core::market::OrderRate> order_rate(std::string_view limit) {
  constexpr std::int64_t count_max = 10'000; // far beyond any level: something else is meant
  const auto count = core::parse_scaled(limit, 0);
  if (!count || *count <= 0 || *count > count_max)
    return std::nullopt;
  return core::market::OrderRate{static_cast<std::size_t>(*count), std::chrono::seconds{1}};
}

std::optional<core::market::OrderRate> order_rate_of(std::string_view body) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS)
    return std::nullopt;
  const auto reply = Object::of(dom::element{root});
  const auto header = reply ? reply->object("header") : std::nullopt;
  const auto limit = header ? header->text("X-Bapi-Limit") : std::nullopt;
  return limit ? order_rate(*limit) : std::nullopt;
}

CancelReply parse_cancel(int status, std::string_view body) {
  const Answer answer{status, body};
  CancelReply reply;
  reply.accepted = answer.good();
  if (reply.accepted)
    return reply;
  reply.error = answer.error();
  reply.already_final = answer.code() && is_one_of(final_codes, *answer.code());
  reply.unknown = !reply.already_final && answer.unknown();
  return reply;
}

Result<std::optional<VenueOrder>> parse_query(MarketType type, int status, std::string_view body) {
  const Answer answer{status, body};
  if (!answer.good()) {
    if (answer.code() && is_one_of(final_codes, *answer.code()))
      return std::optional<VenueOrder>{};
    return answer.failure();
  }
  std::optional<VenueOrder> found;
  const auto read = for_each_item(answer, [&](const Object& item) {
    auto order = read_order(type, item);
    if (order && !found)
      found = std::move(order);
    return found.has_value();
  });
  if (!read)
    return tl::unexpected{read.error()};
  return found;
}

Result<OrderPage> parse_open_orders(MarketType type, int status, std::string_view body) {
  const Answer answer{status, body};
  if (!answer.good())
    return answer.failure();
  OrderPage page;
  const auto read = for_each_item(answer, [&](const Object& item) {
    auto order = read_order(type, item);
    if (!order)
      return false;
    page.orders.push_back(*std::move(order));
    return true;
  });
  if (!read)
    return tl::unexpected{read.error()};
  page.next_cursor = cursor_of(answer);
  return page;
}

Result<FillPage> parse_fills(MarketType type, int status, std::string_view body) {
  const Answer answer{status, body};
  if (!answer.good())
    return answer.failure();
  FillPage page;
  const auto read = for_each_item(answer, [&](const Object& item) {
    auto execution = read_execution(type, item);
    if (execution && execution->is_trade)
      page.fills.push_back(std::move(execution->fill));
    return execution.has_value();
  });
  if (!read)
    return tl::unexpected{read.error()};
  page.next_cursor = cursor_of(answer);
  return page;
}

Result<std::vector<Balance>> parse_balances(int status, std::string_view body) {
  const Answer answer{status, body};
  if (!answer.good())
    return answer.failure();
  std::vector<Balance> balances;
  const auto read = for_each_item(answer, [&](const Object& account) {
    const auto coins = account.array("coin");
    if (!coins)
      return false;
    for (const dom::element row : *coins) {
      const auto item = Object::of(dom::element{row});
      auto balance = item ? read_coin(*item) : std::nullopt;
      if (!balance)
        return false;
      balances.push_back(*std::move(balance));
    }
    return true;
  });
  if (!read)
    return tl::unexpected{read.error()};
  return balances;
}

Result<PositionPage> parse_positions(int status, std::string_view body) {
  const Answer answer{status, body};
  if (!answer.good())
    return answer.failure();
  PositionPage page;
  bool hedged = false;
  const auto read = for_each_item(answer, [&](const Object& item) {
    const auto position = read_position(item);
    if (position)
      page.positions.push_back(*position);
    hedged = hedged || item.integer("positionIdx").value_or(0) != 0;
    return position.has_value();
  });
  if (!read)
    return tl::unexpected{read.error()};
  if (hedged)
    return core::fail(Errc::risk_rejected,
                      "the account is in hedge mode; this engine trades in one-way mode",
                      std::string{wire::source});
  page.next_cursor = cursor_of(answer);
  return page;
}

Result<AccountFees> parse_fees(int status, std::string_view body) {
  const Answer answer{status, body};
  if (!answer.good())
    return answer.failure();
  std::optional<Result<AccountFees>> found;
  const auto read = for_each_item(answer, [&](const Object& item) {
    const auto maker = rate_of(item, "makerFeeRate");
    const auto taker = rate_of(item, "takerFeeRate");
    if (maker && taker && !found)
      found = AccountFees{*maker, *taker};
    return maker && taker;
  });
  if (!read)
    return tl::unexpected{read.error()};
  return found.value_or(Answer::malformed("no fee rate"));
}

Result<KeyRights> parse_key_rights(int status, std::string_view body) {
  const Answer answer{status, body};
  if (!answer.good())
    return answer.failure();
  const auto result = answer.result();
  const auto permissions = result ? result->object("permissions") : std::nullopt;
  if (!permissions)
    return Answer::malformed("an answer without permissions");
  KeyRights rights;
  rights.withdraw = names(*permissions, "Wallet", "Withdraw");
  rights.trade = result->integer("readOnly").value_or(0) == 0
                 && (names(*permissions, "Spot", "SpotTrade")
                     || names(*permissions, "ContractTrade", "Order"));
  return rights;
}

} // namespace tandem::adapters::venues::bybit
