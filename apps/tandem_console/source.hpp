/// What the console knows of the engine, fetched anew as often as the screen wants it, and what a
/// person wishes, done. Blocks as long as the engine takes to answer, so it runs beside the
/// screen's thread.
#pragma once

#include "adapters/console/client.hpp"
#include "adapters/transport/json.hpp"
#include "core/console/rates.hpp"
#include "core/console/screen.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace tandem::apps {

inline constexpr std::chrono::milliseconds call_timeout{3'000};

/// A command of the console as a request of the engine's.
struct Request {
  std::string method;
  std::string target;
  std::string body{};

  friend bool operator==(const Request&, const Request&) = default;
};

/// "feed" below "engine/services/venues/..." may be written without the first two.
[[nodiscard]] std::string full_path(const std::string& path);
/// As full_path; a word without a slash is the id of a pair.
[[nodiscard]] std::string pair_path(const std::string& path);

[[nodiscard]] Request request_of(const core::console::Wish& wish, const std::string& reason);
[[nodiscard]] Request actor_request(const std::string& path);

/// Does it. @return what came of it, for the status line
[[nodiscard]] std::string perform(adapters::console::Client& client,
                                  const core::console::Wish& wish, const std::string& reason);

class Source {
public:
  /// @param client outlives this.
  Source(adapters::console::Client& client, std::string address,
         std::function<core::MonoTime()> clock);

  /// Fetches what a view needs into the model. A lost connection leaves the tables as they were.
  void refresh(core::console::View view, const std::optional<std::string>& detail);

  [[nodiscard]] const core::console::Model& model() const noexcept { return model_; }

private:
  using Read = std::function<void(const adapters::transport::Json&)>;

  bool fetch(const std::string& target, const Read& read);
  void fetch_view(core::console::View view);
  void fetch_log();

  adapters::console::Client& client_;
  std::function<core::MonoTime()> clock_;
  core::console::Model model_;
  core::console::RateMeter meter_;
  core::console::Rates rates_;
  std::uint64_t last_line_ = 0;
};

} // namespace tandem::apps
