#include "actors/api/http_handlers.hpp"

namespace tandem::actors {

/// Without a default: an operation that nothing answers does not compile.
Handler handler_of(adapters::traders::OperationId id) {
  using enum adapters::traders::OperationId;
  switch (id) {
  case get_health:
  case get_liveness:
    return handlers::health;
  case get_readiness:
    return handlers::readiness;
  case list_exchanges:
    return handlers::list_exchanges;
  case get_exchange:
    return handlers::get_exchange;
  case get_price:
    return handlers::get_price;
  case get_prices:
    return handlers::get_prices;
  case get_market:
    return handlers::get_market;
  case get_book:
    return handlers::get_book;
  case list_pairs:
    return handlers::list_pairs;
  case create_pair:
    return handlers::create_pair;
  case get_pair:
    return handlers::get_pair;
  case update_pair:
    return handlers::update_pair;
  case delete_pair:
    return handlers::delete_pair;
  case get_pair_state:
    return handlers::get_pair_state;
  case pause_pair:
    return handlers::pause_pair;
  case resume_pair:
    return handlers::resume_pair;
  case execute_pair:
    return handlers::execute_pair;
  case list_opportunities:
    return handlers::list_opportunities;
  case list_executions:
    return handlers::list_executions;
  case list_orders:
    return handlers::list_orders;
  case list_plans:
    return handlers::list_plans;
  case create_plan:
    return handlers::create_plan;
  case get_plan:
    return handlers::get_plan;
  case update_plan:
    return handlers::update_plan;
  case delete_plan:
    return handlers::delete_plan;
  case get_plan_status:
    return handlers::get_plan_status;
  case control_plan:
    return handlers::control_plan;
  case get_account:
    return handlers::get_account;
  case accept_differences:
    return handlers::accept_differences;
  case get_exposure:
    return handlers::get_exposure;
  case list_breakers:
    return handlers::list_breakers;
  case trip_breaker:
    return handlers::trip_breaker;
  case reset_breaker:
    return handlers::reset_breaker;
  case list_kills:
    return handlers::list_kills;
  case throw_kill:
    return handlers::throw_kill;
  case release_kill:
    return handlers::release_kill;
  case get_api_keys:
    return handlers::get_api_keys;
  case put_api_keys:
    return handlers::put_api_keys;
  case test_api_keys:
    return handlers::test_api_keys;
  case list_alerts:
    return handlers::list_alerts;
  case list_actors:
    return handlers::list_actors;
  case kill_actor:
    return handlers::kill_actor;
  }
  return DirectHandler{nullptr};
}

} // namespace tandem::actors
