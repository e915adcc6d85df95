/// Every recorded Bybit frame dropped, swapped, doubled, cut or mangled: the book is right or it is
/// not live.
#include "adapters/venues/book_replica.hpp"
#include "tests/adapters/venues/bybit/support.hpp"
#include "tests/nightly.hpp"

#include <boost/json.hpp>

#include <deque>
#include <random>

using namespace tandem;
using namespace tandem::tests::bybit;
using core::MarketType;
using core::market::Level;
using core::market::Side;

namespace {

constexpr core::Scale scale{4, 3}; // fine enough for every recording

/// Bids best first, then asks.
using Levels = std::vector<Level>;

Levels levels_of(const core::market::OrderBook& book) {
  Levels levels;
  for (const auto side : {Side::bid, Side::ask}) {
    for (std::size_t n = 0; n < book.depth(side); ++n)
      levels.push_back(book.level(side, n));
  }
  return levels;
}

Levels levels_of(const NaiveBook& book) {
  Levels levels;
  const auto add = [&](const auto& side) {
    for (const auto& [price, texts] : side)
      levels.push_back(
          {core::Price{price.at_scale(scale.price_decimals).value()},
           core::Quantity{core::parse_scaled(texts.second, scale.quantity_decimals).value()}});
  };
  add(book.bids);
  add(book.asks);
  return levels;
}

/// A depth frame with the text its views point into.
struct OwnedFrame {
  std::string json; ///< with the codec's padding behind it
  std::size_t size = 0;
  std::vector<LevelText> bids, asks;
  DepthFrame frame;

  OwnedFrame(Codec& codec, std::string_view text) : json{text}, size{text.size()} {
    json.append(64, '\0');
    frame = std::get<DepthFrame>(codec.decode(whole()).value());
    bids.assign(frame.bids.begin(), frame.bids.end());
    asks.assign(frame.asks.begin(), frame.asks.end());
    frame.bids = bids;
    frame.asks = asks;
  }

  OwnedFrame(const OwnedFrame&) = delete;
  OwnedFrame& operator=(const OwnedFrame&) = delete;

  [[nodiscard]] std::string_view whole() const { return std::string_view{json}.substr(0, size); }
};

/// A recorded frame, and the book a perfect client has after it.
struct Recorded {
  OwnedFrame sent;
  OwnedFrame snapshot; ///< that book as a snapshot with this frame's ids
  Levels truth;        ///< that book

  Recorded(Codec& codec, std::string_view json, std::string_view snapshot_text, Levels levels)
      : sent{codec, json}, snapshot{codec, snapshot_text}, truth{std::move(levels)} {}
};

std::string frame_json(const char* type, const DepthFrame& frame, const NaiveBook& book) {
  boost::json::object data;
  data["s"] = boost::json::string_view{frame.symbol.data(), frame.symbol.size()};
  for (auto* side : {"b", "a"}) {
    boost::json::array rows;
    const auto add = [&](const auto& levels) {
      for (const auto& [price, texts] : levels)
        rows.push_back(boost::json::array{texts.first, texts.second});
    };
    if (side[0] == 'b')
      add(book.bids);
    else
      add(book.asks);
    data[side] = std::move(rows);
  }
  data["u"] = frame.last_id;
  data["seq"] = frame.cross_sequence;
  boost::json::object message;
  message["topic"] = "orderbook." + std::to_string(frame.levels) + "." + std::string{frame.symbol};
  message["type"] = type;
  message["ts"] = frame.venue_time;
  message["data"] = std::move(data);
  return boost::json::serialize(message);
}

std::deque<Recorded> record(const Market& market, const std::filesystem::path& file) {
  std::deque<Recorded> frames;
  const auto codec = market.make_codec();
  Decoder decode{market};
  NaiveBook book;
  for_each_line(file, [&](std::string_view json) {
    const auto frame = decode(json);
    const auto* depth = frame ? std::get_if<DepthFrame>(&*frame) : nullptr;
    if (depth == nullptr)
      return;
    book.apply(*depth);
    frames.emplace_back(*codec, json, frame_json("snapshot", *depth, book), levels_of(book));
  });
  // What the venue would have sent behind the end: the best bid, and then the best ask, goes.
  for (const bool bid : {true, false}) {
    auto next = frames.back().sent.frame;
    ++next.last_id;
    NaiveBook change;
    if (bid)
      change.bids[book.bids.begin()->first] = {book.bids.begin()->second.first, "0"};
    else
      change.asks[book.asks.begin()->first] = {book.asks.begin()->second.first, "0"};
    const auto json = frame_json("delta", next, change);
    const OwnedFrame parsed{*codec, json};
    book.apply(parsed.frame);
    frames.emplace_back(*codec, json, frame_json("snapshot", next, book), levels_of(book));
  }
  return frames;
}

/// Every single fault at frame i > 0 of the recording. The client's snapshots replace whatever it
/// had.
void check_fault_at(const std::deque<Recorded>& frames, std::size_t i, BookReplica& client,
                    Decoder& decode) {
  const auto feed = [&](const OwnedFrame& owned) { return client.on_frame(owned.frame).action; };
  const auto levels = [&] { return levels_of(client.book()); };
  const auto begin = [&] {
    REQUIRE(feed(frames[i - 1].snapshot) == SyncAction::apply);
    REQUIRE(client.live());
  };
  const auto recovers = [&] {
    REQUIRE_FALSE(client.live());
    REQUIRE(feed(frames[i + 1].snapshot) == SyncAction::apply);
    REQUIRE(client.live());
    REQUIRE(feed(frames[i + 2].sent) == SyncAction::apply);
    REQUIRE((levels() == frames[i + 2].truth));
  };

  begin(); // one frame dropped; until the next one comes nothing can show it
  REQUIRE(feed(frames[i + 1].sent) == SyncAction::resync);
  REQUIRE_FALSE(client.live());
  REQUIRE(feed(frames[i + 2].sent) == SyncAction::ignore);
  REQUIRE((levels() == frames[i - 1].truth)); // nothing of the broken chain got in
  recovers();

  begin(); // two frames swapped
  REQUIRE(feed(frames[i + 1].sent) == SyncAction::resync);
  REQUIRE(feed(frames[i].sent) == SyncAction::ignore);
  recovers();

  begin(); // one frame doubled
  REQUIRE(feed(frames[i].sent) == SyncAction::apply);
  REQUIRE(feed(frames[i].sent) == SyncAction::ignore);
  REQUIRE((levels() == frames[i].truth));
  REQUIRE(feed(frames[i + 1].sent) == SyncAction::apply);
  REQUIRE((levels() == frames[i + 1].truth));

  begin(); // one frame cut short: it never becomes a frame, so the next one shows the gap
  const auto whole = frames[i].sent.whole();
  for (const auto size :
       {whole.size() - 1, whole.size() / 2, whole.size() / 3 + i % 40, i % whole.size()}) {
    const auto cut = decode(whole.substr(0, size));
    REQUIRE_FALSE(cut.has_value());
    REQUIRE(cut.error().code == core::Errc::malformed);
  }
  REQUIRE(feed(frames[i + 1].sent) == SyncAction::resync);
  recovers();

  begin(); // the connection ended between two frames
  client.restart();
  REQUIRE_FALSE(client.live());
  REQUIRE(feed(frames[i].sent) == SyncAction::ignore);
  REQUIRE(levels().empty());
  recovers();
}

/// The first frame is the snapshot that everything rests on: without it the book never lives.
void check_fault_at_snapshot(const std::deque<Recorded>& frames, BookReplica& client,
                             Decoder& decode) {
  REQUIRE(frames[0].sent.frame.snapshot);
  const auto feed = [&](const OwnedFrame& owned) { return client.on_frame(owned.frame).action; };
  const auto levels = [&] { return levels_of(client.book()); };
  const auto recovers = [&] {
    REQUIRE_FALSE(client.live());
    REQUIRE(feed(frames[1].snapshot) == SyncAction::apply);
    REQUIRE(feed(frames[2].sent) == SyncAction::apply);
    REQUIRE((levels() == frames[2].truth));
  };

  client.restart(); // dropped, or the connection ended before it
  REQUIRE(feed(frames[1].sent) == SyncAction::ignore);
  REQUIRE(levels().empty());
  recovers();

  client.restart(); // swapped: the change that overtook it is missing afterwards
  REQUIRE(feed(frames[1].sent) == SyncAction::ignore);
  REQUIRE(feed(frames[0].sent) == SyncAction::apply);
  REQUIRE((levels() == frames[0].truth));
  REQUIRE(feed(frames[2].sent) == SyncAction::resync);
  recovers();

  client.restart(); // doubled
  REQUIRE(feed(frames[0].sent) == SyncAction::apply);
  REQUIRE(feed(frames[0].sent) == SyncAction::apply);
  REQUIRE((levels() == frames[0].truth));
  REQUIRE(feed(frames[1].sent) == SyncAction::apply);
  REQUIRE((levels() == frames[1].truth));

  client.restart(); // cut short
  const auto whole = frames[0].sent.whole();
  REQUIRE_FALSE(decode(whole.substr(0, whole.size() / 2)).has_value());
  REQUIRE(feed(frames[1].sent) == SyncAction::ignore);
  recovers();
}

void check_faults(const Market& market, const std::filesystem::path& file) {
  const auto frames = record(market, file);
  REQUIRE(frames.size() > 3);
  BookReplica client{market.make_book_sync(), scale};
  Decoder decode{market};
  check_fault_at_snapshot(frames, client, decode);
  const auto recorded = frames.size() - 2; // two more follow the recording's end
  for (std::size_t i = 1; i < recorded; ++i) {
    CAPTURE(i);
    check_fault_at(frames, i, client, decode);
  }
  MESSAGE(recorded * 5 << " accidents in " << file.filename().string());
}

} // namespace

TEST_CASE("no fault in any recorded Bybit frame goes unnoticed") {
  if (!recordings())
    return;
  SUBCASE("recorded, 500 levels") {
    check_faults(*market(MarketType::linear, "500"),
                 *recordings() / "linear-xrpusdt-ob500-20241201.jsonl.gz");
  }
  SUBCASE("derived, 50 levels") {
    check_faults(*market(MarketType::linear),
                 *recordings() / "derived-linear-btcusdt-20240808.rec.gz");
  }
}

TEST_CASE("mangled Bybit frames are refused or whole, and never fatal") {
  if (!recordings())
    return;
  const auto linear = market(MarketType::linear, "500");
  std::vector<std::string> originals;
  for_each_line(*recordings() / "real-messages.jsonl", [&](std::string_view line) {
    const auto message = boost::json::parse({line.data(), line.size()}).at("message");
    originals.push_back(boost::json::serialize(message));
  });
  std::size_t big = 0;
  for_each_line(*recordings() / "linear-xrpusdt-ob500-20241201.jsonl.gz",
                [&](std::string_view line) {
                  if (big++ % 10 == 0)
                    originals.emplace_back(line);
                });
  std::mt19937 random{20'240'808};
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
  };
  constexpr std::string_view spice = "{}[]\",:\\0123456789-.eE tfn\x01\x80\xff";
  Decoder decode{*linear};
  BookReplica replica{linear->make_book_sync(), scale};
  std::size_t refused = 0;
  for (std::size_t round = 0; round < tandem::tests::mangled_frames(); ++round) {
    auto json = originals[below(originals.size())];
    for (auto changes = 1 + below(4); changes > 0; --changes) {
      const auto at = below(json.size());
      switch (below(4)) {
      case 0:
        json[at] = spice[below(spice.size())];
        break;
      case 1:
        json.insert(at, 1, spice[below(spice.size())]);
        break;
      case 2:
        json.erase(at, 1 + below(8));
        break;
      default:
        json.insert(at, json.substr(below(json.size()), below(40)));
      }
    }
    const auto frame = decode(json);
    if (!frame) {
      ++refused;
      REQUIRE(frame.error().code == core::Errc::malformed);
      continue;
    }
    if (const auto* depth = std::get_if<DepthFrame>(&*frame)) {
      REQUIRE(depth->last_id > 0);
      const auto before = levels_of(replica.book());
      const auto step = replica.on_frame(*depth);
      if (step.action != SyncAction::apply)
        REQUIRE((levels_of(replica.book()) == before));
    }
  }
  CHECK(refused > 3'000);
}
