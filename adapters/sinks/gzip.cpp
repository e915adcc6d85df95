#include "adapters/sinks/gzip.hpp"

#include "core/ensure.hpp"

#include <zlib.h>

namespace tandem::adapters::sinks {

std::string gzip(std::string_view bytes) {
  constexpr int gzip_window = 15 + 16;
  constexpr int memory_level = 8;
  z_stream state{};
  TANDEM_ENSURE(
      deflateInit2(&state, Z_BEST_SPEED, Z_DEFLATED, gzip_window, memory_level, Z_DEFAULT_STRATEGY)
      == Z_OK);
  std::string packed;
  packed.resize(deflateBound(&state, static_cast<uLong>(bytes.size())));
  std::string copy{bytes}; // zlib's interface knows no constant input
  state.next_in = reinterpret_cast<Bytef*>(copy.data());
  state.avail_in = static_cast<uInt>(copy.size());
  state.next_out = reinterpret_cast<Bytef*>(packed.data());
  state.avail_out = static_cast<uInt>(packed.size());
  const int end = deflate(&state, Z_FINISH);
  packed.resize(state.total_out);
  deflateEnd(&state);
  TANDEM_ENSURE(end == Z_STREAM_END);
  return packed;
}

} // namespace tandem::adapters::sinks
