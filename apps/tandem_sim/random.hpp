/// The simulator's only source of chance: xoshiro256** seeded by splitmix64. The same seed gives
/// the same market on every machine and compiler, which std distributions do not promise.
#pragma once

#include <array>
#include <cstdint>

namespace tandem::sim {

class Random {
public:
  explicit Random(std::uint64_t seed) noexcept {
    for (auto& word : state_) {
      seed += 0x9e3779b97f4a7c15ULL;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
      z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
      word = z ^ (z >> 31U);
    }
  }

  std::uint64_t next() noexcept {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// min..max, both inclusive. @param max not below min.
  std::int64_t between(std::int64_t min, std::int64_t max) noexcept {
    const auto span = static_cast<std::uint64_t>(max) - static_cast<std::uint64_t>(min) + 1;
    return span == 0 ? static_cast<std::int64_t>(next())
                     : static_cast<std::int64_t>(static_cast<std::uint64_t>(min) + next() % span);
  }

  /// True in `ppm` of a million cases.
  bool chance(std::int64_t ppm) noexcept { return between(0, 999'999) < ppm; }

private:
  static constexpr std::uint64_t rotate(std::uint64_t x, unsigned k) noexcept {
    return (x << k) | (x >> (64U - k));
  }

  std::array<std::uint64_t, 4> state_{};
};

/// A seed of its own for each part, so that one more draw here does not change the market there.
/// FNV-1a over the name.
constexpr std::uint64_t mix_seed(std::uint64_t seed, const char* name) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (; *name != '\0'; ++name)
    hash = (hash ^ static_cast<unsigned char>(*name)) * 0x100000001b3ULL;
  return hash;
}

} // namespace tandem::sim
