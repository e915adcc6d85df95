/// Everything that passed between the engine and the world, as lines: two runs are the same when
/// their lines are. Kept as one number; written out only on request.
#pragma once

#include "core/types/time.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace tandem::world {

class Trace {
public:
  /// @param out where the lines go besides; may be null; outlives this.
  explicit Trace(std::ostream* out) : out_{out} {}

  /// @param what one word: "request", "reply", "frame", "text", "journal", "fault", ...
  void line(std::chrono::nanoseconds at, std::string_view what, std::string_view where,
            std::string_view bytes);

  /// Of all lines so far.
  [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

  [[nodiscard]] std::uint64_t lines() const noexcept { return lines_; }

private:
  void mix(std::string_view bytes) noexcept;

  std::ostream* out_;
  std::uint64_t digest_ = 14'695'981'039'346'656'037ULL; // FNV-1a
  std::uint64_t lines_ = 0;
};

} // namespace tandem::world
