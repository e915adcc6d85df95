/// `tandem price-stream`: the price server in a process of its own, set up by the variables that
/// its users have.
#pragma once

#include "config/load.hpp"

#include <iosfwd>
#include <string>

namespace tandem::apps {

enum class PriceStreamRun : std::uint8_t { status, install, test_db, analyze, basic, enhanced };

struct PriceStreamOptions {
  std::string env_file = ".env"; ///< need not be there
  bool env_required = false;     ///< somebody named it: then it must be
  PriceStreamRun run = PriceStreamRun::status;
};

/// Serves until told to stop (SIGINT, SIGTERM), or says what was asked for. @return the exit code
[[nodiscard]] int run_price_stream(const PriceStreamOptions& options,
                                   const config::Environment& environment, std::ostream& out,
                                   std::ostream& err);

} // namespace tandem::apps
