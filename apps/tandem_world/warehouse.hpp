/// A destination of the engine's sink, outside its process: it outlives the engine, takes a batch
/// whole, in part or not at all, loses its answers, and keeps what it was given. As its own judge
/// it says when a number was used for two things, or one is missing.
#pragma once

#include "adapters/sinks/writer.hpp"
#include "apps/tandem_sim/random.hpp"
#include "apps/tandem_world/operations.hpp"
#include "apps/tandem_world/timeline.hpp"
#include "core/orders/records.hpp"
#include "core/sinks/record.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tandem::world {

class Warehouse {
public:
  /// @param timeline carries the answers; outlives it. @param tell hears what must never be.
  Warehouse(Timeline& timeline, std::uint64_t seed, std::function<void(std::string)> tell);

  /// Nobody is at the door: neither opening nor writing works.
  void close(bool closed) noexcept { closed_ = closed; }

  /// So many of a thousand batches are taken in part or whole, and not confirmed.
  void lose_answers(std::uint32_t per_mille) noexcept { lost_per_mille_ = per_mille; }

  /// One process's way here; no answer comes once that is dead or the writer gone.
  /// @param operations of the process; outlives the writer.
  [[nodiscard]] std::unique_ptr<adapters::sinks::Writer> writer(Operations& operations);

  using Stream = std::map<std::uint64_t, core::sinks::Record>;

  [[nodiscard]] const std::map<std::string, Stream>& streams() const noexcept { return streams_; }

  /// A power loss took a part of the spool, which is not synced: numbers may be missing, or come
  /// again with other records where the destination does not know its place.
  void forgive() noexcept { forgiven_ = true; }

  /// Fills of the journal, up to that moment by the venue's clock, that are not here.
  [[nodiscard]] std::vector<std::string> missing(const std::vector<core::orders::Record>& journal,
                                                 core::UnixMillis until) const;
  /// Numbers that no record has, below one that there is; after a power loss they are not judged.
  [[nodiscard]] std::vector<std::string> gaps() const;
  [[nodiscard]] std::size_t records() const;

private:
  class Way;

  void take(const adapters::sinks::Batch& batch, std::size_t count);

  Timeline& timeline_;
  sim::Random random_;
  std::function<void(std::string)> tell_;
  /// As Kafka does; a database cannot.
  bool knows_place_;
  bool closed_ = false;
  bool forgiven_ = false;
  std::uint32_t lost_per_mille_ = 0;
  std::map<std::string, Stream> streams_;
};

} // namespace tandem::world
