#include "apps/tandem/config_watch.hpp"

#include "actors/supervisor/root.hpp"
#include "messages/events.hpp"
#include "messages/strategy.hpp"
#include "messages/twap.hpp"

#include <caf/send.hpp>

#include <system_error>
#include <utility>

namespace tandem::apps {
namespace {

void alert(const messages::Context& context, const std::string& file, messages::Severity severity,
           std::string code, std::string text) {
  context.log->write(core::LogLevel::info, code, {{"message", text}});
  const auto bus = context.directory->get<messages::MarketBusHandle>(messages::paths::market_bus);
  if (bus)
    caf::anon_send(bus, messages::EngineAlert{.severity = severity,
                                              .code = std::move(code),
                                              .message = std::move(text),
                                              .pair = {},
                                              .source = file,
                                              .ts = core::to_millis(context.clocks.wall())});
}

} // namespace

void take_over(const config::LoadResult& loaded, const std::string& file,
               const messages::Context& context, std::uint64_t epoch) {
  for (const auto& mistake : loaded.mistakes)
    context.log->write(core::LogLevel::error, "config_mistake",
                       {{"message", config::describe(mistake)}});
  if (!loaded.mistakes.empty()) {
    alert(context, file, messages::Severity::warning, "CONFIG_REFUSED",
          std::to_string(loaded.mistakes.size()) + " mistakes, the first: "
              + config::describe(loaded.mistakes.front()) + "; the running configuration is kept");
    return;
  }
  if (const auto pairs = context.directory->get<messages::PairsHandle>(messages::paths::pairs))
    caf::anon_send(pairs, messages::ReloadPairs{loaded.config.pairs});
  if (const auto plans = context.directory->get<messages::PlansHandle>(messages::paths::plans))
    caf::anon_send(plans,
                   messages::ReloadPlans{actors::supervisor::plans_of_run(loaded.config, epoch)});
  alert(context, file, messages::Severity::info, "CONFIG_RELOADED",
        std::to_string(loaded.config.pairs.size()) + " pairs and "
            + std::to_string(loaded.config.plans.size())
            + " plans of the file; other keys need a restart");
}

ConfigWatch::ConfigWatch(std::string file) : file_{std::move(file)} {
  seen_ = stamp();
}

bool ConfigWatch::changed() {
  const auto now = stamp();
  return std::exchange(seen_, now) != now;
}

/// Unreadable for a moment (an editor replaces the file) is no change.
std::filesystem::file_time_type ConfigWatch::stamp() const {
  std::error_code problem;
  const auto written = std::filesystem::last_write_time(file_, problem);
  return problem ? seen_ : written;
}

} // namespace tandem::apps
