/// What answers each operation of adapters/traders/operations.hpp. A handler answers through the
/// call's Respond, now or later, exactly once. Private to actors/api.
#pragma once

#include "actors/api/http_ask.hpp"
#include "actors/api/http_surface.hpp"

#include <set>
#include <variant>

namespace tandem::actors {

/// Needs no other actor: runs on the I/O thread.
using DirectHandler = void (*)(HttpSurface&, const HttpCall&);
/// Runs in the interface's actor, which may ask its peers.
using ActorHandler = void (*)(const HttpSelf&, const HttpCall&);
using Handler = std::variant<DirectHandler, ActorHandler>;

[[nodiscard]] Handler handler_of(adapters::traders::OperationId id);

/// A person pauses or resumes a pair's executions; resuming ends every pause that waits for a
/// person. Only where the engine trades.
void pause_by_person(HttpSurface& impl, const std::string& pair, bool paused,
                     const std::string& person);

/// The exchanges of this engine.
[[nodiscard]] std::set<core::VenueId> venues_of(const HttpSurface& impl);

namespace handlers {

// http_engine.cpp
void health(HttpSurface& impl, const HttpCall& call);
void readiness(HttpSurface& impl, const HttpCall& call);
void list_exchanges(HttpSurface& impl, const HttpCall& call);
void get_exchange(HttpSurface& impl, const HttpCall& call);
void list_actors(HttpSurface& impl, const HttpCall& call);
void kill_actor(const HttpSelf& self, const HttpCall& call);
void list_alerts(const HttpSelf& self, const HttpCall& call);

// http_control.cpp
void get_actor(HttpSurface& impl, const HttpCall& call);
void restart_actor(HttpSurface& impl, const HttpCall& call);
void pause_actor(const HttpSelf& self, const HttpCall& call);
void resume_actor(const HttpSelf& self, const HttpCall& call);
void list_pair_states(const HttpSelf& self, const HttpCall& call);
void list_sinks(HttpSurface& impl, const HttpCall& call);
void get_log(HttpSurface& impl, const HttpCall& call);
void set_log_level(HttpSurface& impl, const HttpCall& call);
void get_config(HttpSurface& impl, const HttpCall& call);
void stage_config(HttpSurface& impl, const HttpCall& call);
void apply_config(HttpSurface& impl, const HttpCall& call);
void run_drill(HttpSurface& impl, const HttpCall& call);

// http_prices.cpp
void get_price(HttpSurface& impl, const HttpCall& call);
void get_prices(HttpSurface& impl, const HttpCall& call);
void get_market(HttpSurface& impl, const HttpCall& call);
void get_book(const HttpSelf& self, const HttpCall& call);

// http_pairs.cpp
void list_pairs(const HttpSelf& self, const HttpCall& call);
void create_pair(const HttpSelf& self, const HttpCall& call);
void get_pair(const HttpSelf& self, const HttpCall& call);
void update_pair(const HttpSelf& self, const HttpCall& call);
void delete_pair(const HttpSelf& self, const HttpCall& call);
void get_pair_state(const HttpSelf& self, const HttpCall& call);
void pause_pair(const HttpSelf& self, const HttpCall& call);
void resume_pair(const HttpSelf& self, const HttpCall& call);
void execute_pair(const HttpSelf& self, const HttpCall& call);
void list_opportunities(const HttpSelf& self, const HttpCall& call);

// http_plans.cpp
void list_plans(const HttpSelf& self, const HttpCall& call);
void create_plan(const HttpSelf& self, const HttpCall& call);
void get_plan(const HttpSelf& self, const HttpCall& call);
void update_plan(const HttpSelf& self, const HttpCall& call);
void delete_plan(const HttpSelf& self, const HttpCall& call);
void get_plan_status(const HttpSelf& self, const HttpCall& call);
void control_plan(const HttpSelf& self, const HttpCall& call);

// http_trading.cpp
void list_orders(const HttpSelf& self, const HttpCall& call);
void decide_order(const HttpSelf& self, const HttpCall& call);
void list_executions(const HttpSelf& self, const HttpCall& call);
void get_account(const HttpSelf& self, const HttpCall& call);
void accept_differences(const HttpSelf& self, const HttpCall& call);

// http_risk.cpp
void get_exposure(const HttpSelf& self, const HttpCall& call);
void list_breakers(const HttpSelf& self, const HttpCall& call);
void trip_breaker(const HttpSelf& self, const HttpCall& call);
void reset_breaker(const HttpSelf& self, const HttpCall& call);
void list_kills(const HttpSelf& self, const HttpCall& call);
void throw_kill(const HttpSelf& self, const HttpCall& call);
void release_kill(const HttpSelf& self, const HttpCall& call);

// http_settings.cpp
void get_api_keys(const HttpSelf& self, const HttpCall& call);
void put_api_keys(const HttpSelf& self, const HttpCall& call);
void test_api_keys(const HttpSelf& self, const HttpCall& call);

} // namespace handlers

} // namespace tandem::actors
