#include "apps/tandem/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace tandem::apps {
namespace {

using messages::OpportunityRecord;

struct Totals {
  std::size_t count = 0;
  std::int64_t lifetime_ms = 0, lifetime_max_ms = 0;
};

std::string line(const OpportunityRecord& record) {
  const auto& opened = record.opened.event;
  const auto& latest = record.latest.event;
  const auto quantity
      = core::format_scaled(opened.spread.quantity.units, opened.spread.scale.quantity_decimals);
  return fmt::format(
      "opportunity pair={} number={} direction={} opened={} lifetime_ms={} qty={} gross_percent={} "
      "net_percent={} "
      "best_net_percent={} changes={} {}",
      record.opened.pair.text(), opened.number, core::strategy::to_string(opened.spread.direction),
      opened.venue_time, latest.venue_lifetime.count(), quantity,
      opened.spread.gross_percent().to_string(), opened.spread.net_percent().to_string(),
      latest.net_percent_best.to_string(), record.changes, record.ended() ? "ended" : "open");
}

} // namespace

void print_opportunities(const messages::OpportunityRecords& records, std::ostream& out) {
  std::vector<const OpportunityRecord*> sorted;
  for (const auto& record : records.records)
    sorted.push_back(&record);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    const auto key = [](const auto* r) {
      return std::tuple{r->opened.pair.text(), r->opened.event.number};
    };
    return key(a) < key(b);
  });
  std::map<std::string, Totals> totals;
  for (const auto* record : sorted) {
    out << line(*record) << '\n';
    auto& total = totals[record->opened.pair.text()];
    ++total.count;
    const auto lifetime = record->latest.event.venue_lifetime.count();
    total.lifetime_ms += lifetime;
    total.lifetime_max_ms = std::max(total.lifetime_max_ms, lifetime);
  }
  for (const auto& [pair, total] : totals)
    out << fmt::format("pair={} opportunities={} lifetime_ms_sum={} lifetime_ms_max={}\n", pair,
                       total.count, total.lifetime_ms, total.lifetime_max_ms);
  out << fmt::format("opportunities={} kept={}\n", records.total, sorted.size());
}

} // namespace tandem::apps
