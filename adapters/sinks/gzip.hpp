/// Bodies of requests and files, packed.
#pragma once

#include <string>
#include <string_view>

namespace tandem::adapters::sinks {

/// One gzip member. @throws BrokenPromise when zlib refuses (out of memory).
[[nodiscard]] std::string gzip(std::string_view bytes);

} // namespace tandem::adapters::sinks
