#include "apps/tandem_world/trace.hpp"

#include <ostream>

namespace tandem::world {

void Trace::mix(std::string_view bytes) noexcept {
  constexpr std::uint64_t prime = 1'099'511'628'211ULL;
  for (const char byte : bytes)
    digest_ = (digest_ ^ static_cast<unsigned char>(byte)) * prime;
  digest_ = (digest_ ^ '\n') * prime;
}

void Trace::line(std::chrono::nanoseconds at, std::string_view what, std::string_view where,
                 std::string_view bytes) {
  ++lines_;
  const auto stamp = std::to_string(at.count());
  for (const auto part : {std::string_view{stamp}, what, where, bytes})
    mix(part);
  if (out_ != nullptr)
    *out_ << stamp << ' ' << what << ' ' << where << ' ' << bytes << '\n';
}

} // namespace tandem::world
