/// What a WebSocket client may say as plain text, and what it is answered.
#pragma once

#include "core/result.hpp"
#include "core/types/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::adapters::price_stream {

enum class Verb : std::uint8_t { subscribe, unsubscribe };

struct Command {
  Verb verb = Verb::subscribe;
  core::Symbol symbol;
};

/// "subscribe:ETHUSDT" or "unsubscribe:ETHUSDT"; blanks around the symbol do not count. Nullopt:
/// anything else, which is ignored. Errors: validation_error (no symbol).
[[nodiscard]] core::Result<std::optional<Command>> parse_command(std::string_view text);

/// "已訂閱 ETHUSDT" or "已取消訂閱 ETHUSDT".
[[nodiscard]] std::string done_text(const Command& command);

/// "錯誤: ...": the provider is down, or the symbol is none.
[[nodiscard]] std::string error_text(std::string_view why);

} // namespace tandem::adapters::price_stream
