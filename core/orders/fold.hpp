/// Old records of the journal folded together: what still matters of them, record by record, and
/// one checkpoint of what the rest came to. Pure.
#pragma once

#include "core/orders/client_id.hpp"
#include "core/orders/records.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace tandem::core::orders {

/// A desk that is restored from the result (and whatever followed `records`) stands where it would
/// with `records` themselves, but for the lists of settled orders and ended executions, and for the
/// totals of the day when fills of this day are among them: fold only older ones.
/// Kept are orders that are not settled, each pair's last execution with its orders, TWAP plans
/// with their state and the orders that it does not count yet, ids of deleted plans, breakers,
/// thrown kill switches, pauses, baselines and the last run.
/// @param records the journal's from its beginning, whole. @param through the sequence number of
/// the last of them. @returns fewer records, the last of which is the checkpoint.
[[nodiscard]] std::vector<Record> fold(std::span<const Record> records, const EngineId& engine,
                                       std::uint64_t through);

/// When a record was written, as far as it tells; 0 when it does not.
[[nodiscard]] UnixMillis time_of(const Record& record) noexcept;

} // namespace tandem::core::orders
