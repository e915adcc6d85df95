/// What the engine answers, as the tables of the console. Pure; whatever is missing or of another
/// kind is left empty, so that an older console shows what it knows of a newer engine.
#pragma once

#include "adapters/transport/json.hpp"
#include "core/console/rates.hpp"
#include "core/console/screen.hpp"

#include <string>
#include <string_view>

namespace tandem::adapters::console {

/// The "data" of a success; the error of a refusal. Errors: as told by the engine; malformed when
/// it is no envelope.
[[nodiscard]] core::Result<transport::Json> read_reply(std::string_view body);

/// @param data of GET /api/engine/actors
[[nodiscard]] core::console::Counts message_counts(const transport::Json& data);
[[nodiscard]] core::console::Table tree_table(const transport::Json& data,
                                              const core::console::Rates& rates);

/// @param data of GET /api/engine/pairs
[[nodiscard]] core::console::Table pair_table(const transport::Json& data);
/// @param data of GET /api/twap/plans
[[nodiscard]] core::console::Table plan_table(const transport::Json& data);
/// @param data of GET /api/orders
[[nodiscard]] core::console::Table order_table(const transport::Json& data);
/// @param data of GET /api/risk/breakers
[[nodiscard]] core::console::Table breaker_table(const transport::Json& data);
/// @param data of GET /api/engine/sinks
[[nodiscard]] core::console::Table sink_table(const transport::Json& data);
/// @param data of GET /api/engine/actors: each market with its feed, private feed and gateway.
[[nodiscard]] core::console::Table venue_table(const transport::Json& data,
                                               const core::console::Rates& rates);
/// @param data of GET /api/engine/log. Adds the lines to a table that has at most `lines_kept`.
void add_log(core::console::Table& table, const transport::Json& data);
inline constexpr std::size_t lines_kept = 1'000;

/// @param data of GET /api/engine/actor
[[nodiscard]] core::console::Detail actor_detail(const transport::Json& data);

/// @param data of GET /api/risk/kill: "all (by api: too fast)"
[[nodiscard]] std::vector<std::string> kill_texts(const transport::Json& data);

/// Into the head of the screen. @param data of GET /health
void read_health(core::console::Model& model, const transport::Json& data);

} // namespace tandem::adapters::console
