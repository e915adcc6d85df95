/// When a sink sends what to its destination, and what follows from the answer. One batch at a
/// time, so that the order of the stream holds; nothing leaves the stream before the destination
/// has it or has refused it alone. Pure.
///
///   away --opened--> idle --due--> sending --delivered--> idle
///    ^                                |  \--rejected--> halved until one record stands alone:
///    aside
///    \-------- after a pause ---------/ failed
#pragma once

#include "core/supervision/backoff.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tandem::core::sinks {

struct DeliveryLimits {
  std::size_t batch_records = 500;
  std::size_t batch_bytes = 1024 * 1024; ///< encoded in the spool; one record always fits
  /// How long the oldest record waits for company. Up to `flush_jitter` is added, so that many
  /// engines do not write in the same moment.
  std::chrono::milliseconds flush_interval{1'000};
  std::chrono::milliseconds flush_jitter{0};
  supervision::BackoffLimits retry{std::chrono::milliseconds{500}, std::chrono::seconds{30},
                                   std::chrono::seconds{60}};
  /// Failures in a row after which the destination counts as out of order (an alert); it is asked
  /// on, `retry.cap` apart.
  std::uint32_t retries = 3;
};

/// What became of a batch.
struct Outcome {
  enum class Kind : std::uint8_t {
    delivered, ///< the destination has all of it
    rejected,  ///< it has none or some of it, and will never take all as it is
    failed,    ///< not known, or not now: to be sent again
  };

  Kind kind = Kind::delivered;
  std::string detail{};
  /// The destination's own wish for a pause.
  std::chrono::milliseconds pause{0};
};

class Delivery {
public:
  enum class State : std::uint8_t { away, idle, sending };

  explicit Delivery(DeliveryLimits limits) : limits_{limits}, backoff_{limits.retry} {}

  [[nodiscard]] State state() const noexcept { return state_; }

  /// Whether the destination should be opened now.
  [[nodiscard]] bool wants_opening(MonoTime now) const noexcept {
    return state_ == State::away && !opening_ && now >= not_before_;
  }

  void on_opening() noexcept { opening_ = true; }

  void on_opened(MonoTime now) noexcept;
  /// @param random any 64 bits.
  void on_refused_to_open(const Outcome& why, std::uint64_t random, MonoTime now) noexcept;

  struct Size {
    std::size_t records = 0;
    std::size_t bytes = 0;
  };

  /// How much to send now; nullopt: nothing yet. @param waiting records not delivered, with their
  /// bytes. @param random any 64 bits, for the jitter.
  [[nodiscard]] std::optional<Size> due(Size waiting, std::uint64_t random, MonoTime now);
  /// What was asked for by due() is on its way; fewer, where the queue could not hand out all in
  /// one piece: then the rest is due at once.
  void on_sent(std::size_t records) noexcept;

  /// What to do with the batch that was sent.
  enum class Verdict : std::uint8_t {
    acknowledge, ///< it is there
    repeat,      ///< all of it again, later or in smaller parts
    set_aside,   ///< the one record that it held is not wanted by the destination: keep it apart
  };

  [[nodiscard]] Verdict on_outcome(const Outcome& outcome, std::uint64_t random, MonoTime now);

  [[nodiscard]] std::uint32_t failures() const noexcept { return backoff_.failures(); }

  /// More failures in a row than `retries`.
  [[nodiscard]] bool out_of_order() const noexcept { return failures() > limits_.retries; }

private:
  void grow() noexcept;
  void pause(const Outcome& why, std::uint64_t random, MonoTime now) noexcept;

  DeliveryLimits limits_;
  supervision::Backoff backoff_;
  State state_ = State::away;
  bool opening_ = false;
  MonoTime not_before_{};
  std::optional<MonoTime> flush_at_; ///< set when the first record waits
  std::size_t sent_ = 0;             ///< records of the batch under way
  std::size_t asked_ = 0;            ///< records that the last due() was about
  std::size_t owed_ = 0;             ///< records that were due and are not delivered
  std::optional<std::size_t>
      records_max_; ///< after a rejection: halved until it passes, then doubled
};

} // namespace tandem::core::sinks
