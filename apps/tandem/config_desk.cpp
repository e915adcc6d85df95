#include "apps/tandem/config_desk.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace tandem::apps {
namespace {

std::string read_text(const std::string& file) {
  std::ifstream input{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{input}, {}};
}

bool write_text(const std::string& file, const std::string& text) {
  std::ofstream output{file, std::ios::binary | std::ios::trunc};
  output << text << std::flush;
  return output.good();
}

} // namespace

ConfigDesk::ConfigDesk(ConfigSource source) : source_{std::move(source)} {
  taken_over();
}

void ConfigDesk::taken_over() {
  auto yaml = read_text(source_.file);
  auto loaded = source_.load_text(yaml);
  if (!loaded.mistakes.empty())
    return; // the engine kept what it had, too
  const std::lock_guard lock{mutex_};
  running_ = {std::move(loaded.config), std::move(yaml)};
}

actors::ConfigReport ConfigDesk::diff() const {
  const auto yaml = read_text(source_.file);
  auto result = report(source_.load_text(yaml), yaml);
  const std::lock_guard lock{mutex_};
  result.staged = staged_.has_value();
  return result;
}

actors::ConfigReport ConfigDesk::stage(const std::string& yaml) {
  auto result = report(source_.load_text(yaml), yaml);
  const std::lock_guard lock{mutex_};
  staged_ = result.mistakes.empty() ? std::optional{yaml} : std::nullopt;
  result.staged = staged_.has_value();
  return result;
}

core::Result<actors::ConfigReport> ConfigDesk::apply() {
  std::optional<std::string> staged;
  {
    const std::lock_guard lock{mutex_};
    staged = std::exchange(staged_, std::nullopt);
  }
  if (!staged)
    return core::fail(core::Errc::conflict, "nothing is staged", source_.file);
  auto result = report(source_.load_text(*staged), *staged);
  if (!result.mistakes.empty())
    return core::fail(core::Errc::conflict, "what is staged is not right any more", source_.file);
  const auto next = source_.file + ".next";
  std::error_code problem;
  const bool kept = write_text(source_.file + ".before", read_text(source_.file));
  if (kept && write_text(next, *staged))
    std::filesystem::rename(next, source_.file, problem);
  else
    problem = std::make_error_code(std::errc::io_error);
  if (problem)
    return core::fail(core::Errc::internal, "cannot be written: " + problem.message(),
                      source_.file);
  return result;
}

actors::ConfigReport ConfigDesk::report(const config::LoadResult& loaded,
                                        const std::string& yaml) const {
  actors::ConfigReport result;
  for (const auto& mistake : loaded.mistakes)
    result.mistakes.push_back(config::describe(mistake));
  if (!result.mistakes.empty())
    return result;
  const std::lock_guard lock{mutex_};
  auto found = config::difference(running_, {loaded.config, yaml});
  result.changes = std::move(found.changes);
  result.need_restart = std::move(found.need_restart);
  return result;
}

} // namespace tandem::apps
