/// What `tandem price-stream` does once and says: a look at the database, a report of it.
#pragma once

#include "config/price_stream.hpp"

#include <iosfwd>

namespace tandem::apps {

/// Writes a point to test_measurement and reads it back. @return exit_ok, or exit_unavailable with
/// a reason on `err`.
[[nodiscard]] int test_database(const config::PriceStreamConfig& config, std::ostream& out,
                                std::ostream& err);

/// A report for the first symbol with data in the last 24 hours. Without one it says so and is
/// done. @return as test_database
[[nodiscard]] int analyze(const config::PriceStreamConfig& config, std::ostream& out,
                          std::ostream& err);

} // namespace tandem::apps
