/// The engine's actors on one thread, moved by items: while a capture is made, and when it is
/// played again. The same header and the same items are the same run, to the byte.
#pragma once

#include "actors/supervisor/root.hpp"
#include "adapters/files/file_layer.hpp"
#include "apps/one_thread/virtual_time.hpp"
#include "apps/tandem/capture/item.hpp"
#include "apps/tandem/capture/ports.hpp"
#include "config/load.hpp"
#include "core/log.hpp"
#include "core/sinks/tape.hpp"

#include <caf/actor.hpp>

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace tandem::apps::capture {

/// The configuration that a header holds, or the one in a later `reload`.
[[nodiscard]] config::LoadResult load(const Header& header, const std::string& text);

class Host {
public:
  struct Parts {
    const Header& header;
    const config::Config& config; ///< of the header, with the state directory of this run
    Outside& outside;
    core::Log& log;
    std::ostream& report;
    std::function<void(config::Surface, const std::string& address)> on_listening; ///< or empty
    std::function<std::string(const std::string& url)> proxy_for;                  ///< or empty
    /// Only written to: a replay without it is the same run.
    std::shared_ptr<const core::sinks::Tape> tape{};
  };

  explicit Host(Parts parts);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Markets, journal, desk; no actor yet. Errors: configuration, internal.
  [[nodiscard]] core::Status open(std::unique_ptr<adapters::files::FileLayer> journal,
                                  std::shared_ptr<adapters::venues::KeyRing> keys);

  /// Lets `item` in and runs until nobody has anything to do.
  void turn(const Item& item);

  /// Who ran in the last turn, in order.
  [[nodiscard]] std::vector<std::uint32_t>& steps() noexcept { return steps_; }

  [[nodiscard]] std::optional<core::MonoTime> next_timer() const { return time_.next_timer(); }

  [[nodiscard]] core::MonoTime now() const { return time_.now(); }

  /// The root supervisor has ended by itself.
  [[nodiscard]] bool gave_up() const noexcept { return gave_up_; }

  /// Every actor has ended.
  [[nodiscard]] bool ended();

  /// Hears of every step.
  void watch(std::function<void(const one_thread::StepAbout&)> hook) { watcher_ = std::move(hook); }

  /// What an actor is about to handle, for people. Only within the hook.
  [[nodiscard]] std::string handled() const { return time_.message(); }

  /// Who runs at the moment; 0 = a task of the strand, or what came in.
  [[nodiscard]] std::uint64_t running() const noexcept { return running_; }

  /// The path of an actor that is or was there; "the connections" for 0.
  [[nodiscard]] std::string name_of(std::uint64_t actor) const;

private:
  void run();
  void reload(const Item& item);
  void report();

  Parts given_;
  std::mt19937_64 random_;
  one_thread::VirtualTime time_;
  core::WallTime wall_;
  Ports ports_;
  actors::supervisor::EngineParts parts_;
  caf::actor root_;
  std::vector<std::uint32_t> steps_;
  std::function<void(const one_thread::StepAbout&)> watcher_;
  std::uint64_t running_ = 0;
  bool gave_up_ = false;
  bool stopping_ = false;
};

} // namespace tandem::apps::capture
