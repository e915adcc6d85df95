/// Judges from the outside who hangs (a handler that does not return) and who drowns (more waits
/// than it works off), and tells each beginning and each end once. Pure.
#pragma once

#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tandem::core::supervision {

struct WorkLimits {
  std::chrono::milliseconds hang_after{1'000}; ///< no handler takes longer
  std::uint64_t waiting_max = 100'000;         ///< messages; told as over at half of it
};

/// What is seen of one worker.
struct WorkSeen {
  std::string name;
  std::optional<MonoTime> working_since; ///< on the present piece of work; nullopt: idle
  std::uint64_t waiting = 0;
};

struct WorkNews {
  enum class Kind : std::uint8_t { hangs, works_again, drowns, caught_up };

  Kind kind = Kind::hangs;
  std::string name;
  std::chrono::nanoseconds lasted{0}; ///< hangs, works_again: so far, in all
  std::uint64_t waiting = 0;
};

[[nodiscard]] inline bool hangs(const std::optional<MonoTime>& working_since, MonoTime now,
                                const WorkLimits& limits = {}) {
  return working_since && now - *working_since > limits.hang_after;
}

class WorkWatch {
public:
  explicit WorkWatch(WorkLimits limits = {}) : limits_{limits} {}

  /// To be called several times within `hang_after`: who looks later than that stood still itself,
  /// and with it everybody, and judges nobody by it.
  [[nodiscard]] std::vector<WorkNews> look(std::span<const WorkSeen> all, MonoTime now);

private:
  struct Trouble {
    std::optional<MonoTime> hangs_since;
    bool drowns = false;
  };

  void judge_hang(const WorkSeen& seen, Trouble& trouble, MonoTime now,
                  std::vector<WorkNews>& news) const;
  void judge_waiting(const WorkSeen& seen, Trouble& trouble, std::vector<WorkNews>& news) const;

  WorkLimits limits_;
  std::optional<MonoTime> looked_at_;
  std::map<std::string, Trouble> troubles_; ///< who left is forgotten
};

} // namespace tandem::core::supervision
