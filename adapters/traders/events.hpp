/// The frames of the traders' WebSocket: {"event": ..., "data": {...}}. Values in, text out; and
/// the filter that says which client hears which.
#pragma once

#include "adapters/traders/json.hpp"
#include "core/market/depth_view.hpp"
#include "core/strategy/pair_watch.hpp"
#include "core/strategy/two_leg.hpp"
#include "core/twap/view.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

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

/// Which pairs have an instrument as a leg. A filter knows pairs by name only; the broadcast tells
/// it this.
using PairsByLeg = std::unordered_map<core::InstrumentKey, std::vector<core::PairId>>;

/// What one client wants to hear. Starts with everything, and is back there when the last name of a
/// subscription is taken away or {"op":"unsubscribe"} names nothing.
///
/// Pairs, exchanges and symbols say *what about*, events say *what kind*; an empty list does not
/// narrow. An instrument is of interest when it is a leg of a pair asked for, or when its exchange
/// and symbol are each in their list (or that list is empty and the other is not). So a client that
/// asks for one pair hears its opportunities and alerts and the prices of its two legs.
class ClientFilter {
public:
  /// One client message: {"op":"subscribe"|"unsubscribe"|"ping"|"log", ...}. Returns the answer
  /// frame. A bad message changes nothing.
  [[nodiscard]] std::string apply(std::string_view text, std::string_view mode);

  [[nodiscard]] bool wants_price(const core::InstrumentKey& key,
                                 const PairsByLeg& pairs_by_leg) const;
  /// Of a pair asked for, or one whose legs are of interest.
  [[nodiscard]] bool wants_opportunity(const OpportunityNews& news) const;
  /// What is about no pair reaches everybody who wants alerts; what is about one, those who asked
  /// for that pair or for none.
  [[nodiscard]] bool wants_alert(const AlertNews& news) const;

  /// Of a pair asked for, or of an instrument of interest.
  [[nodiscard]] bool wants_order(std::string_view event, const core::InstrumentKey& instrument,
                                 const core::PairId& pair) const;
  [[nodiscard]] bool wants_execution(const core::strategy::ExecutionState& execution) const;
  /// With a leg of interest.
  [[nodiscard]] bool wants_plan(const core::twap::PlanView& view) const;

  /// Whether prices depend on PairsByLeg.
  [[nodiscard]] bool names_pairs() const noexcept { return !pairs_.empty(); }

  /// The business event of the last accepted {"op":"log"}; empty when the last message was none.
  /// Taken by the caller for the log.
  [[nodiscard]] std::string take_logged();

  /// Whether the last message was a subscription or its end, and accepted.
  [[nodiscard]] bool take_changed() noexcept { return std::exchange(changed_, false); }

private:
  [[nodiscard]] bool wants_event(std::string_view event) const;
  [[nodiscard]] bool wants_instrument(const core::InstrumentKey& key) const;
  [[nodiscard]] std::string change(const Json& body, bool subscribing, std::string_view mode);
  [[nodiscard]] std::string log(const Json& body, std::string_view mode);

  using Names = std::set<std::string, std::less<>>;

  [[nodiscard]] bool everything() const noexcept {
    return pairs_.empty() && exchanges_.empty() && symbols_.empty() && events_.empty();
  }

  Names pairs_, exchanges_, symbols_, events_;
  std::string logged_;
  bool changed_ = false;
};

/// How many names each list of a client may hold.
inline constexpr std::size_t filter_names_max = 1'000;

} // namespace tandem::adapters::traders
