/// The closing report of a replay: every opportunity with direction, size and life time, as text
/// that a script can compare.
#pragma once

#include "messages/events.hpp"

#include <ostream>

namespace tandem::apps {

/// One line per opportunity in the order they opened, then totals per pair. Times are the venues'
/// stamps, so that two runs print the same.
void print_opportunities(const messages::OpportunityRecords& records, std::ostream& out);

} // namespace tandem::apps
