#include "core/orders/client_id.hpp"

#include "core/ensure.hpp"

namespace tandem::core::orders {
namespace {

constexpr std::string_view prefix = "td";
constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::size_t epoch_digits = 5;
constexpr std::size_t sequence_digits = 8;
constexpr std::size_t client_id_length
    = prefix.size() + engine_id_length + epoch_digits + sequence_digits;

bool is_engine_id(std::string_view text) noexcept {
  return text.size() == engine_id_length
         && text.find_first_not_of(digits) == std::string_view::npos;
}

std::string to_base36(std::uint64_t value, std::size_t length) {
  std::string text(length, '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at, value /= digits.size())
    *at = digits[value % digits.size()];
  return text;
}

std::optional<std::uint64_t> from_base36(std::string_view text) noexcept {
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == std::string_view::npos)
      return std::nullopt;
    value = value * digits.size() + digit;
  }
  return value;
}

} // namespace

Result<EngineId> parse_engine_id(std::string_view text) {
  if (!is_engine_id(text))
    return fail(Errc::validation_error, "an engine id is exactly 4 of [a-z0-9]");
  return EngineId{std::string{text}};
}

ClientOrderId make_client_id(const ClientIdParts& parts) {
  TANDEM_ENSURE(is_engine_id(parts.engine.text()));
  TANDEM_ENSURE(parts.epoch <= epoch_max);
  TANDEM_ENSURE(parts.sequence <= sequence_max);
  return ClientOrderId{std::string{prefix} + parts.engine.text()
                       + to_base36(parts.epoch, epoch_digits)
                       + to_base36(parts.sequence, sequence_digits)};
}

std::optional<ClientIdParts> parse_client_id(std::string_view text) {
  if (text.size() != client_id_length || !text.starts_with(prefix))
    return std::nullopt;
  text.remove_prefix(prefix.size());
  const auto engine = text.substr(0, engine_id_length);
  const auto epoch = from_base36(text.substr(engine_id_length, epoch_digits));
  const auto sequence = from_base36(text.substr(engine_id_length + epoch_digits));
  if (!is_engine_id(engine) || !epoch || !sequence)
    return std::nullopt;
  return ClientIdParts{EngineId{std::string{engine}}, *epoch, *sequence};
}

} // namespace tandem::core::orders
