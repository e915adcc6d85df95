/// Whatever arrives, the codec answers with a frame of the protocol or an error, and the book
/// changes whole or not at all.
#include "adapters/venues/book_replica.hpp"
#include "tests/adapters/venues/binance/fixture.hpp"
#include "tests/nightly.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <limits>
#include <random>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::market::Level;
using core::market::Side;
using tests::Padded;

std::string encoded(const std::vector<std::pair<std::string, std::string>>& levels) {
  std::string text;
  for (const auto& [price, size] : levels)
    text += fmt::format(R"({}["{}","{}"])", text.empty() ? "" : ",", price, size);
  return "[" + text + "]";
}

/// A decimal text of up to eight decimals, as the venue writes them.
rc::Gen<std::string> decimal_text() {
  return rc::gen::map(
      rc::gen::pair(rc::gen::inRange<std::int64_t>(0, 10'000'000'000'000), rc::gen::inRange(0, 9)),
      [](const auto& number) { return core::format_fixed(number.first, number.second); });
}

rc::Gen<std::vector<std::pair<std::string, std::string>>> side_texts() {
  return rc::gen::container<std::vector<std::pair<std::string, std::string>>>(
      rc::gen::pair(decimal_text(), decimal_text()));
}

bool same(std::span<const LevelText> levels,
          const std::vector<std::pair<std::string, std::string>>& texts) {
  if (levels.size() != texts.size())
    return false;
  for (std::size_t n = 0; n < texts.size(); ++n)
    if (levels[n].price != texts[n].first || levels[n].size != texts[n].second)
      return false;
  return true;
}

/// One way to spoil a frame.
std::string mangled(const std::string& line, const std::string& other, std::mt19937& random) {
  std::string text = line;
  const auto at = [&random](std::size_t size) { return random() % std::max<std::size_t>(size, 1); };
  switch (random() % 6) {
  case 0: // bits
    for (auto n = 1 + random() % 4; n > 0; --n)
      text[at(text.size())] ^= static_cast<char>(1U << random() % 8);
    break;
  case 1: // truncation
    text.resize(at(text.size()));
    break;
  case 2: // splice of two frames
    text = line.substr(0, at(line.size())) + other.substr(at(other.size()));
    break;
  case 3: // a piece twice
    text.insert(at(text.size()), text.substr(at(text.size()), at(40)));
    break;
  case 4: // a piece missing
    text.erase(at(text.size()), 1 + at(20));
    break;
  default: // JSON's own characters where they do not belong
    text[at(text.size())] = "{}[]\",:0-.e\\nt "[random() % 15];
    break;
  }
  return text;
}

std::vector<Level> levels_of(const core::market::OrderBook& book) {
  std::vector<Level> levels;
  for (const Side side : {Side::bid, Side::ask})
    for (std::size_t n = 0; n < book.depth(side); ++n)
      levels.push_back(book.level(side, n));
  return levels;
}

bool is_id(std::uint64_t id) {
  return id <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

/// What the contract promises of a frame, whatever bytes it came from.
void check_domain(const Frame& frame) {
  if (const auto* depth = std::get_if<DepthFrame>(&frame)) {
    CHECK_FALSE(depth->symbol.empty());
    CHECK(is_id(depth->last_id));
    CHECK(depth->first_id <= depth->last_id);
    CHECK(depth->previous_id.value_or(0) <= depth->last_id);
    CHECK(depth->venue_time >= 0);
  } else if (const auto* best = std::get_if<BestFrame>(&frame)) {
    CHECK_FALSE(best->symbol.empty());
    CHECK(is_id(best->id));
    CHECK(best->bid.price.empty() == best->bid.size.empty());
  } else if (const auto* trades = std::get_if<TradesFrame>(&frame)) {
    CHECK(trades->trades.size() == 1);
    CHECK_FALSE(trades->trades.front().price.is_negative());
  }
}

/// The recorded lines of every kind, a bounded sample.
std::vector<std::string> sample(const std::string& file, std::size_t count) {
  std::vector<std::string> lines;
  const auto path = tests::shared_file("venues/binance/" + file);
  if (!path)
    return lines;
  const tests::Recording recording{*path};
  for (const auto& line : recording.lines()) {
    if (line.json.starts_with("{\"stream\""))
      lines.emplace_back(line.json);
    if (lines.size() == count)
      break;
  }
  return lines;
}

void feed_mangled(core::MarketType type, const std::string& file, std::size_t frames) {
  const auto lines = sample(file, 2'000);
  if (lines.empty())
    return;
  const auto market = tests::binance_market(type);
  const auto codec = market->make_codec();
  BookReplica replica{market->make_book_sync(), {2, 8}};
  std::mt19937 random{20240808}; // fixed: a failure repeats
  std::size_t refused = 0, decoded = 0, applied = 0;
  for (std::size_t n = 0; n < frames; ++n) {
    const Padded text{mangled(lines[n % lines.size()], lines[random() % lines.size()], random)};
    const auto frame = codec->decode(text.view());
    if (!frame) {
      ++refused;
      CHECK(frame.error().code == core::Errc::malformed);
      continue;
    }
    ++decoded;
    check_domain(*frame);
    const auto* depth = std::get_if<DepthFrame>(&*frame);
    if (depth == nullptr)
      continue;
    // Offer it as the next link of a live book: it is taken whole or leaves no trace.
    replica.restart();
    const auto id
        = type == core::MarketType::spot ? depth->first_id - 1 : depth->previous_id.value_or(0);
    if (depth->first_id == 0)
      continue;
    REQUIRE(replica.on_snapshot({id, 0, {{"0.01", "1"}}, {{"99999999", "1"}}}).action
            == SyncAction::apply);
    const auto before = levels_of(replica.book());
    const auto step = replica.on_frame(*depth);
    if (step.action == SyncAction::apply)
      ++applied;
    else
      CHECK(levels_of(replica.book()) == before);
  }
  CHECK(decoded > 0);
  CHECK(applied > 0);
  MESSAGE(frames << " mangled frames: " << refused << " refused, " << decoded << " decoded, "
                 << applied << " applied");
}

} // namespace

TEST_CASE("decoding what was encoded gives the same depth update") {
  for (const auto type : {core::MarketType::spot, core::MarketType::linear}) {
    const auto codec = tests::binance_market(type)->make_codec();
    const bool held = rc::check([&] {
      const auto first = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 62);
      const auto last = first + *rc::gen::inRange<std::int64_t>(0, 1'000'000);
      const auto previous = *rc::gen::inRange<std::int64_t>(0, last + 1);
      const auto time = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000);
      const auto symbol = *rc::gen::nonEmpty(
          rc::gen::container<std::string>(rc::gen::element('A', 'B', '1', '_')));
      RC_PRE(symbol.size() <= 64U);
      const auto bids = *side_texts();
      const auto asks = *side_texts();
      const bool combined = *rc::gen::arbitrary<bool>();
      std::string text = fmt::format(
          R"({{"e":"depthUpdate","E":{},"s":"{}","U":{},"u":{},"pu":{},"b":{},"a":{}}})", time,
          symbol, first, last, previous, encoded(bids), encoded(asks));
      if (combined)
        text = fmt::format(R"({{"stream":"x@depth@100ms","data":{}}})", text);
      const Padded padded{text};
      const auto frame = codec->decode(padded.view());
      RC_ASSERT(frame.has_value());
      const auto* depth = std::get_if<DepthFrame>(&*frame);
      RC_ASSERT(depth != nullptr);
      RC_ASSERT(depth->symbol == symbol);
      RC_ASSERT(depth->first_id == static_cast<std::uint64_t>(first));
      RC_ASSERT(depth->last_id == static_cast<std::uint64_t>(last));
      RC_ASSERT(depth->previous_id.has_value() == (type == core::MarketType::linear));
      RC_ASSERT(depth->venue_time == time);
      RC_ASSERT(same(depth->bids, bids));
      RC_ASSERT(same(depth->asks, asks));
    });
    CHECK(held);
  }
}

TEST_CASE("mangled spot frames break nothing") {
  feed_mangled(core::MarketType::spot, "spot-btcusdt-20240808-a.rec.gz",
               tandem::tests::mangled_frames());
}

TEST_CASE("mangled USD-M frames break nothing") {
  feed_mangled(core::MarketType::linear, "usdm-btcusdt-20240808.rec.gz",
               tandem::tests::mangled_frames());
}
