/// What the Bybit tests share: recorded lines, padded decoding and a naive book to compare with.
#pragma once

#include "adapters/venues/venue.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::tests::bybit {

using namespace adapters::venues;

/// The recordings' folder, or nothing with a word about it: then the caller returns. On CI they
/// must be there.
inline std::optional<std::filesystem::path> recordings() {
  const char* shared = std::getenv("TANDEM_SHARED");
  const std::filesystem::path folder
      = std::filesystem::path{shared != nullptr ? shared : "../shared"} / "venues" / "bybit";
  if (std::filesystem::exists(folder))
    return folder;
  if (std::getenv("CI") != nullptr)
    FAIL("no recordings at " << folder.string());
  MESSAGE("skipped: no recordings at " << folder.string());
  return std::nullopt;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file{path};
  REQUIRE(file.good());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Calls `take` with the JSON of every line, its receive time cut off.
inline void for_each_line(const std::filesystem::path& path,
                          const std::function<void(std::string_view)>& take) {
  const auto file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string buffer(1U << 20U, '\0');
  while (gzgets(file, buffer.data(), static_cast<int>(buffer.size())) != nullptr) {
    std::string_view line{buffer.c_str()};
    line.remove_suffix(line.ends_with('\n') ? 1 : 0);
    line.remove_prefix(std::min(line.size(), line.find('{')));
    if (!line.empty())
      take(line);
  }
  gzclose(file);
}

/// Decodes from a buffer with the padding the codec asks for. The frame's views live until the next
/// call.
class Decoder {
public:
  explicit Decoder(const Market& market) : codec_{market.make_codec()} {}

  core::Result<Frame> operator()(std::string_view json) {
    text_.assign(json);
    text_.append(64, '\0');
    return codec_->decode(std::string_view{text_}.substr(0, json.size()));
  }

private:
  std::unique_ptr<Codec> codec_;
  std::string text_;
};

inline std::unique_ptr<Market> market(core::MarketType type, std::string depth_stream = {}) {
  auto made = make_market({core::VenueId{"bybit"}, type}, {std::move(depth_stream)});
  REQUIRE(made != nullptr);
  return made;
}

/// Price text by value, best first, with the size text last received.
template <class Compare>
using NaiveSide = std::map<core::Decimal, std::pair<std::string, std::string>, Compare>;

struct NaiveBook {
  NaiveSide<std::greater<>> bids;
  NaiveSide<std::less<>> asks;

  void apply(const DepthFrame& frame) {
    if (frame.snapshot)
      *this = {};
    put(bids, frame.bids);
    put(asks, frame.asks);
  }

  /// "b <price> <size>" lines best first, then asks: what the expected hashes are made of.
  [[nodiscard]] std::string text() const {
    std::string lines;
    for (const auto& [price, texts] : bids)
      lines += "b " + texts.first + " " + texts.second + "\n";
    for (const auto& [price, texts] : asks)
      lines += "a " + texts.first + " " + texts.second + "\n";
    return lines;
  }

private:
  template <class Side>
  static void put(Side& side, std::span<const LevelText> levels) {
    for (const auto& level : levels) {
      const auto price = core::Decimal::parse(level.price).value();
      if (core::Decimal::parse(level.size)->is_zero())
        side.erase(price);
      else
        side[price] = {std::string{level.price}, std::string{level.size}};
    }
  }
};

} // namespace tandem::tests::bybit
