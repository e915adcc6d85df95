/// The one way to raise an alert: a line in the log and an event for everyone who watches.
#pragma once

#include "messages/context.hpp"
#include "messages/events.hpp"

#include <caf/send.hpp>

#include <string>
#include <utility>

namespace tandem::messages {

/// @param source what it is about (a market, an actor's path, a file). @param pair empty when it
/// concerns no single pair. Any thread.
inline void publish_alert(const Context& context, Severity severity, std::string code,
                          std::string source, const std::string& text, core::PairId pair = {}) {
  context.log->write(severity == Severity::info ? core::LogLevel::info : core::LogLevel::warning,
                     code, {{"exchange", source}, {"pairId", pair.text()}, {"message", text}});
  const auto bus = context.directory->get<MarketBusHandle>(paths::market_bus);
  auto message = source + ": " + text;
  if (bus)
    caf::anon_send(bus, EngineAlert{.severity = severity,
                                    .code = std::move(code),
                                    .message = std::move(message),
                                    .pair = std::move(pair),
                                    .source = std::move(source),
                                    .ts = core::to_millis(context.clocks.wall())});
}

} // namespace tandem::messages
