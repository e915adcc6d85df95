/// One record <-> bytes: type code, version of that type, fields (record_fields.hpp). Numbers are
/// varints (seven bits a byte, lowest first; signed ones zigzag), texts and lists carry their
/// length. There is exactly one encoding of a value, so that no altered bytes mean the same. Pure.
#pragma once

#include "adapters/files/frame.hpp"
#include "core/orders/records.hpp"
#include "core/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace tandem::adapters::journal {

inline constexpr std::size_t record_bytes_max = files::frame_payload_max;

/// Errors: out_of_range when longer than record_bytes_max; internal for an enumerator that has no
/// number on disk.
[[nodiscard]] core::Result<std::string> encode(const core::orders::Record& record);

/// The whole of `bytes` is one record. Never trusts a length, never allocates more than the bytes
/// can hold. Errors: malformed, with the name of the type and the offset: unknown type, newer
/// version, cut off, too long, a value no program of ours writes.
[[nodiscard]] core::Result<core::orders::Record> decode(std::string_view bytes);

/// "intent"; the word that dump and errors use.
[[nodiscard]] std::string_view name_of(const core::orders::Record& record) noexcept;

} // namespace tandem::adapters::journal
