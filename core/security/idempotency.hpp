/// A command that carries an idempotency key is done once: who sends it again gets the first
/// answer, who sends another one under the same key a refusal. No clock.
#pragma once

#include "core/result.hpp"
#include "core/security/digest.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tandem::core::security {

inline constexpr std::size_t idempotency_key_size_max = 128;

/// 1 to idempotency_key_size_max visible ASCII characters.
[[nodiscard]] bool is_idempotency_key(std::string_view key) noexcept;

struct IdempotencyLimits {
  std::chrono::hours kept{24};                         ///< from the first use of a key
  std::size_t entries_max = 20'000;                    ///< of one caller; the oldest answered goes
  std::size_t callers_max = 256;                       ///< further ones are refused
  std::size_t answer_bytes_max = 64U * 1024;           ///< a longer answer is not kept
  std::size_t answers_bytes_max = 32U * 1024U * 1024U; ///< all kept answers together
};

struct Answer {
  int status = 0;
  std::string body;

  friend bool operator==(const Answer&, const Answer&) = default;
};

/// Not thread safe.
class IdempotencyStore {
public:
  explicit IdempotencyStore(IdempotencyLimits limits = {}) : limits_{limits} {}

  /// Nothing: new, to be done now and then finished or abandoned. An answer: done before, this is
  /// what it was. Errors: conflict (the key stands for another request; its request is still under
  /// way; it was done and the answer is not known any more); rate_limited (no room for one more).
  /// @param request digest of operation, path and body. @param now never earlier than before.
  [[nodiscard]] Result<std::optional<Answer>> begin(std::string_view caller, std::string_view key,
                                                    const Digest& request, MonoTime now);

  /// The answer to what begin has let through.
  void finish(std::string_view caller, std::string_view key, Answer answer);

  /// What begin has let through has ended without an answer: it may have been done.
  void lose(std::string_view caller, std::string_view key);

  /// It was refused before anything was done: the key may be used again.
  void abandon(std::string_view caller, std::string_view key);

  /// What an earlier run of the engine has begun: never done again, its answer is not known.
  void remember(std::string_view caller, std::string_view key, const Digest& request, MonoTime now);

  [[nodiscard]] std::size_t size() const noexcept { return entries_; }

private:
  enum class State : std::uint8_t { under_way, answered, forgotten };

  struct Entry {
    std::string key;
    Digest request{};
    MonoTime at{};
    State state = State::under_way;
    Answer answer{};
  };

  struct Caller {
    std::list<Entry> entries{}; ///< oldest first
    std::map<std::string, std::list<Entry>::iterator, std::less<>> index{};
  };

  [[nodiscard]] Entry* find(std::string_view caller, std::string_view key);
  [[nodiscard]] bool make_room(Caller& caller);
  void insert(Caller& caller, Entry entry);
  void erase(Caller& caller, std::list<Entry>::iterator entry);
  void expire(MonoTime now);

  IdempotencyLimits limits_;
  std::map<std::string, Caller, std::less<>> callers_;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0; ///< of all kept answers
};

} // namespace tandem::core::security
