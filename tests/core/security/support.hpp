/// What the tests of core/security share: a stand-in for SHA-256 and times. It need not be secure:
/// these tests ask who compares what with what; the real one is in tests/adapters/security.
#pragma once

#include "core/security/digest.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

namespace tandem::core::security::testing {

using namespace std::chrono_literals;

/// FNV-1a, four times with another beginning.
inline Digest mix(std::string_view bytes) {
  Digest digest{};
  for (std::size_t part = 0; part < 4; ++part) {
    std::uint64_t value = 14'695'981'039'346'656'037ULL + part;
    for (const char c : bytes)
      value = (value ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
    for (std::size_t i = 0; i < 8; ++i)
      digest[8 * part + i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  return digest;
}

/// SplitMix64.
inline std::function<std::uint64_t()> draws(std::uint64_t seed) {
  return [seed]() mutable {
    std::uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  };
}

inline constexpr WallTime noon{1'700'000'000'000ms};
inline constexpr MonoTime start{1'000s};

} // namespace tandem::core::security::testing
