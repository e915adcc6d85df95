/// Metrics of orders and risk. Reads what is thread safe; decides nothing. Private to actors/api.
#pragma once

#include "actors/api/http_options.hpp"
#include "actors/api/metric_families.hpp"
#include "messages/context.hpp"

namespace tandem::actors {

void add_trading(Families& families, const HttpTrading& trading, const messages::Context& context);

} // namespace tandem::actors
