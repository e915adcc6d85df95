#include "adapters/traders/fields.hpp"

#include <algorithm>

namespace tandem::adapters::traders {

using core::Decimal;

tl::unexpected<core::Error> refuse(std::string field, std::string why) {
  return core::fail(core::Errc::validation_error, std::move(why), std::move(field));
}

core::Result<std::string> text_of(const Json& value, const std::string& field) {
  if (const auto* text = value.string())
    return *text;
  return refuse(field, "must be a string");
}

core::Result<Decimal> decimal_of(const Json& value, const std::string& field) {
  const auto* number = value.number();
  const auto* text = value.string();
  if (number == nullptr && text == nullptr)
    return refuse(field, "must be a number");
  auto parsed = Decimal::parse(number != nullptr ? number->text : *text);
  if (!parsed)
    return refuse(field, "must be a decimal number, at most 18 decimals: " + parsed.error().detail);
  return parsed;
}

core::Result<std::int64_t> integer_of(const Json& value, const std::string& field) {
  const auto parsed = decimal_of(value, field);
  if (!parsed)
    return tl::unexpected{parsed.error()};
  const auto whole = parsed->at_scale(0);
  if (!whole)
    return refuse(field, "must be a whole number");
  return *whole;
}

Fields::Fields(const Json& object, std::string prefix)
    : object_{object}, prefix_{std::move(prefix)} {
  if (object.object() == nullptr)
    status_ = refuse(prefix_.empty() ? prefix_ : prefix_.substr(0, prefix_.size() - 1),
                     prefix_.empty() ? "the body must be a JSON object" : "must be an object");
}

const Json* Fields::find(std::string_view key) {
  asked_.push_back(key);
  return status_ ? object_.find(key) : nullptr;
}

void Fields::fail(std::string_view key, std::string why) {
  if (status_)
    status_ = refuse(prefix_ + std::string{key}, std::move(why));
}

void Fields::take(core::Status status) {
  if (status_)
    status_ = std::move(status);
}

void Fields::require(std::string_view key) {
  if (status_ && object_.find(key) == nullptr)
    fail(key, "is missing");
}

void Fields::text(std::string_view key, std::string& target, std::size_t longest) {
  const auto* value = find(key);
  if (value == nullptr)
    return;
  const auto* text = value->string();
  if (text == nullptr || text->empty() || text->size() > longest)
    fail(key, "must be a string of 1 to " + std::to_string(longest) + " characters");
  else
    target = *text;
}

void Fields::decimal(std::string_view key, Decimal& target) {
  const auto* value = find(key);
  if (value == nullptr)
    return;
  if (auto parsed = decimal_of(*value, prefix_ + std::string{key}))
    target = *parsed;
  else
    take(tl::unexpected{std::move(parsed.error())});
}

void Fields::decimal(std::string_view key, std::optional<Decimal>& target) {
  const auto* value = find(key);
  if (value == nullptr)
    return;
  if (value->null())
    target.reset();
  else
    decimal(key, target.emplace());
}

void Fields::integer(std::string_view key, std::optional<std::int64_t>& target) {
  const auto* value = find(key);
  if (value == nullptr)
    return;
  if (value->null()) {
    target.reset();
    return;
  }
  if (auto parsed = integer_of(*value, prefix_ + std::string{key}))
    target = *parsed;
  else
    take(tl::unexpected{std::move(parsed.error())});
}

std::optional<std::int64_t> Fields::whole(std::string_view key, std::int64_t min,
                                          std::int64_t max) {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  auto parsed = integer_of(*value, prefix_ + std::string{key});
  if (!parsed) {
    take(tl::unexpected{std::move(parsed.error())});
    return std::nullopt;
  }
  if (*parsed >= min && *parsed <= max)
    return *parsed;
  fail(key, "must be " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

void Fields::boolean(std::string_view key, bool& target) {
  const auto* value = find(key);
  if (value == nullptr)
    return;
  if (value->boolean() == nullptr)
    fail(key, "must be true or false");
  else
    target = *value->boolean();
}

core::Status Fields::finish() {
  if (!status_)
    return status_;
  for (const auto& [name, value] : *object_.object())
    if (std::ranges::find(asked_, name) == asked_.end())
      return refuse(prefix_ + excerpt(name), "unknown field");
  return {};
}

} // namespace tandem::adapters::traders
