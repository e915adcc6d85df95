#include "apps/tandem_world/world.hpp"

#include "apps/tandem_world/running_world.hpp"

#include <stdexcept>
#include <utility>

namespace tandem::world {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto faults_end = 30s; ///< from then on nothing goes wrong any more

std::vector<Fault> kept(const std::vector<Fault>& faults,
                        const std::optional<std::vector<std::size_t>>& keep) {
  if (!keep)
    return faults;
  std::vector<Fault> result;
  for (const auto at : *keep)
    if (at < faults.size())
      result.push_back(faults[at]);
  return result;
}

} // namespace

WorldOutcome run_world(const WorldOptions& options) {
  const StateDirectory directory;
  const auto scenery = draw_scenery(options.seed, directory.path());
  FaultBounds bounds;
  bounds.surfaces = scenery.surfaces;
  bounds.power_may_fail = options.menu == Menu::everything
                          || scenery.config.trading.durability == config::Durability::fsync;
  for (const auto& pair : scenery.config.pairs)
    bounds.pairs.push_back(pair.id.text());
  for (const auto& plan : scenery.config.plans)
    bounds.plans.push_back(plan.plan.id.text());
  std::vector<Fault> faults;
  if (options.menu == Menu::everything)
    faults = draw_faults(options.seed, bounds);
  else if (options.menu == Menu::crashes)
    faults = draw_crashes(options.seed, bounds);
  WorldOutcome result;
  try {
    World world{options.seed, scenery, options.trace};
    const auto suffered = kept(faults, options.keep);
    world.suffer(suffered);
    world.run_until(begin_at + faults_end);
    world.recover();
    result = world.outcome();
    for (const auto& fault : suffered)
      if (!options.blame.empty() && describe(fault).find(options.blame) != std::string::npos)
        result.broken.push_back("blamed: " + describe(fault));
  } catch (const std::runtime_error& problem) {
    result.seed = options.seed;
    result.broken.emplace_back(problem.what());
  }
  result.faults = faults;
  return result;
}

std::optional<std::vector<std::size_t>> shrink(const WorldOptions& options) {
  auto attempt = options;
  attempt.trace = nullptr;
  const auto whole = run_world(attempt);
  if (whole.broken.empty())
    return std::nullopt;
  std::vector<std::size_t> keep;
  if (options.keep)
    keep = *options.keep;
  else
    for (std::size_t n = 0; n < whole.faults.size(); ++n)
      keep.push_back(n);
  // One by one until none can go: lists are short.
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t n = 0; n < keep.size(); ++n) {
      auto without = keep;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(n));
      attempt.keep = without;
      if (run_world(attempt).broken.empty())
        continue;
      keep = std::move(without);
      smaller = true;
      break;
    }
  }
  return keep;
}

WorldOutcome run_calm(std::uint64_t seed, std::size_t pairs, std::size_t plans,
                      milliseconds length) {
  const StateDirectory directory;
  const auto scenery = large_scenery(seed, directory.path(), pairs, plans);
  World world{seed, scenery, nullptr};
  world.run_until(begin_at + length);
  return world.outcome();
}

} // namespace tandem::world
