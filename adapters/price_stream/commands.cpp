#include "adapters/price_stream/commands.hpp"

#include "adapters/price_stream/symbols.hpp"

#include <utility>

namespace tandem::adapters::price_stream {
namespace {

constexpr std::string_view subscribe = "subscribe:";
constexpr std::string_view unsubscribe = "unsubscribe:";

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto from = text.find_first_not_of(blanks);
  if (from == std::string_view::npos)
    return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

} // namespace

core::Result<std::optional<Command>> parse_command(std::string_view text) {
  const bool in = text.starts_with(subscribe);
  if (!in && !text.starts_with(unsubscribe))
    return std::optional<Command>{};
  auto symbol = parse_symbol(trimmed(text.substr(in ? subscribe.size() : unsubscribe.size())));
  if (!symbol)
    return tl::unexpected<core::Error>{std::move(symbol).error()};
  return std::optional{Command{in ? Verb::subscribe : Verb::unsubscribe, std::move(*symbol)}};
}

std::string done_text(const Command& command) {
  return (command.verb == Verb::subscribe ? "已訂閱 " : "已取消訂閱 ") + command.symbol.text();
}

std::string error_text(std::string_view why) {
  return "錯誤: " + std::string{why};
}

} // namespace tandem::adapters::price_stream
