#include "adapters/traders/operations.hpp"

#include "adapters/transport/url.hpp"

#include <algorithm>
#include <optional>

namespace tandem::adapters::traders {
namespace {

using core::security::Role;
using enum OperationId;

constexpr std::size_t limit_max = 1'000;
constexpr std::string_view market_types = "spot|linear";

constexpr QueryParameter type_query{
    "type", ParameterKind::choice,
    "Which market of the exchange; without it the one where the symbol is listed, spot first.", 0,
    market_types};
constexpr QueryParameter limit_query{"limit", ParameterKind::whole_number,
                                     "At most so many, the newest first; 100 when left out.",
                                     limit_max};
constexpr QueryParameter pair_query{"pair", ParameterKind::text, "Only those of this pair."};

constexpr std::array of_market{type_query};
constexpr std::array of_price{QueryParameter{"depth", ParameterKind::whole_number,
                                             "Levels of each side; 20 when left out.", 50},
                              type_query};
constexpr std::array of_list{limit_query};
constexpr std::array of_pair_list{limit_query, pair_query};
constexpr std::array of_new_plan{
    QueryParameter{"dryRun", ParameterKind::choice,
                   "With true nothing is made: the answer says what the plan would do by the "
                   "books of this moment.",
                   0, "true|false"}};
constexpr std::array of_actor{
    QueryParameter{"path", ParameterKind::text, "Of the actor.", 0, {}, true}};
constexpr std::array of_log{
    QueryParameter{"after", ParameterKind::text, "Only lines of a larger number."}, limit_query,
    QueryParameter{"level", ParameterKind::choice, "That level and above; debug when left out.", 0,
                   "debug|info|warning|error"},
    QueryParameter{"path", ParameterKind::text, "Only what that part of the tree said."},
    QueryParameter{"category", ParameterKind::choice, "Only lines of that kind.", 0,
                   "error|performance|event"}};
constexpr std::array of_accept{
    QueryParameter{"type", ParameterKind::choice, "Which market.", 0, market_types, true}};

/// A read, to be refined by what follows.
constexpr Operation read(OperationId id, std::string_view name, std::string_view path,
                         std::string_view tag, std::string_view summary,
                         std::span<const QueryParameter> query = {}) {
  Operation row;
  row.id = id;
  row.name = name;
  row.method = "GET";
  row.path = path;
  row.role = Role::viewer;
  row.tag = tag;
  row.summary = summary;
  row.query = query;
  return row;
}

constexpr Operation command(OperationId id, std::string_view name, std::string_view method,
                            std::string_view path, Role role, std::string_view tag,
                            std::string_view summary, bool has_body = false) {
  auto row = read(id, name, path, tag, summary);
  row.method = method;
  row.role = role;
  row.effect = Effect::commands;
  row.has_body = has_body;
  return row;
}

constexpr Operation with_query(Operation row, std::span<const QueryParameter> query) {
  row.query = query;
  return row;
}

constexpr Operation with_body(Operation row) {
  row.has_body = true;
  row.method = "POST";
  return row;
}

/// Only where the engine trades.
constexpr Operation trading(Operation row) {
  row.needs_trading = true;
  return row;
}

constexpr Operation urgent(Operation row) {
  row.urgent = true;
  return trading(row);
}

constexpr Operation for_role(Operation row, Role role) {
  row.role = role;
  return row;
}

constexpr std::array rows{
    read(get_health, "GetHealth", "/health", "engine",
         "State of the engine and of each of its markets."),
    read(get_liveness, "GetLiveness", "/health/live", "engine",
         "The same; answers as long as the process serves."),
    read(get_readiness, "GetReadiness", "/health/ready", "engine",
         "The same; EXCHANGE_UNAVAILABLE until every market is connected."),
    read(list_exchanges, "ListExchanges", "/api/exchanges", "prices",
         "The configured exchanges, whether they are connected, and whether they have keys."),
    read(get_exchange, "GetExchange", "/api/exchanges/{exchange}", "prices",
         "One exchange with its markets, feeds, clock offset and request budget."),
    read(get_price, "GetPrice", "/api/prices/{exchange}/{symbol}", "prices",
         "Top of book and depth of an instrument.", of_price),
    with_body(read(get_prices, "GetPrices", "/api/prices/batch", "prices",
                   "Up to 100 books in one request; an item that fails says why in its place.")),
    read(get_market, "GetMarket", "/api/markets/{exchange}/{symbol}", "prices",
         "An instrument's trading rules with its latest trade, ticker and candle.", of_market),
    read(get_book, "GetBook", "/api/engine/books/{exchange}/{symbol}", "engine",
         "The whole book that a feed keeps, for comparison with the venue's.", of_market),
    read(list_pairs, "ListPairs", "/api/monitoring/pairs", "pairs", "All pairs."),
    command(create_pair, "CreatePair", "POST", "/api/monitoring/pairs", Role::trader, "pairs",
            "Makes a pair and begins to watch it.", true),
    read(get_pair, "GetPair", "/api/monitoring/pairs/{id}", "pairs", "One pair as configured."),
    command(update_pair, "UpdatePair", "PUT", "/api/monitoring/pairs/{id}", Role::trader, "pairs",
            "Changes a pair; what the body leaves out stays.", true),
    command(delete_pair, "DeletePair", "DELETE", "/api/monitoring/pairs/{id}", Role::trader,
            "pairs", "Ends a pair."),
    read(get_pair_state, "GetPairState", "/api/monitoring/pairs/{id}/state", "pairs",
         "What a pair sees and does at this moment: legs, spreads, pauses, execution."),
    trading(command(pause_pair, "PausePair", "POST", "/api/monitoring/pairs/{id}/pause",
                    Role::trader, "pairs", "Holds back a pair's executions.")),
    trading(command(resume_pair, "ResumePair", "POST", "/api/monitoring/pairs/{id}/resume",
                    Role::trader, "pairs", "Ends every pause of a pair that waits for a person.")),
    trading(command(execute_pair, "ExecutePair", "POST", "/api/arbitrage/execute/{id}",
                    Role::trader, "pairs",
                    "Trades a pair once, by its rules; answers when both legs have ended.")),
    read(list_opportunities, "ListOpportunities", "/api/opportunities", "pairs",
         "Spreads that paid.", of_pair_list),
    trading(read(list_executions, "ListExecutions", "/api/executions", "orders",
                 "Two-leg trades and what they earned.", of_pair_list)),
    trading(read(list_orders, "ListOrders", "/api/orders", "orders", "Orders of this engine.",
                 of_pair_list)),
    trading(command(
        decide_order, "DecideOrder", "POST", "/api/orders/{id}/decide", Role::risk, "orders",
        "A person says how an order ended of which the exchange does not tell it.", true)),
    trading(read(list_plans, "ListPlans", "/api/twap/plans", "plans", "All TWAP plans.")),
    trading(with_query(command(create_plan, "CreatePlan", "POST", "/api/twap/plans", Role::trader,
                               "plans", "Makes a TWAP plan and starts it.", true),
                       of_new_plan)),
    trading(read(get_plan, "GetPlan", "/api/twap/plans/{id}", "plans", "One plan as configured.")),
    trading(command(update_plan, "UpdatePlan", "PUT", "/api/twap/plans/{id}", Role::trader, "plans",
                    "Changes a plan; what the body leaves out stays.", true)),
    trading(command(delete_plan, "DeletePlan", "DELETE", "/api/twap/plans/{id}", Role::trader,
                    "plans", "Removes a plan that has ended.")),
    trading(read(get_plan_status, "GetPlanStatus", "/api/twap/{id}/status", "plans",
                 "How far a plan is.")),
    trading(command(control_plan, "ControlPlan", "POST", "/api/twap/{id}/control", Role::trader,
                    "plans", "Pauses, resumes or cancels a plan.", true)),
    trading(read(get_account, "GetAccount", "/api/account/{exchange}", "risk",
                 "Balances and positions at an exchange, and differences from ours.")),
    trading(with_query(command(accept_differences, "AcceptDifferences", "POST",
                               "/api/account/{exchange}/accept", Role::risk, "risk",
                               "Takes the exchange's numbers for ours and opens the market."),
                       of_accept)),
    trading(read(get_exposure, "GetExposure", "/api/risk/exposure", "risk",
                 "Positions and what is in flight, with the day's figures.")),
    trading(
        read(list_breakers, "ListBreakers", "/api/risk/breakers", "risk", "All circuit breakers.")),
    urgent(command(trip_breaker, "TripBreaker", "POST", "/api/risk/breakers/{name}/trip",
                   Role::risk, "risk", "Opens a circuit breaker by hand.")),
    urgent(command(reset_breaker, "ResetBreaker", "POST", "/api/risk/breakers/{name}/reset",
                   Role::risk, "risk", "Closes a circuit breaker.")),
    trading(
        read(list_kills, "ListKills", "/api/risk/kill", "risk", "Kill switches that are thrown.")),
    urgent(command(throw_kill, "ThrowKill", "POST", "/api/risk/kill", Role::risk, "risk",
                   "Stops new orders and cancels the working ones: of all, a venue, a strategy.",
                   true)),
    urgent(command(release_kill, "ReleaseKill", "DELETE", "/api/risk/kill", Role::risk, "risk",
                   "Lifts a kill switch.", true)),
    trading(for_role(read(get_api_keys, "GetApiKeys", "/api/settings/api", "settings",
                          "Which exchanges are connected by their keys; keys are never shown."),
                     Role::admin)),
    trading(command(put_api_keys, "PutApiKeys", "PUT", "/api/settings/api", Role::admin, "settings",
                    "Stores or removes exchanges' keys.", true)),
    trading(
        for_role(with_body(read(test_api_keys, "TestApiKeys", "/api/settings/api/test", "settings",
                                "Whether an exchange's account answers with the stored key.")),
                 Role::admin)),
    read(list_alerts, "ListAlerts", "/api/alerts", "engine", "Alerts.", of_list),
    read(list_actors, "ListActors", "/api/engine/actors", "engine",
         "The supervision tree with every actor's state and counters."),
    command(kill_actor, "KillActor", "POST", "/api/engine/actors/kill", Role::admin, "engine",
            "Ends an actor the hard way so that one can watch its supervisor; mode mock only.",
            true),
    read(get_actor, "GetActor", "/api/engine/actor", "engine",
         "One actor with its counters and the last messages that it handled.", of_actor),
    command(
        restart_actor, "RestartActor", "POST", "/api/engine/actors/restart", Role::admin, "engine",
        "Restarts an actor in order, through its supervisor, which counts it as no failure.", true),
    trading(command(pause_actor, "PauseActor", "POST", "/api/engine/actors/pause", Role::risk,
                    "engine", "Pauses the pairs and plans that depend on a part of the tree.",
                    true)),
    trading(command(resume_actor, "ResumeActor", "POST", "/api/engine/actors/resume", Role::trader,
                    "engine",
                    "Ends every pause, of the pairs and plans that depend on a part of the tree, "
                    "that waits for a person.",
                    true)),
    read(list_pair_states, "ListPairStates", "/api/engine/pairs", "engine",
         "All pairs with their states, what holds them, and their counters."),
    read(list_sinks, "ListSinks", "/api/engine/sinks", "engine",
         "The sinks with their states and counters."),
    read(get_log, "GetLog", "/api/engine/log", "engine",
         "The last lines of the log, oldest first, and from which level on which part of the tree "
         "speaks.",
         of_log),
    command(set_log_level, "SetLogLevel", "PUT", "/api/engine/log/level", Role::admin, "engine",
            "From which level on a part of the tree speaks in the log.", true),
    for_role(read(get_config, "GetConfig", "/api/engine/config", "engine",
                  "What the configuration file would change in the running engine."),
             Role::admin),
    command(stage_config, "StageConfig", "PUT", "/api/engine/config", Role::admin, "engine",
            "Looks at a new configuration, and keeps one without mistakes to be applied.", true),
    command(apply_config, "ApplyConfig", "POST", "/api/engine/config/apply", Role::admin, "engine",
            "Writes the staged configuration over the file, from which the engine takes it over."),
    command(run_drill, "RunDrill", "POST", "/api/engine/drill", Role::admin, "engine",
            "Makes the simulated venues fail in a chosen way; mode mock only.", true),
};

constexpr std::array all_pages{
    Page{"/", "A page that shows the engine at work.", "text/html"},
    Page{"/docs", "The OpenAPI document as a page.", "text/html"},
    Page{"/openapi.json", "The OpenAPI document.", "application/json"},
    Page{"/metrics", "Metrics in the text format of Prometheus.", "text/plain"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows.at(i).id) != i)
      return false;
  return true;
}

static_assert(in_order());

/// The next part of a path, and the rest after its slash.
std::string_view take_part(std::string_view& path) {
  const auto slash = path.find('/');
  const auto part = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  return part;
}

bool is_parameter(std::string_view part) {
  return part.starts_with('{');
}

/// The values of a path that fits a template.
std::optional<std::vector<std::string>> values_of(std::string_view form, std::string_view path) {
  if (std::count(form.begin(), form.end(), '/') != std::count(path.begin(), path.end(), '/'))
    return std::nullopt;
  std::vector<std::string> values;
  while (!form.empty() || !path.empty()) {
    const auto wanted = take_part(form);
    const auto part = take_part(path);
    if (is_parameter(wanted)) {
      if (part.empty())
        return std::nullopt;
      values.emplace_back(part);
    } else if (wanted != part) {
      return std::nullopt;
    }
  }
  return values;
}

void add_allowed(std::string& allow, std::string_view method) {
  if (method.empty())
    return;
  if (!allow.empty())
    allow += ", ";
  allow += method;
}

} // namespace

std::span<const Operation> operations() noexcept {
  return rows;
}

std::span<const Page> pages() noexcept {
  return all_pages;
}

std::string_view also_taken(const Operation& operation) noexcept {
  return operation.id == put_api_keys ? "POST" : "";
}

const Operation& operation(OperationId id) noexcept {
  return rows[static_cast<std::size_t>(id)];
}

std::vector<std::string_view> path_parameters(std::string_view path) {
  std::vector<std::string_view> names;
  while (!path.empty())
    if (const auto part = take_part(path); is_parameter(part))
      names.push_back(part.substr(1, part.size() - 2));
  return names;
}

Match match(std::string_view method, std::string_view path) {
  const auto wanted = method == "HEAD" ? std::string_view{"GET"} : method;
  Match result;
  for (const auto& row : rows) {
    auto values = values_of(row.path, path);
    if (!values)
      continue;
    if (row.method == wanted || also_taken(row) == wanted)
      return {{&row, std::move(*values)}, {}};
    add_allowed(result.allow, row.method);
    add_allowed(result.allow, also_taken(row));
  }
  if (std::ranges::find(all_pages, path, &Page::path) != all_pages.end())
    result.allow = "GET";
  return result;
}

std::string path_of(const Operation& operation, std::span<const std::string> values) {
  std::string result;
  auto form = operation.path.substr(1);
  auto value = values.begin();
  while (!form.empty()) {
    const auto part = take_part(form);
    result += '/';
    result += is_parameter(part) ? transport::percent_encoded(*value++) : std::string{part};
  }
  return result;
}

} // namespace tandem::adapters::traders
