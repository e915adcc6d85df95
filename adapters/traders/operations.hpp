/// What can be asked of an engine: one row for every operation. The REST routes, their twins in
/// gRPC, the OpenAPI document, roles and the audit log are all made from these rows, so that none
/// of them can know a route that the others do not.
#pragma once

#include "core/security/role.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::adapters::traders {

/// In the order of operations().
enum class OperationId : std::uint8_t {
  get_health,
  get_liveness,
  get_readiness,
  list_exchanges,
  get_exchange,
  get_price,
  get_prices,
  get_market,
  get_book,
  list_pairs,
  create_pair,
  get_pair,
  update_pair,
  delete_pair,
  get_pair_state,
  pause_pair,
  resume_pair,
  execute_pair,
  list_opportunities,
  list_executions,
  list_orders,
  decide_order,
  list_plans,
  create_plan,
  get_plan,
  update_plan,
  delete_plan,
  get_plan_status,
  control_plan,
  get_account,
  accept_differences,
  get_exposure,
  list_breakers,
  trip_breaker,
  reset_breaker,
  list_kills,
  throw_kill,
  release_kill,
  get_api_keys,
  put_api_keys,
  test_api_keys,
  list_alerts,
  list_actors,
  kill_actor,
  get_actor,
  restart_actor,
  pause_actor,
  resume_actor,
  list_pair_states,
  list_sinks,
  get_log,
  set_log_level,
  get_config,
  stage_config,
  apply_config,
  run_drill,
};

enum class ParameterKind : std::uint8_t {
  text,
  whole_number, ///< 1 to `most`
  choice,       ///< one of `choices`, divided by '|'
};

/// A parameter of the query.
struct QueryParameter {
  std::string_view name;
  ParameterKind kind = ParameterKind::text;
  std::string_view about; ///< what it does, and what is taken when it is left out
  std::size_t most = 0;
  std::string_view choices{};
  bool required = false;
};

/// What an operation does to the engine.
enum class Effect : std::uint8_t {
  reads,
  commands, ///< changes something: audited, and takes an idempotency key
};

struct Operation {
  OperationId id{};
  std::string_view name; ///< "ListPairs": the method in gRPC, operationId in OpenAPI
  std::string_view method;
  std::string_view path; ///< "/api/monitoring/pairs/{id}"
  core::security::Role role{};
  Effect effect = Effect::reads;
  std::string_view tag;     ///< the chapter it stands in
  std::string_view summary; ///< one sentence, for people
  std::span<const QueryParameter> query{};
  bool has_body = false;
  bool needs_trading = false; ///< refused by an engine that only watches
  bool urgent = false;        ///< overtakes whatever waits in mailboxes: kill switches, breakers
};

[[nodiscard]] std::span<const Operation> operations() noexcept;
[[nodiscard]] const Operation& operation(OperationId id) noexcept;

/// A second method by which clients of the earlier system ask for the same; empty: none.
[[nodiscard]] std::string_view also_taken(const Operation& operation) noexcept;

/// The names within a path's braces, from left to right.
[[nodiscard]] std::vector<std::string_view> path_parameters(std::string_view path);

/// A request that is one of the operations.
struct Route {
  const Operation* operation = nullptr;
  std::vector<std::string> values; ///< of path_parameters()
};

/// What a request matched: `operation` is null for a path that is none of ours, or for another
/// method (`allow` then names those which the path takes, for the header of that name).
struct Match {
  Route route;
  std::string allow;
};

/// @param method HEAD counts as GET. @param path percent-decoded, no query.
[[nodiscard]] Match match(std::string_view method, std::string_view path);

/// What a browser or a scraper reads by GET: no operation of the engine's, and without a twin.
struct Page {
  std::string_view path, summary, type;
};

[[nodiscard]] std::span<const Page> pages() noexcept;

/// "/api/monitoring/pairs/{id}" and {"btc"} -> "/api/monitoring/pairs/btc", percent-encoded where
/// needed. @param values one for each of path_parameters().
[[nodiscard]] std::string path_of(const Operation& operation, std::span<const std::string> values);

} // namespace tandem::adapters::traders
