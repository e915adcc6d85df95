/// What the tests of the Binance adapter share: markets, padded frames, and frames kept beyond
/// their decode.
#pragma once

#include "adapters/venues/venue.hpp"
#include "tests/adapters/venues/recording.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tandem::tests {

inline std::unique_ptr<adapters::venues::Market>
binance_market(core::MarketType type, const std::string& depth_stream = {}) {
  return adapters::venues::make_market({core::VenueId{"binance"}, type}, {depth_stream});
}

/// Text with the 64 readable bytes behind it that codecs want; garbage, so that nobody reads on by
/// mistake.
class Padded {
public:
  explicit Padded(std::string_view text) : bytes_{text}, size_{text.size()} {
    bytes_.append(64, '\x7f');
  }

  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

private:
  std::string bytes_;
  std::size_t size_;
};

/// A depth frame that owns its texts.
struct OwnedDepth {
  std::string symbol;
  adapters::venues::DepthFrame numbers; ///< its views are stale: use frame()
  std::vector<std::pair<std::string, std::string>> bid_texts, ask_texts;
  std::vector<adapters::venues::LevelText> bids, asks;

  /// @param levels_max levels kept a side, the first ones.
  OwnedDepth(const adapters::venues::DepthFrame& from, std::size_t levels_max)
      : symbol{from.symbol}, numbers{from} {
    for (const auto& level : from.bids.first(std::min(levels_max, from.bids.size())))
      bid_texts.emplace_back(level.price, level.size);
    for (const auto& level : from.asks.first(std::min(levels_max, from.asks.size())))
      ask_texts.emplace_back(level.price, level.size);
    for (const auto& [price, size] : bid_texts)
      bids.push_back({price, size});
    for (const auto& [price, size] : ask_texts)
      asks.push_back({price, size});
  }

  OwnedDepth(const OwnedDepth&) = delete;
  OwnedDepth& operator=(const OwnedDepth&) = delete;

  [[nodiscard]] adapters::venues::DepthFrame frame() const {
    auto copy = numbers;
    copy.symbol = symbol;
    copy.bids = bids;
    copy.asks = asks;
    return copy;
  }
};

/// The depth frames of a recording, in order, with the lines they came from.
struct RecordedDepth {
  std::deque<OwnedDepth> frames;
  std::vector<std::string> lines;

  /// @param files below venues/binance/. Empty when the shared data is absent.
  RecordedDepth(core::MarketType type, const std::vector<std::string>& files,
                std::size_t levels_max = std::string::npos) {
    const auto codec = binance_market(type)->make_codec();
    for (const auto& file : files) {
      const auto path = shared_file("venues/binance/" + file);
      if (!path)
        return;
      const Recording recording{*path};
      for (const auto& line : recording.lines()) {
        if (line.json.substr(0, 60).find("@depth") == std::string_view::npos)
          continue;
        const auto frame = codec->decode(line.json);
        REQUIRE(frame);
        frames.emplace_back(std::get<adapters::venues::DepthFrame>(*frame), levels_max);
        lines.emplace_back(line.json);
      }
    }
  }
};

} // namespace tandem::tests
