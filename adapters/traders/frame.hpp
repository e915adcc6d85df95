/// What every WebSocket frame of the traders' surface has in common: {"event", "mode", "data"}.
#pragma once

#include "adapters/traders/json.hpp"

#include <string>
#include <string_view>

namespace tandem::adapters::traders {

/// The data value follows.
[[nodiscard]] inline JsonWriter begin_frame(std::string_view event, std::string_view mode) {
  JsonWriter out;
  out.begin_object().field("event", event).field("mode", mode).key("data");
  return out;
}

[[nodiscard]] inline std::string end_frame(JsonWriter& out) {
  out.end_object();
  return out.take();
}

} // namespace tandem::adapters::traders
