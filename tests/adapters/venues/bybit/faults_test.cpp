/// Every recorded Bybit frame dropped, swapped, doubled, cut or mangled: the book is right or it is
/// not live.
#include "adapters/venues/book_replica.hpp"
#include "tests/adapters/venues/bybit/support.hpp"

#include <boost/json.hpp>

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

/// A depth frame that owns its text, and the book a perfect client has after it.
struct Recorded {
  std::string json;
  Levels truth;         ///< the right book after this frame
  std::string snapshot; ///< the same book as a snapshot message with this frame's ids
};

std::string snapshot_json(const DepthFrame& frame, const NaiveBook& book) {
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
  message["type"] = "snapshot";
  message["ts"] = frame.venue_time;
  message["data"] = std::move(data);
  return boost::json::serialize(message);
}

std::vector<Recorded> record(const Market& market, const std::filesystem::path& file) {
  std::vector<Recorded> frames;
  Decoder decode{market};
  NaiveBook book;
  for_each_line(file, [&](std::string_view json) {
    const auto frame = decode(json);
    const auto* depth = frame ? std::get_if<DepthFrame>(&*frame) : nullptr;
    if (depth == nullptr)
      return;
    book.apply(*depth);
    frames.push_back({std::string{json}, levels_of(book), snapshot_json(*depth, book)});
  });
  return frames;
}

/// One client that starts right after some frame of the recording.
class Client {
public:
  explicit Client(const Market& market)
      : decode_{market}, replica_{market.make_book_sync(), scale} {}

  ReplicaStep feed(std::string_view json) {
    const auto frame = decode_(json);
    if (!frame) {
      ReplicaStep step;
      step.error = frame.error();
      return step;
    }
    return replica_.on_frame(std::get<DepthFrame>(*frame));
  }

  [[nodiscard]] bool live() const { return replica_.live(); }

  [[nodiscard]] Levels levels() const { return levels_of(replica_.book()); }

  void reconnect() { replica_.restart(); }

private:
  Decoder decode_;
  BookReplica replica_;
};

void check_faults(const Market& market, const std::vector<Recorded>& frames) {
  for (std::size_t i = 1; i + 2 < frames.size(); ++i) {
    CAPTURE(i);
    const auto from_before = [&] {
      Client client{market};
      REQUIRE(client.feed(frames[i - 1].snapshot).action == SyncAction::apply);
      return client;
    };
    const auto recovers = [&](Client& client) {
      REQUIRE(client.feed(frames[i + 1].snapshot).action == SyncAction::apply);
      REQUIRE(client.live());
      REQUIRE(client.feed(frames[i + 2].json).action == SyncAction::apply);
      REQUIRE((client.levels() == frames[i + 2].truth));
    };

    auto dropped = from_before();
    REQUIRE(dropped.feed(frames[i + 1].json).action == SyncAction::resync);
    REQUIRE_FALSE(dropped.live());
    REQUIRE(dropped.feed(frames[i + 2].json).action == SyncAction::ignore);
    REQUIRE((dropped.levels() == frames[i - 1].truth)); // no frame of the broken chain got in
    recovers(dropped);

    auto swapped = from_before();
    REQUIRE(swapped.feed(frames[i + 1].json).action == SyncAction::resync);
    REQUIRE(swapped.feed(frames[i].json).action == SyncAction::ignore);
    REQUIRE_FALSE(swapped.live());
    recovers(swapped);

    auto doubled = from_before();
    REQUIRE(doubled.feed(frames[i].json).action == SyncAction::apply);
    REQUIRE(doubled.feed(frames[i].json).action == SyncAction::ignore);
    REQUIRE(doubled.live());
    REQUIRE((doubled.levels() == frames[i].truth));
    REQUIRE(doubled.feed(frames[i + 1].json).action == SyncAction::apply);
    REQUIRE((doubled.levels() == frames[i + 1].truth));

    auto cut = from_before();
    const std::string_view whole = frames[i].json;
    for (const auto size : {whole.size() - 1, whole.size() - 2, whole.size() / 2,
                            whole.size() / 3 + i % 40, i % whole.size()}) {
      const auto step = cut.feed(whole.substr(0, size));
      REQUIRE(step.error.has_value());
      REQUIRE(step.error->code == core::Errc::malformed);
    }
    REQUIRE((cut.levels() == frames[i - 1].truth));
    REQUIRE(cut.feed(frames[i + 1].json).action == SyncAction::resync);
    recovers(cut);

    auto parted = from_before();
    parted.reconnect();
    REQUIRE_FALSE(parted.live());
    REQUIRE(parted.feed(frames[i].json).action == SyncAction::ignore);
    REQUIRE(parted.levels().empty());
    recovers(parted);
  }
}

} // namespace

TEST_CASE("no fault in any recorded Bybit frame goes unnoticed") {
  if (!recordings())
    return;
  SUBCASE("recorded, 500 levels") {
    const auto linear = market(MarketType::linear, "500");
    check_faults(*linear,
                 record(*linear, *recordings() / "linear-xrpusdt-ob500-20241201.jsonl.gz"));
  }
  SUBCASE("derived, 50 levels") {
    const auto linear = market(MarketType::linear);
    check_faults(*linear,
                 record(*linear, *recordings() / "derived-linear-btcusdt-20240808.rec.gz"));
  }
}

TEST_CASE("ten thousand mangled Bybit frames are refused or whole, and never fatal") {
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
  for (int round = 0; round < 10'000; ++round) {
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
