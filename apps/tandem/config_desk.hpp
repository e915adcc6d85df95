/// The configuration file as a console sees it: what it would change, a new one looked at before it
/// counts, and put in its place. Thread safe.
#pragma once

#include "actors/api/http_options.hpp"
#include "apps/tandem/engine.hpp"
#include "config/diff.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace tandem::apps {

class ConfigDesk final : public actors::ConfigControl {
public:
  explicit ConfigDesk(ConfigSource source);

  /// The engine has taken over what the file says now.
  void taken_over();

  [[nodiscard]] actors::ConfigReport diff() const override;
  [[nodiscard]] actors::ConfigReport stage(const std::string& yaml) override;
  /// Writes what is staged over the file, whose text so far is kept beside it as FILE.before; the
  /// engine notices by itself.
  [[nodiscard]] core::Result<actors::ConfigReport> apply() override;

private:
  [[nodiscard]] actors::ConfigReport report(const config::LoadResult& loaded,
                                            const std::string& yaml) const;

  const ConfigSource source_;
  mutable std::mutex mutex_;
  config::ReadConfig running_;
  std::optional<std::string> staged_;
};

} // namespace tandem::apps
