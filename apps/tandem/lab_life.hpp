/// One order's life out of a venue's own words, by the engine's order state machine. No input, no
/// output: for the laboratory (apps/tandem/lab_lines).
#pragma once

#include "adapters/venues/trading.hpp"
#include "core/orders/order.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tandem::apps {

/// What a REST reply answers.
enum class LabReply : std::uint8_t { place, cancel, query, fills };

class OrderLife {
public:
  /// @param trading outlives it
  explicit OrderLife(const adapters::venues::Trading& trading);

  /// A message of the private stream. Errors: malformed. @param frame 64 readable bytes follow
  core::Status on_frame(std::string_view frame);
  /// @param status 0: no answer. Errors: what the venue says instead of an answer to a question.
  core::Status on_reply(LabReply kind, int status, std::string body);

  [[nodiscard]] bool empty() const noexcept { return words_.empty(); }

  /// Words on other orders than the first that was spoken of.
  [[nodiscard]] std::size_t others() const noexcept { return others_; }

  /// What became of it. Errors: out_of_range (numbers that do not fit one scale).
  [[nodiscard]] core::Result<boost::json::object> end() const;

private:
  struct NotFound {};

  using Word = std::variant<core::orders::VenueOrder, core::orders::VenueFill,
                            adapters::venues::PlaceReply, NotFound>;

  void note(Word word, const std::string& client_id, const std::string& venue_order_id);
  [[nodiscard]] core::orders::OrderDraft draft() const;
  [[nodiscard]] core::Status apply(core::orders::Order& order) const;

  const adapters::venues::Trading& trading_;
  std::unique_ptr<adapters::venues::PrivateCodec> codec_;
  std::vector<Word> words_;
  std::string client_id_, venue_order_id_; ///< as far as they are known
  std::size_t others_ = 0;
};

} // namespace tandem::apps
