/// The frames of the traders' WebSocket: {"event": ..., "data": {...}}. Values in, text out; and
/// the filter that says which client hears which.
#pragma once

#include "adapters/traders/json.hpp"
#include "core/market/depth_view.hpp"
#include "core/strategy/pair_watch.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace tandem::adapters::traders {

/// An opportunity with where and when it was seen.
struct OpportunityNews {
  core::PairId pair;
  core::InstrumentKey leg1, leg2;
  const core::strategy::OpportunityEvent& event;
  core::UnixMillis ts = 0;
};

struct AlertNews {
  std::string_view severity; ///< info | warning | critical
  std::string_view code;
  std::string_view message;
  core::PairId pair; ///< empty = null in the frame
  std::string_view source;
  core::UnixMillis ts = 0;
};

/// @param mode label that every frame carries.
[[nodiscard]] std::string opportunity_frame(const OpportunityNews& news, std::string_view mode);
[[nodiscard]] std::string alert_frame(const AlertNews& news, std::string_view mode);
/// Empty when the book has no live top. Prices are JSON numbers here (books are strings elsewhere).
[[nodiscard]] std::string price_frame(const core::InstrumentKey& key,
                                      const core::market::DepthView& view, core::UnixMillis ts,
                                      std::string_view mode);

/// The data object alone, for the REST lists.
void write_opportunity(JsonWriter& out, const OpportunityNews& news);
void write_alert(JsonWriter& out, const AlertNews& news);

/// What one client wants to hear. Starts with everything.
class ClientFilter {
public:
  /// One client message: {"op":"subscribe"|"unsubscribe"|"ping"|"log", ...}. Returns the answer
  /// frame. A bad message changes nothing.
  [[nodiscard]] std::string apply(std::string_view text, std::string_view mode);

  [[nodiscard]] bool wants_price(const core::InstrumentKey& key) const;
  [[nodiscard]] bool wants_opportunity(const OpportunityNews& news) const;
  [[nodiscard]] bool wants_alert(const AlertNews& news) const;

  /// The business event of the last accepted {"op":"log"}; empty when the last message was none.
  /// Taken by the caller for the log.
  [[nodiscard]] std::string take_logged();

private:
  [[nodiscard]] bool wants_event(std::string_view event) const;
  [[nodiscard]] bool wants_instrument(const core::InstrumentKey& key) const;
  [[nodiscard]] std::string change(const Json& body, bool subscribing, std::string_view mode);
  [[nodiscard]] std::string log(const Json& body, std::string_view mode);

  bool everything_ = true; ///< no subscription was made yet
  std::set<std::string, std::less<>> pairs_, exchanges_, symbols_, events_;
  std::string logged_;
};

/// Largest client message and how many names it may hold.
inline constexpr std::size_t filter_names_max = 1'000;

} // namespace tandem::adapters::traders
