/// What anyone may know about a running actor without asking it: name, kind, state word, counters,
/// depth of its mailbox and how long it handles messages. Written by the actor as it works, read by
/// the inspector even while the actor hangs.
#pragma once

#include "core/supervision/recent_work.hpp"
#include "core/supervision/restart_policy.hpp"
#include "core/types/time.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::messages {

/// Powers of two of nanoseconds. Relaxed atomics: a reader may see a sum that is one message old.
class HandlingHistogram {
public:
  static constexpr std::size_t buckets = 40;

  void add(std::chrono::nanoseconds took) noexcept {
    const auto ns = static_cast<std::uint64_t>(took.count() < 0 ? 0 : took.count());
    const auto bucket
        = std::min<std::size_t>(buckets - 1, static_cast<std::size_t>(std::bit_width(ns)));
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    total_ns_.fetch_add(ns, std::memory_order_relaxed);
  }

  /// Upper bound of the bucket that holds the quantile, in nanoseconds; 0 when empty. @param
  /// per_mille 0..1000.
  [[nodiscard]] std::uint64_t quantile_ns(std::uint64_t per_mille) const noexcept {
    std::uint64_t all = 0;
    for (const auto& count : counts_)
      all += count.load(std::memory_order_relaxed);
    if (all == 0)
      return 0;
    const std::uint64_t rank = (all * per_mille + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      seen += counts_[i].load(std::memory_order_relaxed);
      if (seen >= rank && seen > 0)
        return i == 0 ? 0 : (std::uint64_t{1} << i) - 1;
    }
    return ~std::uint64_t{0};
  }

  [[nodiscard]] std::uint64_t total_ns() const noexcept {
    return total_ns_.load(std::memory_order_relaxed);
  }

private:
  std::array<std::atomic<std::uint64_t>, buckets> counts_{};
  std::atomic<std::uint64_t> total_ns_{0};
};

/// One place in the tree. It outlives the incarnations of its actor, so restarts and the last error
/// stay visible.
class ActorCell {
public:
  ActorCell(std::string path, std::string kind) : path_{std::move(path)}, kind_{std::move(kind)} {}

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }

  /// One word: "starting", "live", "paused", "waiting", "down", ...
  void set_state(std::string word) {
    const std::lock_guard lock{mutex_};
    state_ = std::move(word);
  }

  [[nodiscard]] std::string state() const {
    const std::lock_guard lock{mutex_};
    return state_;
  }

  void set_last_error(std::string text) {
    errors.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock{mutex_};
    last_error_ = std::move(text);
  }

  [[nodiscard]] std::string last_error() const {
    const std::lock_guard lock{mutex_};
    return last_error_;
  }

  /// A named counter or gauge of this actor's own ("frames", "gaps", ...).
  void set_counter(const std::string& name, std::int64_t value) {
    const std::lock_guard lock{mutex_};
    counters_[name] = value;
  }

  [[nodiscard]] std::map<std::string, std::int64_t> counters() const {
    const std::lock_guard lock{mutex_};
    return counters_;
  }

  /// This place was started again.
  void note_restart(core::MonoTime now) {
    restarts.fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock{mutex_};
    restarted_.push_back(now);
    if (restarted_.size() > restarts_kept)
      restarted_.pop_front();
  }

  /// Restarts within the time that ends now, at most `restarts_kept`.
  [[nodiscard]] std::size_t restarts_within(core::MonoTime now, std::chrono::seconds within) const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(
        std::count_if(restarted_.begin(), restarted_.end(),
                      [&](core::MonoTime at) { return now - at <= within; }));
  }

  /// Of a supervisor: how many restarts it grants its children within which time.
  void set_intensity(core::supervision::Intensity intensity) {
    const std::lock_guard lock{mutex_};
    intensity_ = intensity;
  }

  /// nullopt: no supervisor.
  [[nodiscard]] std::optional<core::supervision::Intensity> intensity() const {
    const std::lock_guard lock{mutex_};
    return intensity_;
  }

  /// When the handler that runs now began; nullopt: none runs.
  [[nodiscard]] std::optional<core::MonoTime> handling_since() const noexcept {
    const auto ns = handling_since_ns.load(std::memory_order_relaxed);
    return ns == 0 ? std::nullopt : std::optional{core::MonoTime{std::chrono::nanoseconds{ns}}};
  }

  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> restarts{0};
  std::atomic<std::uint64_t> actor_id{0};      ///< of the present incarnation; 0 = none
  std::atomic<std::uint64_t> mailbox_depth{0}; ///< as of the last handled message
  /// When the handler that runs now began (nanoseconds of the monotonic clock); 0 = idle. Old =
  /// hanging.
  std::atomic<std::int64_t> handling_since_ns{0};
  HandlingHistogram handling;
  core::supervision::RecentWork recent;

  static constexpr std::size_t restarts_kept = 64;

private:
  const std::string path_;
  const std::string kind_;
  mutable std::mutex mutex_;
  std::string state_ = "starting";
  std::string last_error_;
  std::map<std::string, std::int64_t> counters_;
  std::deque<core::MonoTime> restarted_; ///< the last ones
  std::optional<core::supervision::Intensity> intensity_;
};

using CellPtr = std::shared_ptr<ActorCell>;

/// Around one handler: counts, times and marks it as running.
class HandlingScope {
public:
  /// @param what kind of message; lives for ever. @param waiting messages behind it.
  HandlingScope(ActorCell& cell, const std::function<core::MonoTime()>& now, const char* what,
                std::uint64_t waiting)
      : cell_{cell}, now_{now}, began_{now()} {
    cell_.mailbox_depth.store(waiting, std::memory_order_relaxed);
    cell_.recent.begin(what, began_, waiting);
    cell_.handling_since_ns.store(began_.time_since_epoch().count(), std::memory_order_relaxed);
  }

  ~HandlingScope() {
    const auto took = now_() - began_;
    cell_.handling.add(took);
    cell_.recent.end(took);
    cell_.messages.fetch_add(1, std::memory_order_relaxed);
    cell_.handling_since_ns.store(0, std::memory_order_relaxed);
  }

  HandlingScope(const HandlingScope&) = delete;
  HandlingScope& operator=(const HandlingScope&) = delete;

private:
  ActorCell& cell_;
  const std::function<core::MonoTime()>& now_;
  core::MonoTime began_;
};

/// All cells of a process, in the order they were made. Thread safe.
class CellRegistry {
public:
  /// Finds or makes.
  [[nodiscard]] CellPtr cell(const std::string& path, const std::string& kind) {
    const std::lock_guard lock{mutex_};
    for (const auto& known : cells_)
      if (known->path() == path)
        return known;
    cells_.push_back(std::make_shared<ActorCell>(path, kind));
    return cells_.back();
  }

  /// A child that was removed for good leaves the tree.
  void forget(const std::string& path) {
    const std::lock_guard lock{mutex_};
    std::erase_if(cells_, [&](const CellPtr& cell) { return cell->path() == path; });
  }

  [[nodiscard]] std::vector<CellPtr> all() const {
    const std::lock_guard lock{mutex_};
    return cells_;
  }

private:
  mutable std::mutex mutex_;
  std::vector<CellPtr> cells_;
};

} // namespace tandem::messages
