#include "adapters/price_stream/commands.hpp"

#include "adapters/price_stream/symbols.hpp"
#include "core/types/blanks.hpp"

#include <utility>

namespace tandem::adapters::price_stream {
namespace {

constexpr std::string_view subscribe = "subscribe:";
constexpr std::string_view unsubscribe = "unsubscribe:";

} // namespace

core::Result<std::optional<Command>> parse_command(std::string_view text) {
  const bool in = text.starts_with(subscribe);
  if (!in && !text.starts_with(unsubscribe))
    return std::optional<Command>{};
  auto symbol
      = parse_symbol(core::trimmed(text.substr(in ? subscribe.size() : unsubscribe.size())));
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
