#include "core/security/idempotency.hpp"

#include <algorithm>

namespace tandem::core::security {

bool is_idempotency_key(std::string_view key) noexcept {
  return !key.empty() && key.size() <= idempotency_key_size_max
         && std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

Result<std::optional<Answer>> IdempotencyStore::begin(std::string_view caller, std::string_view key,
                                                      const Digest& request, MonoTime now) {
  expire(now);
  if (const auto* known = find(caller, key)) {
    if (known->request != request)
      return fail(Errc::conflict, "was used for another request", "Idempotency-Key");
    switch (known->state) {
    case State::under_way:
      return fail(Errc::conflict, "the request with this key is still under way",
                  "Idempotency-Key");
    case State::forgotten:
      return fail(Errc::conflict,
                  "the request with this key was taken before and its answer is not kept: look at "
                  "what became of it",
                  "Idempotency-Key");
    case State::answered:
      return std::optional{known->answer};
    }
  }
  auto found = callers_.find(caller);
  if (found == callers_.end()) {
    if (callers_.size() >= limits_.callers_max)
      return fail(Errc::rate_limited, "too many callers use idempotency keys");
    found = callers_.try_emplace(std::string{caller}).first;
  }
  if (!make_room(found->second))
    return fail(Errc::rate_limited, "too many requests are under way");
  insert(found->second, {std::string{key}, request, now, State::under_way, {}});
  return std::optional<Answer>{};
}

void IdempotencyStore::finish(std::string_view caller, std::string_view key, Answer answer) {
  auto* const entry = find(caller, key);
  if (entry == nullptr || entry->state != State::under_way)
    return;
  const auto bytes = answer.body.size();
  if (bytes > limits_.answer_bytes_max || bytes_ + bytes > limits_.answers_bytes_max) {
    entry->state = State::forgotten;
    return;
  }
  bytes_ += bytes;
  entry->answer = std::move(answer);
  entry->state = State::answered;
}

void IdempotencyStore::lose(std::string_view caller, std::string_view key) {
  auto* const entry = find(caller, key);
  if (entry != nullptr && entry->state == State::under_way)
    entry->state = State::forgotten;
}

void IdempotencyStore::abandon(std::string_view caller, std::string_view key) {
  const auto found = callers_.find(caller);
  if (found == callers_.end())
    return;
  const auto entry = found->second.index.find(key);
  if (entry == found->second.index.end() || entry->second->state != State::under_way)
    return;
  erase(found->second, entry->second);
  if (found->second.entries.empty())
    callers_.erase(found);
}

void IdempotencyStore::remember(std::string_view caller, std::string_view key,
                                const Digest& request, MonoTime now) {
  if (find(caller, key) != nullptr)
    return;
  auto found = callers_.find(caller);
  if (found == callers_.end()) {
    if (callers_.size() >= limits_.callers_max)
      return;
    found = callers_.try_emplace(std::string{caller}).first;
  }
  if (make_room(found->second))
    insert(found->second, {std::string{key}, request, now, State::forgotten, {}});
}

IdempotencyStore::Entry* IdempotencyStore::find(std::string_view caller, std::string_view key) {
  const auto found = callers_.find(caller);
  if (found == callers_.end())
    return nullptr;
  const auto entry = found->second.index.find(key);
  return entry == found->second.index.end() ? nullptr : &*entry->second;
}

/// What is under way is never forgotten.
bool IdempotencyStore::make_room(Caller& caller) {
  if (caller.entries.size() < limits_.entries_max)
    return true;
  const auto oldest = std::find_if(caller.entries.begin(), caller.entries.end(),
                                   [](const Entry& e) { return e.state != State::under_way; });
  if (oldest == caller.entries.end())
    return false;
  erase(caller, oldest);
  return true;
}

void IdempotencyStore::insert(Caller& caller, Entry entry) {
  auto key = entry.key;
  caller.entries.push_back(std::move(entry));
  caller.index.emplace(std::move(key), std::prev(caller.entries.end()));
  ++entries_;
}

void IdempotencyStore::erase(Caller& caller, std::list<Entry>::iterator entry) {
  bytes_ -= entry->answer.body.size();
  --entries_;
  caller.index.erase(entry->key);
  caller.entries.erase(entry);
}

void IdempotencyStore::expire(MonoTime now) {
  for (auto caller = callers_.begin(); caller != callers_.end();) {
    auto& entries = caller->second.entries;
    while (!entries.empty() && now - entries.front().at >= limits_.kept
           && entries.front().state != State::under_way)
      erase(caller->second, entries.begin());
    caller = entries.empty() ? callers_.erase(caller) : std::next(caller);
  }
}

} // namespace tandem::core::security
