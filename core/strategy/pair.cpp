#include "core/strategy/pair.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

namespace tandem::core::strategy {
namespace {

constexpr std::size_t id_length_max = 64;
/// Left free in a derived id, for what makes it unique: "_9999".
constexpr std::size_t id_suffix_max = 5;
constexpr int amount_decimals_max = 12;
constexpr int percent_decimals_max = 8;

bool id_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

} // namespace

std::string_view to_string(DirectionRule rule) noexcept {
  switch (rule) {
  case DirectionRule::automatic:
    return "auto";
  case DirectionRule::leg1_buy_leg2_sell:
    return "leg1_buy_leg2_sell";
  case DirectionRule::leg1_sell_leg2_buy:
    return "leg1_sell_leg2_buy";
  }
  return "auto";
}

std::string_view to_string(Direction direction) noexcept {
  return direction == Direction::leg1_buy_leg2_sell ? "leg1_buy_leg2_sell" : "leg1_sell_leg2_buy";
}

std::string_view to_string(PairMode mode) noexcept {
  return mode == PairMode::active ? "active" : "read_only";
}

Result<DirectionRule> parse_direction_rule(std::string_view text) {
  for (const auto rule : {DirectionRule::automatic, DirectionRule::leg1_buy_leg2_sell,
                          DirectionRule::leg1_sell_leg2_buy})
    if (text == to_string(rule))
      return rule;
  return fail(Errc::validation_error,
              "not auto, leg1_buy_leg2_sell or leg1_sell_leg2_buy: " + std::string{text});
}

Result<PairMode> parse_pair_mode(std::string_view text) {
  for (const auto mode : {PairMode::active, PairMode::read_only})
    if (text == to_string(mode))
      return mode;
  return fail(Errc::validation_error, "not active or read_only: " + std::string{text});
}

std::vector<PairProblem> check_pair(const PairConfig& pair) {
  std::vector<PairProblem> problems;
  const auto refuse = [&](std::string field, std::string message) {
    problems.push_back({std::move(field), std::move(message)});
  };
  const auto& id = pair.id.text();
  if (id.empty() || id.size() > id_length_max || !std::all_of(id.begin(), id.end(), id_character))
    refuse("id", "must be 1 to 64 letters, digits, '_' or '-'");
  for (const auto& [name, leg] : {std::pair{"leg1", &pair.leg1}, std::pair{"leg2", &pair.leg2}}) {
    if (leg->venue.empty())
      refuse(std::string{name} + ".exchange", "must not be empty");
    if (leg->symbol.empty())
      refuse(std::string{name} + ".symbol", "must not be empty");
  }
  if (pair.leg1 == pair.leg2)
    refuse("leg2", "must differ from leg1");
  const auto positive = [&](const char* field, const Decimal& value, int decimals) {
    if (value.is_negative() || value.is_zero())
      refuse(field, "must be above 0");
    else if (value.decimals() > decimals)
      refuse(field, "must have at most " + std::to_string(decimals) + " decimals");
  };
  positive("threshold", pair.threshold, percent_decimals_max);
  if (pair.threshold > Decimal{100, 0})
    refuse("threshold", "is in percent and must be at most 100");
  positive("qty", pair.quantity, amount_decimals_max);
  if (pair.total_amount.is_negative())
    refuse("totalAmount", "must not be negative (0 = no cap)");
  else if (pair.total_amount.decimals() > amount_decimals_max)
    refuse("totalAmount", "must have at most " + std::to_string(amount_decimals_max) + " decimals");
  if (pair.options.book_age_max < std::chrono::milliseconds{10}
      || pair.options.book_age_max > std::chrono::minutes{10})
    refuse("options.bookAgeMaxMs", "must be 10 to 600000");
  positive("options.changePercent", pair.options.change_percent, percent_decimals_max);
  const auto fee = [&](const char* field, const std::optional<FeeRate>& rate) {
    if (rate && (*rate < fee_rate_min || *rate > fee_rate_max))
      refuse(field, "must be -0.01 to 0.1");
  };
  fee("options.leg1Fee", pair.options.leg1_fee);
  fee("options.leg2Fee", pair.options.leg2_fee);
  if (pair.options.levels < 1 || pair.options.levels > 50)
    refuse("options.levels", "must be 1 to 50");
  return problems;
}

PairId derive_pair_id(const InstrumentKey& leg1, const InstrumentKey& leg2, std::string_view base) {
  std::string id = leg1.venue.text() + "_" + leg2.venue.text() + "_" + lower(base);
  if (leg1.venue == leg2.venue)
    id = leg1.venue.text() + "_" + std::string{to_string(leg1.type)} + "_"
         + std::string{to_string(leg2.type)} + "_" + lower(base);
  std::replace_if(
      id.begin(), id.end(), [](char c) { return !id_character(c); }, '_');
  return PairId{id.substr(0, id_length_max - id_suffix_max)};
}

} // namespace tandem::core::strategy
