#include "adapters/traders/pairs.hpp"

#include "adapters/traders/fields.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

namespace tandem::adapters::traders {
namespace {

using core::Decimal;
using core::strategy::PairConfig;

/// Refuses what is not in `known`, so that a misspelt limit is not silently off.
template <std::size_t N>
core::Status only(const Json& object, const std::string& prefix,
                  const std::array<std::string_view, N>& known) {
  for (const auto& [name, value] : *object.object())
    if (std::find(known.begin(), known.end(), name) == known.end())
      return refuse(prefix + excerpt(name), "unknown field");
  return {};
}

core::Status read_leg(const Json& body, const std::string& name, core::InstrumentKey& leg,
                      bool required) {
  const auto* value = body.find(name);
  if (value == nullptr)
    return required ? core::Status{refuse(name, "is missing")} : core::Status{};
  if (value->object() == nullptr)
    return refuse(name, "must be an object {exchange, symbol, type}");
  if (auto known = only<3>(*value, name + ".", {"exchange", "symbol", "type"}); !known)
    return known;
  const auto read = [&](const char* key, auto take) -> core::Status {
    const auto field = name + "." + key;
    const auto* member = value->find(key);
    if (member == nullptr)
      return required ? core::Status{refuse(field, "is missing")} : core::Status{};
    const auto text = text_of(*member, field);
    if (!text)
      return tl::unexpected{text.error()};
    return take(*text, field);
  };
  if (auto done = read("exchange",
                       [&](const std::string& text, const std::string& field) -> core::Status {
                         if (text.empty() || text.size() > 64)
                           return refuse(field, "must have 1 to 64 characters");
                         leg.venue = core::VenueId{text};
                         return {};
                       });
      !done)
    return done;
  if (auto done = read("symbol",
                       [&](const std::string& text, const std::string& field) -> core::Status {
                         if (text.empty() || text.size() > 64)
                           return refuse(field, "must have 1 to 64 characters");
                         leg.symbol = core::Symbol{text};
                         return {};
                       });
      !done)
    return done;
  return read("type", [&](const std::string& text, const std::string& field) -> core::Status {
    if (text == "spot")
      leg.type = core::MarketType::spot;
    else if (text == "linear")
      leg.type = core::MarketType::linear;
    else
      return refuse(field, "must be 'spot' or 'linear', not '" + excerpt(text) + "'");
    return {};
  });
}

core::Status read_fee(const Json& options, const char* key,
                      std::optional<core::strategy::FeeRate>& fee) {
  const auto* value = options.find(key);
  if (value == nullptr)
    return {};
  const std::string field = std::string{"options."} + key;
  if (value->null()) {
    fee.reset();
    return {};
  }
  const auto* number = value->number();
  const auto* text = value->string();
  if (number == nullptr && text == nullptr)
    return refuse(field, "must be a number, e.g. 0.001 for 0.1 %");
  const auto parsed = core::strategy::parse_fee_rate(number != nullptr ? number->text : *text);
  if (!parsed)
    return refuse(field, parsed.error().detail);
  fee = *parsed;
  return {};
}

core::Status read_options(const Json& body, core::strategy::PairOptions& options) {
  const auto* value = body.find("options");
  if (value == nullptr)
    return {};
  if (value->object() == nullptr)
    return refuse("options", "must be an object");
  if (auto known = only<5>(*value, "options.",
                           {"leg1Fee", "leg2Fee", "bookAgeMaxMs", "changePercent", "levels"});
      !known)
    return known;
  if (auto done = read_fee(*value, "leg1Fee", options.leg1_fee); !done)
    return done;
  if (auto done = read_fee(*value, "leg2Fee", options.leg2_fee); !done)
    return done;
  if (const auto* age = value->find("bookAgeMaxMs")) {
    const auto parsed = integer_of(*age, "options.bookAgeMaxMs");
    if (!parsed)
      return tl::unexpected{parsed.error()};
    options.book_age_max = std::chrono::milliseconds{*parsed};
  }
  if (const auto* change = value->find("changePercent")) {
    const auto parsed = decimal_of(*change, "options.changePercent");
    if (!parsed)
      return tl::unexpected{parsed.error()};
    options.change_percent = *parsed;
  }
  if (const auto* levels = value->find("levels")) {
    const auto parsed = integer_of(*levels, "options.levels");
    if (!parsed)
      return tl::unexpected{parsed.error()};
    if (*parsed < 1 || *parsed > 50)
      return refuse("options.levels", "must be 1 to 50");
    options.levels = static_cast<std::size_t>(*parsed);
  }
  return {};
}

core::Status read_amount(const Json& body, const char* key, Decimal& amount, bool required) {
  const auto* value = body.find(key);
  if (value == nullptr)
    return required ? core::Status{refuse(key, "is missing")} : core::Status{};
  const auto parsed = decimal_of(*value, key);
  if (!parsed)
    return tl::unexpected{parsed.error()};
  amount = *parsed;
  return {};
}

core::Status read_words(const Json& body, PairConfig& pair) {
  if (const auto* value = body.find("direction")) {
    const auto text = text_of(*value, "direction");
    if (!text)
      return tl::unexpected{text.error()};
    const auto rule = core::strategy::parse_direction_rule(*text);
    if (!rule)
      return refuse("direction", "must be auto, leg1_buy_leg2_sell or leg1_sell_leg2_buy");
    pair.direction = *rule;
  }
  if (const auto* value = body.find("mode")) {
    const auto text = text_of(*value, "mode");
    if (!text)
      return tl::unexpected{text.error()};
    const auto mode = core::strategy::parse_pair_mode(*text);
    if (!mode)
      return refuse("mode", "must be active or read_only");
    pair.mode = *mode;
  }
  if (const auto* value = body.find("enabled")) {
    if (value->boolean() == nullptr)
      return refuse("enabled", "must be true or false");
    pair.enabled = *value->boolean();
  }
  if (const auto* value = body.find("id")) {
    const auto text = text_of(*value, "id");
    if (!text)
      return tl::unexpected{text.error()};
    if (text->empty())
      return refuse("id", "must be 1 to 64 letters, digits, '_' or '-', or absent");
    pair.id = core::PairId{*text};
  }
  return {};
}

} // namespace

core::Result<PairConfig> parse_pair(const Json& body, const std::optional<PairConfig>& base) {
  if (body.object() == nullptr)
    return refuse("", "the body must be a JSON object");
  if (auto known = only<10>(body, "",
                            {"id", "leg1", "leg2", "threshold", "qty", "totalAmount", "direction",
                             "enabled", "mode", "options"});
      !known)
    return tl::unexpected{known.error()};
  PairConfig pair = base.value_or(PairConfig{});
  const bool required = !base.has_value();
  if (auto done = read_leg(body, "leg1", pair.leg1, required); !done)
    return tl::unexpected{done.error()};
  if (auto done = read_leg(body, "leg2", pair.leg2, required); !done)
    return tl::unexpected{done.error()};
  if (auto done = read_amount(body, "threshold", pair.threshold, required); !done)
    return tl::unexpected{done.error()};
  if (auto done = read_amount(body, "qty", pair.quantity, required); !done)
    return tl::unexpected{done.error()};
  if (auto done = read_amount(body, "totalAmount", pair.total_amount, false); !done)
    return tl::unexpected{done.error()};
  if (auto done = read_words(body, pair); !done)
    return tl::unexpected{done.error()};
  if (auto done = read_options(body, pair.options); !done)
    return tl::unexpected{done.error()};
  auto checked = pair;
  if (checked.id.empty())
    checked.id = core::PairId{"derived"}; // made from the legs later
  if (const auto problems = core::strategy::check_pair(checked); !problems.empty())
    return refuse(problems.front().field, problems.front().message);
  return pair;
}

void write_pair(JsonWriter& out, const PairConfig& pair) {
  const auto leg = [&](const char* name, const core::InstrumentKey& key) {
    out.key(name).begin_object();
    out.field("exchange", key.venue.text())
        .field("symbol", key.symbol.text())
        .field("type", core::to_string(key.type));
    out.end_object();
  };
  const auto fee = [&](const char* name, const std::optional<core::strategy::FeeRate>& rate) {
    if (rate)
      out.field(name, Decimal{rate->e8, 8});
  };
  out.begin_object().field("id", pair.id.text());
  leg("leg1", pair.leg1);
  leg("leg2", pair.leg2);
  out.field("threshold", pair.threshold)
      .field("qty", pair.quantity)
      .field("totalAmount", pair.total_amount);
  out.field("direction", core::strategy::to_string(pair.direction)).field("enabled", pair.enabled);
  out.field("mode", core::strategy::to_string(pair.mode));
  out.key("options").begin_object();
  fee("leg1Fee", pair.options.leg1_fee);
  fee("leg2Fee", pair.options.leg2_fee);
  out.field("bookAgeMaxMs", static_cast<std::int64_t>(pair.options.book_age_max.count()));
  out.field("changePercent", pair.options.change_percent);
  out.field("levels", static_cast<std::uint64_t>(pair.options.levels));
  out.end_object().end_object();
}

void write_spread(JsonWriter& out, const core::strategy::Spread& spread) {
  out.begin_object();
  out.field("direction", core::strategy::to_string(spread.direction));
  out.key("qty").raw(core::format_scaled(spread.quantity.units, spread.scale.quantity_decimals));
  out.field("buyPrice", spread.buy_price()).field("sellPrice", spread.sell_price());
  out.field("spread", spread.price_difference());
  out.field("grossPercent", spread.gross_percent()).field("netPercent", spread.net_percent());
  out.end_object();
}

} // namespace tandem::adapters::traders
